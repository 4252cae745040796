// A driver with one device in use, one that is not, and two kernels in every module.

#include <cstddef>
#include <cstdint>
#include <cstring>

static int context, module, contexts = 0;
static int kernels[2];

extern "C" {

int cuInit(unsigned int flags) {
  return flags == 0 ? 0 : 1;
}

int cuGetErrorString(int error, const char **text) {
  *text = error == 101 ? "invalid device ordinal" : error == 200 ? "device kernel image is invalid" : nullptr;
  return *text == nullptr ? 1 : 0;
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
  if (device != 0) return 101;
  *value = attribute == 16 ? 132 : attribute == 75 ? 9 : attribute == 76 ? 0 : -1;
  return 0;
}

int cuDevicePrimaryCtxGetState(int device, unsigned int *flags, int *active) {
  if (device > 1) return 101;
  *flags = 0;
  *active = device == 0;
  return 0;
}

int cuDevicePrimaryCtxRetain(void **found, int device) {
  *found = &context;
  return device == 0 ? 0 : 101;
}

int cuCtxPushCurrent_v2(void *pushed) {
  return pushed == &context && contexts++ == 0 ? 0 : 201;
}

int cuCtxPopCurrent_v2(void **popped) {
  *popped = &context;
  return contexts-- == 1 ? 0 : 201;
}

int cuModuleLoadData(void **loaded, const void *image) {
  if (contexts != 1) return 201;
  *loaded = &module;
  return std::memcmp(image, "\x7f" "ELF", 4) == 0 ? 0 : 200;
}

int cuModuleGetFunction(void **function, void *from, const char *name) {
  if (from != &module) return 400;
  const int which = std::strcmp(name, "first") == 0 ? 0 : std::strcmp(name, "second") == 0 ? 1 : 2;
  if (which == 2) return 500;
  *function = &kernels[which];
  return 0;
}

int cuLaunchKernel(
    void *function, unsigned int blocks, unsigned int blocks_y, unsigned int blocks_z,
    unsigned int threads, unsigned int threads_y, unsigned int threads_z,
    unsigned int shared, void *stream, void **arguments, void **extra) {
  if (contexts != 1) return 201;
  const bool is_flat = blocks_y == 1 && blocks_z == 1 && threads_y == 1 && threads_z == 1;
  if (!is_flat || shared != 0 || extra != nullptr || threads > 1024) return 9999;
  const std::int64_t which = function == &kernels[1] ? 2 : 1;
  std::int64_t *sum = *static_cast<std::int64_t **>(arguments[1]);
  *sum = which * 1000000000 + blocks * 1000000 + threads * 1000 +
         static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(stream)) * 10 +
         *static_cast<std::int64_t *>(arguments[0]);
  return 0;
}
}

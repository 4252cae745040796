// Switches: process-wide ones of the global context, the thread's autocast, and CUDA's questions.
#include "jackpot_torch.h"
#include "guarded.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <c10/core/impl/VirtualGuardImpl.h>

char* jp_setting_get(int32_t setting, int64_t* value) {
  return jackpot::guarded([&] {
    auto& context = at::globalContext();
    switch (setting) {
      case JP_S_THREADS:
        *value = at::get_num_threads();
        break;
      case JP_S_DETERMINISTIC:
        *value = context.deterministicAlgorithms();
        break;
      case JP_S_TF32_MATMUL:
        *value = context.allowTF32CuBLAS();
        break;
      case JP_S_TF32_CUDNN:
        *value = context.allowTF32CuDNN();
        break;
      case JP_S_CUDNN_BENCHMARK:
        *value = context.benchmarkCuDNN();
        break;
      case JP_S_CUDNN_DETERMINISTIC:
        *value = context.deterministicCuDNN();
        break;
      case JP_S_FILL_FRESH:
        *value = context.deterministicFillUninitializedMemory();
        break;
      default:
        TORCH_CHECK(false, "no setting has the number ", setting);
    }
  });
}

char* jp_setting_set(int32_t setting, int64_t value) {
  return jackpot::guarded([&] {
    auto& context = at::globalContext();
    const bool on = value != 0;
    switch (setting) {
      case JP_S_THREADS:
        TORCH_CHECK(value >= 1 && value <= 65536, "a thread count must lie in 1 to 65536, not ", value);
        at::set_num_threads(static_cast<int>(value));
        break;
      case JP_S_DETERMINISTIC:
        context.setDeterministicAlgorithms(on, /*warn_only=*/false);
        context.setDeterministicCuDNN(on);
        break;
      case JP_S_TF32_MATMUL:
        context.setAllowTF32CuBLAS(on);
        break;
      case JP_S_TF32_CUDNN:
        context.setAllowTF32CuDNN(on);
        break;
      case JP_S_CUDNN_BENCHMARK:
        context.setBenchmarkCuDNN(on);
        break;
      case JP_S_CUDNN_DETERMINISTIC:
        context.setDeterministicCuDNN(on);
        break;
      case JP_S_FILL_FRESH:
        context.setDeterministicFillUninitializedMemory(on);
        break;
      default:
        TORCH_CHECK(false, "no setting has the number ", setting);
    }
  });
}

char* jp_autocast_get(int32_t device_type, bool* enabled, int32_t* dtype) {
  return jackpot::guarded([&] {
    const auto device = static_cast<at::DeviceType>(device_type);
    *enabled = at::autocast::is_autocast_enabled(device);
    *dtype = static_cast<int32_t>(at::autocast::get_autocast_dtype(device));
  });
}

char* jp_autocast_set(int32_t device_type, bool enabled, int32_t dtype) {
  return jackpot::guarded([&] {
    const auto device = static_cast<at::DeviceType>(device_type);
    at::autocast::set_autocast_dtype(device, static_cast<at::ScalarType>(dtype));
    at::autocast::set_autocast_enabled(device, enabled);
  });
}

char* jp_autocast_enter() {
  return jackpot::guarded([] { at::autocast::increment_nesting(); });
}

char* jp_autocast_leave() {
  return jackpot::guarded([] {
    // Cast weights are cached while any guard lives; after the last one they may change.
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  });
}

char* jp_cuda_device_count(int64_t* count) {
  return jackpot::guarded([&] {
    *count = at::globalContext().hasCUDA() ? at::detail::getCUDAHooks().getNumGPUs() : 0;
  });
}

char* jp_cuda_synchronize(int64_t device_index) {
  return jackpot::guarded([&] {
    at::detail::getCUDAHooks().deviceSynchronize(static_cast<at::DeviceIndex>(device_index));
  });
}

char* jp_cuda_stream(int64_t device_index, void** stream) {
  return jackpot::guarded([&] {
    const c10::impl::VirtualGuardImpl cuda(c10::DeviceType::CUDA);
    const c10::Device device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(device_index));
    *stream = cuda.getStreamNativeHandle(cuda.getStream(device));
  });
}

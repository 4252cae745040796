// What CUDA's compiler knows by itself, for another compiler: kernels run a thread at a time.

#include <cmath>
#include <cstddef>
#include <cstring>
#include <utility>

#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(threads)

struct alignas(16) float4 {
  float x, y, z, w;
};

struct alignas(16) uint4 {
  unsigned int x, y, z, w;
};

struct Place {
  unsigned int x;
};

static Place blockIdx, blockDim, threadIdx, gridDim;

static float __uint_as_float(unsigned int bits) {
  float number;
  std::memcpy(&number, &bits, sizeof number);
  return number;
}

static unsigned int __float_as_uint(float number) {
  unsigned int bits;
  std::memcpy(&bits, &number, sizeof bits);
  return bits;
}

template <class... Types, std::size_t... Places>
static void call(void (*kernel)(Types...), const void *const *with, std::index_sequence<Places...>) {
  kernel(*static_cast<const Types *>(with[Places])...);
}

// Calls a kernel with pointers to its arguments, as CUDA does.
template <class... Types>
static void launch(
    unsigned int blocks, unsigned int threads, void (*kernel)(Types...), const void *const *with) {
  gridDim.x = blocks;
  blockDim.x = threads;
  for (blockIdx.x = 0; blockIdx.x < blocks; ++blockIdx.x) {
    for (threadIdx.x = 0; threadIdx.x < threads; ++threadIdx.x) {
      call(kernel, with, std::index_sequence_for<Types...>());
    }
  }
}

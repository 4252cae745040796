// Numbers in memory are bf16, the upper halves of f32, eight at a time: two in each part of a vector,
// the first in its lower half.

typedef unsigned short Number;
typedef uint4 Vector;
enum { WIDTH = 8 };

struct Numbers {
  float at[WIDTH];
};

static __device__ __forceinline__ float widened(Number number) {
  return __uint_as_float((unsigned int)number << 16);
}

// To the nearest, to even in the middle. What is not a number stays so, though its last bits are lost.
static __device__ __forceinline__ Number rounded(float number) {
  const unsigned int bits = __float_as_uint(number);
  const unsigned int nearest = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  return (Number)(number == number ? nearest : (bits >> 16) | 0x40u);
}

static __device__ __forceinline__ void two(unsigned int from, float &first, float &second) {
  first = __uint_as_float(from << 16);
  second = __uint_as_float(from & 0xffff0000u);
}

static __device__ __forceinline__ unsigned int pair(float first, float second) {
  return (unsigned int)rounded(first) | (unsigned int)rounded(second) << 16;
}

static __device__ __forceinline__ Numbers unpacked(const Vector &from) {
  Numbers to;
  two(from.x, to.at[0], to.at[1]);
  two(from.y, to.at[2], to.at[3]);
  two(from.z, to.at[4], to.at[5]);
  two(from.w, to.at[6], to.at[7]);
  return to;
}

static __device__ __forceinline__ Vector packed(const Numbers &from) {
  return Vector{
      pair(from.at[0], from.at[1]), pair(from.at[2], from.at[3]),
      pair(from.at[4], from.at[5]), pair(from.at[6], from.at[7])};
}

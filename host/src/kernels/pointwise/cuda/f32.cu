// Numbers in memory are f32, four at a time.

typedef float Number;
typedef float4 Vector;
enum { WIDTH = 4 };

struct Numbers {
  float at[WIDTH];
};

static __device__ __forceinline__ float widened(Number number) {
  return number;
}

static __device__ __forceinline__ Number rounded(float number) {
  return number;
}

static __device__ __forceinline__ Numbers unpacked(const Vector &from) {
  return Numbers{{from.x, from.y, from.z, from.w}};
}

static __device__ __forceinline__ Vector packed(const Numbers &from) {
  return Vector{from.at[0], from.at[1], from.at[2], from.at[3]};
}

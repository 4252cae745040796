// Functions of one number and their slopes in f32, as math.rs has them for the CPU; elementary
// functions are CUDA's own. What is not a number stays so.

struct Both {
  float value, slope;
};

static __device__ __forceinline__ float within(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

// 1 / (1 + e^-x)
static __device__ __forceinline__ float sigmoid(float x) {
  return 1.0f / (1.0f + expf(-x));
}

// x / (1 + e^-bx)
static __device__ __forceinline__ Both swish(float x, float beta) {
  const float scaled = beta * x, near = within(scaled, -87.0f, 87.0f);
  const float power = expf(-near);
  const float share = scaled < -87.0f ? 0.0f : 1.0f / (1.0f + power);
  // What is left of one is e^-bx times as much.
  return Both{x * share, share * fmaf(near, power * share, 1.0f)};
}

// ln(1 + e^bx) / b, and x where bx is above the threshold.
static __device__ __forceinline__ Both softplus(float x, float beta, float threshold) {
  const float scaled = beta * x, small = expf(-fabsf(scaled));
  const float soft = ((scaled > 0.0f ? scaled : 0.0f) + log1pf(small)) / beta;
  const float rest = 1.0f / (1.0f + small);
  const float slope = scaled > 0.0f ? rest : small * rest;
  return scaled > threshold ? Both{x, 1.0f} : Both{soft, slope};
}

// tanh(ln(1 + e^x)): with n = e^x it is (n^2 + 2n) / (n^2 + 2n + 2), which is 1 from 20 on, and the
// slope 4n(n + 1) / (n^2 + 2n + 2)^2.
static __device__ __forceinline__ Both tanh_softplus(float x) {
  const float n = expf(x > 20.0f ? 20.0f : x);
  const float w = n * (n + 2.0f), share = 1.0f / (w + 2.0f);
  const float slope = 4.0f * (n * share) * fmaf(n, share, share);
  return x > 20.0f ? Both{1.0f, 0.0f} : Both{w * share, slope};
}

// x * tanh(ln(1 + e^x))
static __device__ __forceinline__ Both mish(float x) {
  const Both factor = tanh_softplus(x);
  return Both{x * factor.value, fmaf(within(x, -87.33f, 87.33f), factor.slope, factor.value)};
}

// x where it is positive, else a * (e^x - 1); the slope at 0 is a, as in PyTorch.
static __device__ __forceinline__ Both elu(float x, float alpha) {
  return x > 0.0f ? Both{x, 1.0f} : Both{alpha * expm1f(x), alpha * expf(x)};
}

// x * P(x), P the normal distribution function. What that is short of one, or of zero, is
// e^(-x^2/2) times a polynomial of 2 / (1 + 0.23 |x|) - 1, which is good up to 13.3.
static __device__ __forceinline__ Both gelu(float x) {
  const float furthest = 13.3f;
  const float size = fabsf(x) > furthest ? furthest : fabsf(x), square = size * size;
  // The square's own rounding, which the power would make larger.
  const float lost = fmaf(size, size, -square);
  const float rough = expf(-0.5f * square), power = fmaf(rough, -0.5f * lost, rough);
  const float place = fmaf(2.0f, 1.0f / fmaf(size, 0.23f, 1.0f), -1.0f);
  float sum = -3.0628906e-4f;
  sum = fmaf(place, sum, -1.837343e-4f);
  sum = fmaf(place, sum, 2.954142e-3f);
  sum = fmaf(place, sum, 1.3828059e-2f);
  sum = fmaf(place, sum, 3.7815675e-2f);
  sum = fmaf(place, sum, 7.625014e-2f);
  sum = fmaf(place, sum, 0.122001365f);
  sum = fmaf(place, sum, 0.16011904f);
  sum = fmaf(place, sum, 8.7521575e-2f);
  const float tail = fabsf(x) > furthest ? 0.0f : power * sum;
  const float share = x > 0.0f ? 1.0f - tail : tail;
  return Both{x * share, fmaf(copysignf(size, x) * power, 0.3989423f, share)};
}

// x / 2 * (1 + tanh(u)) with u = sqrt(2/pi) * (x + 0.044715 * x^3), which is x * sigmoid(2u).
static __device__ __forceinline__ Both gelu_tanh(float x) {
  const float twice = 1.5957692f, cube = 0.044715f * twice;
  // Beyond, the slope is that of a straight line.
  const float near = within(x, -10.0f, 10.0f), square = near * near;
  const float u = near * fmaf(square, cube, twice), edge = within(u, -87.0f, 87.0f);
  const float power = expf(-edge), share = u < -87.0f ? 0.0f : 1.0f / (1.0f + power);
  const float steep = near * fmaf(square, 3.0f * cube, twice);
  return Both{x * share, share * fmaf(steep, power * share, 1.0f)};
}

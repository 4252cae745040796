// The values of the C border to PyTorch's boxed values and back.
#pragma once

#include "jackpot_torch.h"

#include <ATen/core/ivalue.h>

#include <vector>

namespace jackpot {

// What an argument must become.
struct Target {
  int32_t type;       // JpType
  int32_t fixed_len;  // n of `int[n]`, which a single number fills; else 0
};

// Borrows `value`. Throws where it cannot become `target`.
c10::IValue take(const JpValue& value, const Target& target);

// The caller owns the result. `type` (a JpType) tells a dtype from the int that carries it.
JpValue give(c10::IValue&& value, int32_t type);

// All or nothing: on an exception nothing is left to free.
void give_all(std::vector<c10::IValue>& values, const std::vector<int32_t>& types, JpValue* out);

}  // namespace jackpot

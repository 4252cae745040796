#include "values.h"

#include <ATen/core/List.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/jit_type.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <string>

namespace jackpot {
namespace {

const char* const MISMATCH = "the value given cannot become the type that the schema asks for";

template <class T>
const T* elements(const JpValue& value) {
  return static_cast<const T*>(value.pointer);
}

double as_real(const JpValue& value) {
  TORCH_CHECK(value.tag == JP_FLOAT || value.tag == JP_INT, MISMATCH);
  return value.tag == JP_INT ? static_cast<double>(value.integer) : value.real;
}

c10::IValue take_number(const JpValue& value) {
  switch (value.tag) {
    case JP_INT:
      return c10::IValue(value.integer);
    case JP_BOOL:
      return c10::IValue(value.integer != 0);
    default:
      return c10::IValue(as_real(value));
  }
}

// Dtypes, layouts and memory formats travel as ints; one out of range would index tables.
c10::IValue take_code(const JpValue& value, int64_t limit) {
  TORCH_CHECK(value.tag == JP_INT || value.tag == JP_DTYPE, MISMATCH);
  TORCH_CHECK(value.integer >= 0 && value.integer < limit, "no dtype, layout or memory format has the number ", value.integer);
  return c10::IValue(value.integer);
}

c10::IValue take_ints(const JpValue& value, int32_t fixed_len) {
  c10::List<int64_t> list;
  if (value.tag == JP_INT && fixed_len > 0) {
    for (int32_t i = 0; i < fixed_len; ++i) list.push_back(value.integer);
  } else {
    TORCH_CHECK(value.tag == JP_INT_LIST, MISMATCH);
    list.reserve(value.len);
    for (int64_t i = 0; i < value.len; ++i) list.push_back(elements<int64_t>(value)[i]);
  }
  return list;
}

c10::IValue take_reals(const JpValue& value, int32_t fixed_len) {
  c10::List<double> list;
  if (value.tag == JP_FLOAT_LIST) {
    list.reserve(value.len);
    for (int64_t i = 0; i < value.len; ++i) list.push_back(elements<double>(value)[i]);
  } else if (value.tag == JP_INT_LIST) {
    list.reserve(value.len);
    for (int64_t i = 0; i < value.len; ++i) list.push_back(static_cast<double>(elements<int64_t>(value)[i]));
  } else {
    TORCH_CHECK(fixed_len > 0, MISMATCH);
    for (int32_t i = 0; i < fixed_len; ++i) list.push_back(as_real(value));
  }
  return list;
}

c10::IValue take_numbers(const JpValue& value) {
  TORCH_CHECK(value.tag == JP_FLOAT_LIST || value.tag == JP_INT_LIST, MISMATCH);
  c10::List<at::Scalar> list;
  list.reserve(value.len);
  for (int64_t i = 0; i < value.len; ++i) {
    if (value.tag == JP_INT_LIST) {
      list.push_back(at::Scalar(elements<int64_t>(value)[i]));
    } else {
      list.push_back(at::Scalar(elements<double>(value)[i]));
    }
  }
  return list;
}

c10::IValue take_bools(const JpValue& value) {
  TORCH_CHECK(value.tag == JP_BOOL_LIST, MISMATCH);
  c10::List<bool> list;
  list.reserve(value.len);
  for (int64_t i = 0; i < value.len; ++i) list.push_back(elements<uint8_t>(value)[i] != 0);
  return list;
}

c10::IValue take_tensors(const JpValue& value) {
  TORCH_CHECK(value.tag == JP_TENSOR_LIST, MISMATCH);
  c10::List<at::Tensor> list;
  list.reserve(value.len);
  for (int64_t i = 0; i < value.len; ++i) list.push_back(*elements<const at::Tensor*>(value)[i]);
  return list;
}

c10::IValue take_optional_tensors(const JpValue& value) {
  TORCH_CHECK(value.tag == JP_TENSOR_LIST || value.tag == JP_OPT_TENSOR_LIST, MISMATCH);
  c10::List<std::optional<at::Tensor>> list;
  list.reserve(value.len);
  for (int64_t i = 0; i < value.len; ++i) {
    const auto* tensor = elements<const at::Tensor*>(value)[i];
    list.push_back(tensor == nullptr ? std::nullopt : std::optional<at::Tensor>(*tensor));
  }
  return list;
}

c10::IValue take_device(const JpValue& value) {
  TORCH_CHECK(value.tag == JP_DEVICE, MISMATCH);
  TORCH_CHECK(value.integer >= -1 && value.integer <= INT8_MAX, "no device has the index ", value.integer);
  return at::Device(static_cast<at::DeviceType>(value.small), static_cast<at::DeviceIndex>(value.integer));
}

JpValue plain(int32_t tag) {
  JpValue value{};
  value.tag = tag;
  return value;
}

JpValue integer(int32_t tag, int64_t number) {
  auto value = plain(tag);
  value.integer = number;
  return value;
}

template <class T, class Fill>
JpValue array(int32_t tag, size_t count, Fill&& fill) {
  std::unique_ptr<T, decltype(&std::free)> memory(
      static_cast<T*>(std::calloc(count > 0 ? count : 1, sizeof(T))), &std::free);
  if (memory == nullptr) throw std::bad_alloc();
  for (size_t i = 0; i < count; ++i) memory.get()[i] = fill(i);
  auto value = plain(tag);
  value.len = static_cast<int64_t>(count);
  value.pointer = memory.release();
  return value;
}

void* owned(at::Tensor tensor) {
  return tensor.defined() ? new at::Tensor(std::move(tensor)) : nullptr;
}

JpValue give_tensors(const c10::IValue& value) {
  const auto list = value.toListRef();
  bool complete = true;
  for (const auto& item : list) complete = complete && item.isTensor() && item.toTensor().defined();
  return array<void*>(complete ? JP_TENSOR_LIST : JP_OPT_TENSOR_LIST, list.size(), [&](size_t i) -> void* {
    return list[i].isTensor() ? owned(list[i].toTensor()) : nullptr;
  });
}

bool holds(const c10::ArrayRef<c10::IValue>& list, bool (c10::IValue::*test)() const) {
  for (const auto& item : list) {
    if (!(item.*test)()) return false;
  }
  return true;
}

JpValue give_list(const c10::IValue& value) {
  if (value.isIntList()) {
    const auto list = value.toIntList();
    return array<int64_t>(JP_INT_LIST, list.size(), [&](size_t i) { return list.get(i); });
  }
  if (value.isDoubleList()) {
    const auto list = value.toDoubleList();
    return array<double>(JP_FLOAT_LIST, list.size(), [&](size_t i) { return list.get(i); });
  }
  if (value.isBoolList()) {
    const auto list = value.toBoolList();
    return array<uint8_t>(JP_BOOL_LIST, list.size(), [&](size_t i) -> uint8_t { return list.get(i); });
  }
  if (value.isTensorList() || value.isOptionalTensorList()) return give_tensors(value);
  // Lists of `Scalar`: of ints alone, or of numbers.
  const auto list = value.toListRef();
  if (holds(list, &c10::IValue::isInt)) {
    return array<int64_t>(JP_INT_LIST, list.size(), [&](size_t i) { return list[i].toInt(); });
  }
  TORCH_CHECK(holds(list, &c10::IValue::isScalar), "it holds a ", value.tagKind(), ", which has no counterpart");
  return array<double>(JP_FLOAT_LIST, list.size(), [&](size_t i) { return list[i].toScalar().toDouble(); });
}

void drop(JpValue& value) {
  switch (value.tag) {
    case JP_TENSOR:
      delete static_cast<at::Tensor*>(value.pointer);
      break;
    case JP_TENSOR_LIST:
    case JP_OPT_TENSOR_LIST:
      for (int64_t i = 0; i < value.len; ++i) delete static_cast<at::Tensor**>(value.pointer)[i];
      std::free(value.pointer);
      break;
    case JP_STRING:
    case JP_INT_LIST:
    case JP_FLOAT_LIST:
    case JP_BOOL_LIST:
      std::free(value.pointer);
      break;
    default:
      break;
  }
}

}  // namespace

c10::IValue take(const JpValue& value, const Target& target) {
  if (value.tag == JP_NONE) return c10::IValue();
  switch (target.type) {
    case JP_T_TENSOR:
      TORCH_CHECK(value.tag == JP_TENSOR, MISMATCH);
      return *static_cast<const at::Tensor*>(value.pointer);
    case JP_T_TENSOR_LIST:
      return take_tensors(value);
    case JP_T_OPT_TENSOR_LIST:
      return take_optional_tensors(value);
    case JP_T_INT:
      TORCH_CHECK(value.tag == JP_INT, MISMATCH);
      return value.integer;
    case JP_T_INT_LIST:
      return take_ints(value, target.fixed_len);
    case JP_T_FLOAT:
      return as_real(value);
    case JP_T_FLOAT_LIST:
      return take_reals(value, target.fixed_len);
    case JP_T_NUMBER:
      return take_number(value);
    case JP_T_NUMBER_LIST:
      return take_numbers(value);
    case JP_T_BOOL:
      TORCH_CHECK(value.tag == JP_BOOL, MISMATCH);
      return value.integer != 0;
    case JP_T_BOOL_LIST:
      return take_bools(value);
    case JP_T_STRING:
      TORCH_CHECK(value.tag == JP_STRING, MISMATCH);
      return std::string(elements<char>(value), static_cast<size_t>(value.len));
    case JP_T_DEVICE:
      return take_device(value);
    case JP_T_DTYPE:
      return take_code(value, static_cast<int64_t>(at::ScalarType::NumOptions));
    case JP_T_LAYOUT:
      return take_code(value, static_cast<int64_t>(at::Layout::NumOptions));
    case JP_T_MEMORY_FORMAT:
      return take_code(value, static_cast<int64_t>(at::MemoryFormat::NumOptions));
    default:
      TORCH_CHECK(false, MISMATCH);
  }
}

JpValue give(c10::IValue&& value, int32_t type) {
  if (value.isTensor()) {
    // An undefined tensor is how C++ spells None.
    void* tensor = owned(std::move(value).toTensor());
    auto result = plain(tensor == nullptr ? JP_NONE : JP_TENSOR);
    result.pointer = tensor;
    return result;
  }
  if (value.isNone()) return plain(JP_NONE);
  if (value.isInt()) return integer(type == JP_T_DTYPE ? JP_DTYPE : JP_INT, value.toInt());
  if (value.isSymInt()) return integer(JP_INT, value.toSymInt().guard_int(__FILE__, __LINE__));
  if (value.isBool()) return integer(JP_BOOL, value.toBool() ? 1 : 0);
  if (value.isDouble()) {
    auto result = plain(JP_FLOAT);
    result.real = value.toDouble();
    return result;
  }
  if (value.isString()) {
    const auto text = value.toStringView();
    return array<char>(JP_STRING, text.size(), [&](size_t i) { return text[i]; });
  }
  if (value.isDevice()) {
    const auto device = value.toDevice();
    auto result = integer(JP_DEVICE, device.index());
    result.small = static_cast<int32_t>(device.type());
    return result;
  }
  TORCH_CHECK(value.isList(), "it holds a ", value.tagKind(), ", which has no counterpart");
  return give_list(value);
}

void give_all(std::vector<c10::IValue>& values, const std::vector<int32_t>& types, JpValue* out) {
  size_t done = 0;
  try {
    for (; done < values.size(); ++done) out[done] = give(std::move(values[done]), types[done]);
  } catch (...) {
    for (size_t i = 0; i < done; ++i) drop(out[i]);
    throw;
  }
}

}  // namespace jackpot

// Operators by name: finds schemas in the dispatcher and calls them with boxed values.
#include "jackpot_torch.h"
#include "guarded.h"
#include "values.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <string>
#include <vector>

struct JpOp {
  struct Arg {
    std::string name;
    jackpot::Target target;
    std::optional<c10::IValue> default_value;
    bool optional;
    bool kwarg_only;
    bool is_mutable;
  };

  c10::OperatorHandle handle;
  std::string text;
  std::vector<Arg> args;
  std::vector<int32_t> returns;
};

namespace {

// The schema's real type: `ScalarType` and not the `int` that stands for it.
int32_t type_code(const c10::TypePtr& type) {
  switch (type->kind()) {
    case c10::TypeKind::TensorType:
      return JP_T_TENSOR;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
      return JP_T_INT;
    case c10::TypeKind::FloatType:
    case c10::TypeKind::SymFloatType:
      return JP_T_FLOAT;
    case c10::TypeKind::NumberType:
      return JP_T_NUMBER;
    case c10::TypeKind::BoolType:
    case c10::TypeKind::SymBoolType:
      return JP_T_BOOL;
    case c10::TypeKind::StringType:
      return JP_T_STRING;
    case c10::TypeKind::DeviceObjType:
      return JP_T_DEVICE;
    case c10::TypeKind::ScalarTypeType:
      return JP_T_DTYPE;
    case c10::TypeKind::LayoutType:
      return JP_T_LAYOUT;
    case c10::TypeKind::MemoryFormatType:
      return JP_T_MEMORY_FORMAT;
    case c10::TypeKind::GeneratorType:
      return JP_T_GENERATOR;
    case c10::TypeKind::ListType:
      break;
    default:
      return JP_T_OTHER;
  }
  const auto& element = type->castRaw<c10::ListType>()->getElementType();
  if (const auto* optional = element->castRaw<c10::OptionalType>()) {
    return type_code(optional->getElementType()) == JP_T_TENSOR ? JP_T_OPT_TENSOR_LIST : JP_T_OTHER;
  }
  switch (type_code(element)) {
    case JP_T_TENSOR:
      return JP_T_TENSOR_LIST;
    case JP_T_INT:
      return JP_T_INT_LIST;
    case JP_T_FLOAT:
      return JP_T_FLOAT_LIST;
    case JP_T_NUMBER:
      return JP_T_NUMBER_LIST;
    case JP_T_BOOL:
      return JP_T_BOOL_LIST;
    default:
      return JP_T_OTHER;
  }
}

JpOp::Arg describe(const c10::Argument& argument) {
  c10::TypePtr type = argument.real_type();
  bool optional = false;
  if (const auto* inner = type->castRaw<c10::OptionalType>()) {
    optional = true;
    type = inner->getElementType();
  }
  const auto* alias = argument.alias_info();
  return JpOp::Arg{
      argument.name(),
      jackpot::Target{type_code(type), argument.N().value_or(0)},
      argument.default_value(),
      optional,
      argument.kwarg_only(),
      alias != nullptr && alias->isWrite()};
}

}  // namespace

void jp_free(void* memory) {
  std::free(memory);
}

char* jp_op_names(
    void* context,
    void (*each)(void*, const char*, size_t, const char*, size_t)) {
  return jackpot::guarded([&] {
    for (const auto& op : c10::Dispatcher::singleton().getAllOpNames()) {
      each(context, op.name.data(), op.name.size(), op.overload_name.data(), op.overload_name.size());
    }
  });
}

char* jp_op_find(const char* name, const char* overload, JpOp** found) {
  return jackpot::guarded([&] {
    *found = nullptr;
    auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
    if (!handle) return;
    const auto& schema = handle->schema();
    auto op = std::unique_ptr<JpOp>(new JpOp{*handle, c10::str(schema), {}, {}});
    for (const auto& argument : schema.arguments()) {
      op->args.push_back(describe(argument));
    }
    for (const auto& result : schema.returns()) {
      op->returns.push_back(type_code(result.real_type()));
    }
    *found = op.release();
  });
}

const char* jp_op_text(const JpOp* op, size_t* len) {
  *len = op->text.size();
  return op->text.data();
}

size_t jp_op_arg_count(const JpOp* op) {
  return op->args.size();
}

size_t jp_op_return_count(const JpOp* op) {
  return op->returns.size();
}

bool jp_op_is_random(const JpOp* op) {
  return op->handle.hasTag(at::Tag::nondeterministic_seeded);
}

void jp_op_arg(const JpOp* op, size_t index, JpArgSpec* out) {
  const auto& arg = op->args[index];
  *out = JpArgSpec{
      arg.name.data(),
      arg.name.size(),
      arg.target.type,
      arg.target.fixed_len,
      arg.optional,
      arg.default_value.has_value(),
      arg.kwarg_only,
      arg.is_mutable};
}

char* jp_op_default(const JpOp* op, size_t index, JpValue* out) {
  return jackpot::guarded([&] {
    const auto& arg = op->args[index];
    TORCH_CHECK(arg.default_value.has_value(), "argument '", arg.name, "' has no default");
    *out = jackpot::give(c10::IValue(*arg.default_value), arg.target.type);
  });
}

char* jp_op_call(const JpOp* op, const JpValue* args, JpValue* results) {
  return jackpot::guarded([&] {
    torch::jit::Stack stack;
    stack.reserve(std::max(op->args.size(), op->returns.size()));
    for (size_t i = 0; i < op->args.size(); ++i) {
      const auto& arg = op->args[i];
      if (args[i].tag != JP_DEFAULT) {
        stack.push_back(jackpot::take(args[i], arg.target));
      } else {
        // The caller has seen that there is one; boxed kernels pop past the stack without it.
        TORCH_CHECK(arg.default_value.has_value(), "argument '", arg.name, "' has no default");
        stack.push_back(*arg.default_value);
      }
    }
    op->handle.callBoxed(stack);
    TORCH_CHECK(
        stack.size() == op->returns.size(),
        "returned ", stack.size(), " values where its schema says ", op->returns.size());
    jackpot::give_all(stack, op->returns, results);
  });
}

// Looks for operators that no captured work can have: those whose results the host waits for.
#include "guarded.h"
#include "jackpot_torch.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <mutex>
#include <string>

namespace jackpot {
namespace {

struct Inside final : at::ObserverContext {};

// The operators of autograd's threads are seen, too.
class Watch {
 public:
  Watch() {
    handle_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback(entered, left).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() {
    at::removeCallback(handle_);
  }

  // The first reason that was found since it was asked last.
  static std::string found() {
    const std::lock_guard<std::mutex> lock(mutex());
    std::string found;
    found.swap(reason());
    return found;
  }

 private:
  static std::mutex& mutex() {
    static std::mutex mutex;
    return mutex;
  }
  static std::string& reason() {
    static std::string reason;
    return reason;
  }

  static std::unique_ptr<at::ObserverContext> entered(const at::RecordFunction& function) {
    const auto name = function.operator_name();
    const auto op = name ? c10::Dispatcher::singleton().findSchema(*name) : std::nullopt;
    if (!op || op->hasKernelForDispatchKey(c10::DispatchKey::CompositeImplicitAutograd)) return nullptr;
    const auto inputs = function.inputs();
    // What an operator of the CPU reads inside, a replay of it reads again.
    if ((depth() == 0 || !is_on_cpu(inputs)) && waits(*op, name->name, inputs)) {
      const std::lock_guard<std::mutex> lock(mutex());
      if (reason().empty()) reason() = "the host waits for the result of `" + name->name + "`";
    }
    ++depth();
    return std::make_unique<Inside>();
  }

  static void left(const at::RecordFunction&, at::ObserverContext* context) {
    if (context != nullptr) --depth();
  }

  // How many operators are under way in this thread, one inside of the other.
  static int& depth() {
    thread_local int depth = 0;
    return depth;
  }

  static bool is_on_cpu(c10::ArrayRef<const c10::IValue> inputs) {
    return !inputs.empty() && inputs[0].isTensor() && inputs[0].toTensor().defined() &&
        inputs[0].toTensor().is_cpu();
  }

  static bool waits(
      const c10::OperatorHandle& op, const std::string& name, c10::ArrayRef<const c10::IValue> inputs) {
    if (name == "aten::_local_scalar_dense" || name == "aten::equal") return true;
    if (name == "aten::copy_" && inputs.size() > 1 && inputs[0].isTensor() && inputs[1].isTensor()) {
      return inputs[0].toTensor().is_cpu() && !inputs[1].toTensor().is_cpu();
    }
    if (!op.hasTag(at::Tag::dynamic_output_shape)) return false;
    // Indices by number give a shape that is known.
    return name != "aten::index" || inputs.size() < 2 || has_mask(inputs[1]);
  }

  static bool has_mask(const c10::IValue& indices) {
    const auto is_mask = [](const c10::IValue& one) {
      if (!one.isTensor() || !one.toTensor().defined()) return false;
      const auto dtype = one.toTensor().scalar_type();
      return dtype == at::kBool || dtype == at::kByte;
    };
    if (indices.isTensorList()) {
      const auto list = indices.toTensorVector();
      return std::any_of(list.begin(), list.end(), is_mask);
    }
    if (!indices.isList()) return true;
    const auto list = indices.toListRef();
    return std::any_of(list.begin(), list.end(), is_mask);
  }

  at::CallbackHandle handle_;
};

}  // namespace
}  // namespace jackpot

struct JpWatch {
  jackpot::Watch watch;
};

char* jp_watch_begin(JpWatch** made) {
  return jackpot::guarded([&] {
    jackpot::Watch::found();
    *made = new JpWatch{};
  });
}

char* jp_watch_end(JpWatch* watch, char** reason) {
  return jackpot::guarded([&] {
    delete watch;
    const auto found = jackpot::Watch::found();
    *reason = found.empty() ? nullptr : jackpot::copy_text(found);
  });
}

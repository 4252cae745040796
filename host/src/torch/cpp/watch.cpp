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
  Watch() : alone_(others()) {
    reason().clear();
    handle_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback(entered, left).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() {
    at::removeCallback(handle_);
  }

  // The first reason that was found.
  std::string found() {
    const std::lock_guard<std::mutex> lock(mutex());
    return reason();
  }

  static bool& is_paused() {
    thread_local bool is_paused = false;
    return is_paused;
  }

 private:
  // One watch at a time: the reason is for all threads.
  static std::mutex& others() {
    static std::mutex mutex;
    return mutex;
  }
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
    const bool is_looked_at = depth() == 0 || !is_on_cpu(inputs);
    if (crosses(name->name, inputs) || (is_looked_at && waits(*op, name->name, inputs))) {
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

  // Whether it copies between the host's memory and a device: to there the host waits, and from there
  // a replay would read memory that has been given back.
  static bool crosses(const std::string& name, c10::ArrayRef<const c10::IValue> inputs) {
    if (name != "aten::copy_" || inputs.size() < 2 || is_paused()) return false;
    const auto is_cpu = [&](size_t i) { return inputs[i].isTensor() && inputs[i].toTensor().is_cpu(); };
    return is_cpu(0) != is_cpu(1);
  }

  static bool waits(
      const c10::OperatorHandle& op, const std::string& name, c10::ArrayRef<const c10::IValue> inputs) {
    if (name == "aten::_local_scalar_dense" || name == "aten::equal") return true;
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

  std::unique_lock<std::mutex> alone_;
  at::CallbackHandle handle_ = at::INVALID_CALLBACK_HANDLE;
};

}  // namespace
}  // namespace jackpot

struct JpWatch {
  jackpot::Watch watch;
};

char* jp_watch_begin(JpWatch** made) {
  return jackpot::guarded([&] { *made = new JpWatch{}; });
}

char* jp_watch_end(JpWatch* watch, char** reason) {
  return jackpot::guarded([&] {
    const auto found = watch->watch.found();
    delete watch;
    *reason = found.empty() ? nullptr : jackpot::copy_text(found);
  });
}

void jp_watch_pause(bool is_paused) {
  jackpot::Watch::is_paused() = is_paused;
}

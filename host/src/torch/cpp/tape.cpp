// What a CUDA graph does, on the CPU: operators below autograd are written down with their tensors,
// and a replay computes them again into the same memory.
#include "graph.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/record_function.h>
#include <c10/core/GradMode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/library.h>

#include <utility>
#include <vector>

namespace jackpot {
namespace {

struct Call {
  c10::OperatorHandle op;
  std::vector<c10::IValue> inputs;
  std::vector<c10::IValue> outputs;
};

class Tape;
thread_local Tape* running = nullptr;

// Whether this operator is one of those that it is made of: they are written down instead.
bool is_made_of_others(const c10::OperatorHandle& op) {
  if (op.hasKernelForDispatchKey(c10::DispatchKey::CompositeImplicitAutograd)) return true;
  // Autocast casts first, which is an operator too, and then calls the same one again.
  constexpr auto autocast = c10::DispatchKey::AutocastCPU;
  return at::autocast::is_autocast_enabled(at::kCPU) && op.hasKernelForDispatchKey(autocast) &&
      !c10::impl::tls_is_dispatch_key_excluded(autocast);
}

struct Seen final : at::ObserverContext {
  // The place in the list; -1: inside of one that is there.
  explicit Seen(std::ptrdiff_t place) : place(place) {}
  std::ptrdiff_t place;
};

class Tape final : public Graph {
 public:
  ~Tape() override {
    if (running == this) stop();
  }

  void begin(const Graph*) override {
    TORCH_CHECK(running == nullptr, "another graph is being captured on this thread");
    running = this;
    handle_ = at::addThreadLocalCallback(at::RecordFunctionCallback(entered, left)
                                             .needsInputs(true)
                                             .needsOutputs(true)
                                             .scopes({at::RecordScope::FUNCTION}));
  }

  void end() override {
    if (running == this) stop();
  }

  void replay() override {
    const c10::AutoGradMode no_grad(false);
    for (const auto& call : calls_) {
      torch::jit::Stack stack(call.inputs);
      call.op.callBoxed(stack);
      TORCH_CHECK(stack.size() == call.outputs.size(), "a replayed operator has other results");
      for (size_t i = 0; i < stack.size(); ++i) keep(stack[i], call.outputs[i]);
    }
  }

 private:
  void stop() {
    at::removeCallback(handle_);
    running = nullptr;
  }

  // The memory of then gets the numbers of now.
  static void keep(const c10::IValue& now, const c10::IValue& then) {
    if (now.isTensor()) {
      const auto &from = now.toTensor(), &to = then.toTensor();
      if (from.defined() && !from.is_alias_of(to)) to.detach().copy_(from);
    } else if (now.isTensorList()) {
      const auto from = now.toTensorVector(), to = then.toTensorVector();
      for (size_t i = 0; i < from.size(); ++i) keep(from[i], to[i]);
    }
  }

  static std::unique_ptr<at::ObserverContext> entered(const at::RecordFunction& function) {
    const auto name = function.operator_name();
    if (running == nullptr || !name) return nullptr;
    auto& tape = *running;
    const auto op = c10::Dispatcher::singleton().findSchema(*name);
    if (!op) return nullptr;
    if (tape.depth_ == 0) {
      if (is_made_of_others(*op)) return nullptr;
      const auto inputs = function.inputs();
      tape.calls_.push_back(Call{*op, std::vector<c10::IValue>(inputs.begin(), inputs.end()), {}});
    }
    const auto place = tape.depth_ == 0 ? std::ptrdiff_t(tape.calls_.size()) - 1 : -1;
    ++tape.depth_;
    return std::make_unique<Seen>(place);
  }

  static void left(const at::RecordFunction& function, at::ObserverContext* context) {
    const auto* seen = static_cast<Seen*>(context);
    if (running == nullptr || seen == nullptr) return;
    --running->depth_;
    if (seen->place < 0) return;
    std::vector<c10::IValue> outputs(function.outputs());
    running->calls_[seen->place].outputs.swap(outputs);
  }

  std::vector<Call> calls_;
  at::CallbackHandle handle_ = at::INVALID_CALLBACK_HANDLE;
  int depth_ = 0;
};

}  // namespace

std::unique_ptr<Graph> make_tape() {
  return std::make_unique<Tape>();
}

}  // namespace jackpot

// Gradients with given output gradients, and the thread's grad mode.
#include "jackpot_torch.h"
#include "guarded.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <vector>

namespace {

using Tensors = std::vector<at::Tensor>;

// A null becomes an undefined tensor, which autograd reads as "ones" or "none".
Tensors tensors(void* const* pointers, size_t count) {
  Tensors list;
  if (pointers == nullptr) return list;
  list.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const auto* tensor = static_cast<const at::Tensor*>(pointers[i]);
    list.push_back(tensor == nullptr ? at::Tensor() : *tensor);
  }
  return list;
}

}  // namespace

char* jp_grad(
    void* const* outputs, size_t output_count,
    void* const* inputs, size_t input_count,
    void* const* grad_outputs,
    bool retain_graph, bool create_graph, bool allow_unused,
    void** gradients) {
  return jackpot::guarded([&] {
    auto found = torch::autograd::grad(
        tensors(outputs, output_count),
        tensors(inputs, input_count),
        tensors(grad_outputs, output_count),
        retain_graph,
        create_graph,
        allow_unused);
    TORCH_CHECK(found.size() == input_count, "autograd gave ", found.size(), " gradients for ", input_count, " inputs");
    for (size_t i = 0; i < input_count; ++i) {
      gradients[i] = found[i].defined() ? new at::Tensor(std::move(found[i])) : nullptr;
    }
  });
}

char* jp_backward(
    void* const* outputs, size_t output_count,
    void* const* grad_outputs,
    bool retain_graph, bool create_graph) {
  return jackpot::guarded([&] {
    torch::autograd::backward(
        tensors(outputs, output_count), tensors(grad_outputs, output_count), retain_graph, create_graph);
  });
}

bool jp_grad_mode_get() {
  return c10::GradMode::is_enabled();
}

void jp_grad_mode_set(bool enabled) {
  c10::GradMode::set_enabled(enabled);
}

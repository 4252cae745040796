// A node of the autograd graph whose backward pass the Rust side computes, and tensors over
// memory that the Rust side owns.
#include "jackpot_torch.h"
#include "guarded.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/csrc/autograd/variable.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace {

using torch::autograd::SavedVariable;
using torch::autograd::variable_list;

const at::Tensor& tensor(const void* pointer) {
  return *static_cast<const at::Tensor*>(pointer);
}

// Throws what the Rust side says.
void check(char* message) {
  if (message == nullptr) return;
  const std::string text(message);
  jp_free(message);
  TORCH_CHECK(false, text);
}

class HostNode : public torch::autograd::Node {
 public:
  HostNode(torch::autograd::edge_list&& edges, const JpNodeTable& table, void* context)
      : Node(std::move(edges)), table_(table), context_(context) {}

  ~HostNode() override {
    table_.drop(context_);
  }

  void save(const at::Tensor& value, bool is_output) {
    saved_.emplace_back(value, is_output);
  }

  std::string name() const override {
    return "HostNode";
  }

  void release_variables() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (auto& one : saved_) one.reset_data();
  }

  variable_list apply(variable_list&& given) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    variable_list found(num_outputs());
    if (!given.at(0).defined()) return found;
    std::vector<at::Tensor> saved;
    saved.reserve(saved_.size());
    for (auto& one : saved_) saved.push_back(one.unpack(shared_from_this()));
    std::vector<void*> pointers;
    for (auto& one : saved) pointers.push_back(&one);
    std::vector<uint8_t> wanted;
    for (size_t i = 0; i < num_outputs(); ++i) wanted.push_back(task_should_compute_output(i));
    std::vector<void*> gradients(num_outputs(), nullptr);
    char* message = table_.backward(
        context_, pointers.data(), pointers.size(), &given[0], wanted.data(), wanted.size(), gradients.data());
    for (size_t i = 0; i < gradients.size(); ++i) {
      if (gradients[i] == nullptr) continue;
      std::unique_ptr<at::Tensor> owned(static_cast<at::Tensor*>(gradients[i]));
      found[i] = std::move(*owned);
    }
    check(message);
    return found;
  }

 private:
  JpNodeTable table_;
  void* context_;
  std::vector<SavedVariable> saved_;
  std::mutex mutex_;
};

}  // namespace

char* jp_node(
    void* const* inputs, size_t input_count,
    void* output,
    void* const* saved, size_t saved_count,
    const JpNodeTable* table, void* context) {
  return jackpot::guarded([&] {
    // From here on the context has an owner, whatever happens.
    std::unique_ptr<void, void (*)(void*)> owned(context, table->drop);
    variable_list list;
    for (size_t i = 0; i < input_count; ++i) list.push_back(tensor(inputs[i]));
    auto edges = torch::autograd::collect_next_edges(list);
    std::shared_ptr<HostNode> node(
        new HostNode(std::move(edges), *table, context), torch::autograd::deleteNode);
    owned.release();
    const at::Tensor& result = tensor(output);
    for (size_t i = 0; i < saved_count; ++i) {
      const at::Tensor& one = tensor(saved[i]);
      if (!one.is_same(result)) node->save(one, /*is_output=*/false);
    }
    torch::autograd::set_history(result, node);
    // An output is saved last: it must know its node by then.
    for (size_t i = 0; i < saved_count; ++i) {
      const at::Tensor& one = tensor(saved[i]);
      if (one.is_same(result)) node->save(one, /*is_output=*/true);
    }
  });
}

char* jp_owned_tensor(
    void* numbers, int64_t count, int32_t dtype, void* owner, void (*drop)(void*), void** made) {
  return jackpot::guarded([&] {
    // Dropped once, however far this gets.
    std::shared_ptr<void> owned(owner, drop);
    auto result = at::from_blob(
        numbers, {count}, [owned](void*) {},
        at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype)));
    *made = new at::Tensor(std::move(result));
  });
}

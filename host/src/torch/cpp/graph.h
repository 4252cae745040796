// A list of kernels that were launched once and can be launched again.
#pragma once

#include <c10/core/Device.h>

#include <memory>

namespace jackpot {

class Graph {
 public:
  virtual ~Graph() = default;
  // From here on what this thread asks of the device is written down. It may work in the same
  // memory as `beside`, which is replayed at other times.
  virtual void begin(const Graph* beside) = 0;
  // Until here; also after an error in between, which it then names.
  virtual void end() = 0;
  virtual void replay() = 0;
};

// CUDA launches nothing while it writes down.
std::unique_ptr<Graph> make_cuda_graph(c10::Device device);
// On the CPU operators are written down while they are computed: the same rules, to be tried
// where there is no GPU.
std::unique_ptr<Graph> make_tape();

}  // namespace jackpot

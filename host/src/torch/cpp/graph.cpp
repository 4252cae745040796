// CUDA graphs, by way of libtorch's own class, whose library is loaded only where there is a GPU.
#include "graph.h"
#include "guarded.h"
#include "jackpot_torch.h"

#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/Stream.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <dlfcn.h>

#include <atomic>
#include <map>
#include <mutex>
#include <new>
#include <utility>

namespace jackpot {
namespace {

c10::impl::VirtualGuardImpl cuda() {
  return c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA);
}

// Capture needs another stream than the default one. Always the same, since cuBLAS keeps
// memory for each that it has seen.
c10::Stream side_stream(c10::Device device) {
  static std::mutex mutex;
  static std::map<c10::DeviceIndex, c10::Stream> known;
  const std::lock_guard<std::mutex> lock(mutex);
  auto found = known.find(device.index());
  if (found == known.end()) {
    found = known.emplace(device.index(), cuda().getStreamFromGlobalPool(device)).first;
  }
  return found->second;
}

// at::cuda::CUDAGraph of libtorch 2.11, whose header wants CUDA's. The linker must not know
// these names, or no program would start without CUDA.
struct Class {
  using Pool = std::pair<unsigned long long, unsigned long long>;

  template <class Function>
  static Function* symbol(const char* name) {
    void* found = dlsym(RTLD_DEFAULT, name);
    TORCH_CHECK(found != nullptr, "this libtorch lacks CUDA graphs as Jackpot knows them (", name, ")");
    return reinterpret_cast<Function*>(found);
  }

  void (*construct)(void*, bool) = symbol<void(void*, bool)>("_ZN2at4cuda9CUDAGraphC1Eb");
  void (*destroy)(void*) = symbol<void(void*)>("_ZN2at4cuda9CUDAGraphD1Ev");
  void (*begin)(void*, Pool, int) = symbol<void(void*, Pool, int)>(
      "_ZN2at4cuda9CUDAGraph13capture_beginESt4pairIyyE21cudaStreamCaptureMode");
  void (*end)(void*) = symbol<void(void*)>("_ZN2at4cuda9CUDAGraph11capture_endEv");
  void (*replay)(void*) = symbol<void(void*)>("_ZN2at4cuda9CUDAGraph6replayEv");
  Pool (*pool)(void*) = symbol<Pool(void*)>("_ZN2at4cuda9CUDAGraph4poolEv");
};

// After a capture that failed libtorch's allocator still waits for its end: with a second one, or
// memory that is given back, it would stop the program's work.
std::atomic<bool> has_failed = false;

// Whether there can be another one.
void may_capture() {
  TORCH_CHECK(!has_failed, "an earlier capture failed, and libtorch can do no more of them");
}

// A graph takes memory of its own, and what operators left behind may be most of the device's.
void give_back_memory() {
  at::getDeviceAllocator(c10::DeviceType::CUDA)->emptyCache({0, 0});
}

// cudaStreamCaptureModeGlobal: what cannot be captured is an error, whichever thread does it.
constexpr int GLOBAL = 0;

class CudaGraph final : public Graph {
 public:
  explicit CudaGraph(c10::Device device) : device_(device) {
    may_capture();
    try {
      class_.construct(place_, /*keep_graph=*/false);
    } catch (...) {
      ::operator delete(place_, ALIGNMENT);
      throw;
    }
  }
  CudaGraph(const CudaGraph&) = delete;
  CudaGraph& operator=(const CudaGraph&) = delete;
  ~CudaGraph() override {
    // The allocator still asks it.
    if (is_lost_) return;
    // A replay may be under way still.
    try {
      cuda().synchronizeDevice(device_.index());
    } catch (...) {
      // It shows at the next call.
    }
    class_.destroy(place_);
    ::operator delete(place_, ALIGNMENT);
  }

  void begin(const Graph* beside) override {
    // A pool apart from that of operators: what it computes with lies there at every replay.
    const auto* other = static_cast<const CudaGraph*>(beside);
    const auto pool = other == nullptr ? Class::Pool{0, 0} : class_.pool(other->place_);
    give_back_memory();
    may_fail([&] { class_.begin(place_, pool, GLOBAL); });
  }
  void end() override {
    may_fail([&] { class_.end(place_); });
  }
  void replay() override {
    class_.replay(place_);
  }

 private:
  template <class Body>
  void may_fail(Body&& body) {
    try {
      body();
    } catch (...) {
      is_lost_ = has_failed = true;
      throw;
    }
  }

  static constexpr std::align_val_t ALIGNMENT{64};

  Class class_;
  c10::Device device_;
  bool is_lost_ = false;
  // The class has 104 bytes.
  void* place_ = ::operator new(4096, ALIGNMENT);
};

}  // namespace

std::unique_ptr<Graph> make_cuda_graph(c10::Device device) {
  return std::make_unique<CudaGraph>(device);
}

}  // namespace jackpot

struct JpGraph {
  std::unique_ptr<jackpot::Graph> graph;
};

char* jp_graph_make(int32_t device_type, int64_t device_index, JpGraph** made) {
  return jackpot::guarded([&] {
    const auto type = static_cast<c10::DeviceType>(device_type);
    TORCH_CHECK(type == c10::DeviceType::CUDA || type == c10::DeviceType::CPU, type, " has no graphs");
    auto graph = type == c10::DeviceType::CPU
        ? jackpot::make_tape()
        : jackpot::make_cuda_graph({type, static_cast<c10::DeviceIndex>(device_index)});
    *made = new JpGraph{std::move(graph)};
  });
}

char* jp_graph_begin(JpGraph* graph, const JpGraph* beside) {
  return jackpot::guarded([&] { graph->graph->begin(beside == nullptr ? nullptr : beside->graph.get()); });
}

char* jp_graph_end(JpGraph* graph) {
  return jackpot::guarded([&] { graph->graph->end(); });
}

char* jp_graph_replay(JpGraph* graph) {
  return jackpot::guarded([&] { graph->graph->replay(); });
}

char* jp_graph_drop(JpGraph* graph) {
  return jackpot::guarded([&] { delete graph; });
}

char* jp_side_stream_enter(int64_t device_index, JpStream* before) {
  return jackpot::guarded([&] {
    jackpot::may_capture();
    const c10::Device device{c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(device_index)};
    const auto side = jackpot::side_stream(device);
    jackpot::cuda().synchronizeDevice(device.index());
    jackpot::give_back_memory();
    const auto previous = jackpot::cuda().exchangeDevice(device);
    const auto packed = jackpot::cuda().exchangeStream(side).pack3();
    *before = JpStream{
        packed.stream_id,
        packed.device_index,
        static_cast<int32_t>(packed.device_type),
        previous.index()};
  });
}

char* jp_side_stream_leave(const JpStream* before) {
  return jackpot::guarded([&] {
    const auto index = static_cast<c10::DeviceIndex>(before->device_index);
    // First of all back, whatever has gone wrong on the other one.
    jackpot::cuda().exchangeStream(
        c10::Stream::unpack3(before->id, index, static_cast<c10::DeviceType>(before->device_type)));
    jackpot::cuda().setDevice(
        {c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(before->previous_device)});
    jackpot::cuda().synchronizeDevice(index);
  });
}

// The C border between this folder's C++ and `ffi.rs`. The two describe the same
// functions and layouts: change them together.
//
// Every function that can fail returns its error as a message made by `malloc`
// (the caller frees it with `jp_free`), or null on success. None lets an exception out.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

// What a `JpValue` holds.
enum JpTag : int32_t {
  JP_DEFAULT = 0,  // arguments only: the schema's default
  JP_NONE = 1,
  JP_TENSOR = 2,           // pointer: at::Tensor*
  JP_INT = 3,              // integer
  JP_FLOAT = 4,            // real
  JP_BOOL = 5,             // integer, 0 or 1
  JP_STRING = 6,           // pointer: char[len], not terminated
  JP_DEVICE = 7,           // small: c10::DeviceType; integer: index, -1 for the current one
  JP_DTYPE = 8,            // integer: c10::ScalarType
  JP_INT_LIST = 9,         // pointer: int64_t[len]
  JP_FLOAT_LIST = 10,      // pointer: double[len]
  JP_BOOL_LIST = 11,       // pointer: uint8_t[len], each 0 or 1
  JP_TENSOR_LIST = 12,     // pointer: at::Tensor*[len], none null
  JP_OPT_TENSOR_LIST = 13  // pointer: at::Tensor*[len], null for an absent one
};

// An argument (everything borrowed from the caller) or a result (everything owned by the
// caller: tensors made by `new`, the rest by `malloc`).
struct JpValue {
  int32_t tag;
  int32_t small;
  int64_t len;
  union {
    void* pointer;
    int64_t integer;
    double real;
  };
};

// What a schema asks of an argument, without "optional".
enum JpType : int32_t {
  JP_T_OTHER = 0,
  JP_T_TENSOR = 1,
  JP_T_TENSOR_LIST = 2,
  JP_T_OPT_TENSOR_LIST = 3,
  JP_T_INT = 4,
  JP_T_INT_LIST = 5,
  JP_T_FLOAT = 6,
  JP_T_FLOAT_LIST = 7,
  JP_T_NUMBER = 8,
  JP_T_NUMBER_LIST = 9,
  JP_T_BOOL = 10,
  JP_T_BOOL_LIST = 11,
  JP_T_STRING = 12,
  JP_T_DEVICE = 13,
  JP_T_DTYPE = 14,
  JP_T_LAYOUT = 15,
  JP_T_MEMORY_FORMAT = 16,
  JP_T_GENERATOR = 17
};

struct JpArgSpec {
  const char* name;  // char[name_len], lives as long as the operator
  size_t name_len;
  int32_t type;  // JpType
  int32_t fixed_len;  // n of `int[n]`, 0 where the schema fixes none
  uint8_t optional;
  uint8_t has_default;
  uint8_t kwarg_only;
  uint8_t is_mutable;
};

struct JpOp;  // one overload; never freed

void jp_free(void* memory);

// --- op.cpp: operators by name
char* jp_op_names(
    void* context,
    void (*each)(void* context, const char* name, size_t name_len, const char* overload, size_t overload_len));
// `*found` is null where there is no such overload.
char* jp_op_find(const char* name, const char* overload, JpOp** found);
const char* jp_op_text(const JpOp* op, size_t* len);
size_t jp_op_arg_count(const JpOp* op);
size_t jp_op_return_count(const JpOp* op);
// Whether it draws numbers from a generator with hidden state.
bool jp_op_is_random(const JpOp* op);
void jp_op_arg(const JpOp* op, size_t index, JpArgSpec* out);
char* jp_op_default(const JpOp* op, size_t index, JpValue* out);
// `args` has exactly `jp_op_arg_count` entries, `results` exactly `jp_op_return_count`,
// and results are written only on success.
char* jp_op_call(const JpOp* op, const JpValue* args, JpValue* results);

// --- grad.cpp: autograd
// A null in `grad_outputs` stands for ones; null gradients come back for unused inputs.
char* jp_grad(
    void* const* outputs, size_t output_count,
    void* const* inputs, size_t input_count,
    void* const* grad_outputs,
    bool retain_graph, bool create_graph, bool allow_unused,
    void** gradients);
char* jp_backward(
    void* const* outputs, size_t output_count,
    void* const* grad_outputs,
    bool retain_graph, bool create_graph);
bool jp_grad_mode_get();
void jp_grad_mode_set(bool enabled);

// --- node.cpp: backward passes in Rust
// What a node's context can do. `backward` gets the saved tensors (the output among them comes
// last), the output's gradient, and which inputs want theirs; each gradient that it gives is an
// `at::Tensor` by `new`, which the caller then owns, or stays null. Its message is by `malloc`.
struct JpNodeTable {
  char* (*backward)(
      void* context,
      void* const* saved, size_t saved_count,
      const void* output_gradient,
      const uint8_t* wanted, size_t input_count,
      void** gradients);
  void (*drop)(void* context);
};
// Makes `output` the result of `inputs`. The context is dropped with the node, or at once on an
// error.
char* jp_node(
    void* const* inputs, size_t input_count,
    void* output,
    void* const* saved, size_t saved_count,
    const JpNodeTable* table, void* context);
// A tensor of one dimension over memory that `owner` keeps until it is dropped (at once on an
// error). `dtype` is a c10::ScalarType.
char* jp_owned_tensor(
    void* numbers, int64_t count, int32_t dtype, void* owner, void (*drop)(void*), void** made);

// --- settings.cpp: process-wide and thread-local switches
enum JpSetting : int32_t {
  JP_S_THREADS = 0,
  JP_S_DETERMINISTIC = 1,
  JP_S_TF32_MATMUL = 2,
  JP_S_TF32_CUDNN = 3,
  JP_S_CUDNN_BENCHMARK = 4,
  JP_S_CUDNN_DETERMINISTIC = 5,
  JP_S_FILL_FRESH = 6
};
char* jp_setting_get(int32_t setting, int64_t* value);
char* jp_setting_set(int32_t setting, int64_t value);
char* jp_autocast_get(int32_t device_type, bool* enabled, int32_t* dtype);
char* jp_autocast_set(int32_t device_type, bool enabled, int32_t dtype);
char* jp_autocast_enter();
char* jp_autocast_leave();
char* jp_cuda_device_count(int64_t* count);
char* jp_cuda_synchronize(int64_t device_index);
// The current stream of this thread on a device, a `CUstream` that libtorch owns.
char* jp_cuda_stream(int64_t device_index, void** stream);

// --- graph.cpp, tape.cpp: work that is written down once and done again
struct JpGraph;
char* jp_graph_make(int32_t device_type, int64_t device_index, JpGraph** made);
// It may use the memory of another one, which may be null.
char* jp_graph_begin(JpGraph* graph, const JpGraph* beside);
// Also after an error since the beginning, which it names if it is the device's.
char* jp_graph_end(JpGraph* graph);
char* jp_graph_replay(JpGraph* graph);
char* jp_graph_drop(JpGraph* graph);
// The thread's current CUDA stream, and its current device.
struct JpStream {
  int64_t id;
  int64_t device_index;
  int32_t device_type;
  int32_t previous_device;
};
// Waits for the device, and goes to the stream on which graphs are captured.
char* jp_side_stream_enter(int64_t device_index, JpStream* before);
char* jp_side_stream_leave(const JpStream* before);

// --- watch.cpp: whether work can be written down
struct JpWatch;
// Watches this thread's operators, and those of its backward passes; waits for other watches.
char* jp_watch_begin(JpWatch** made);
// `*reason`, by malloc, says why not; null: it can.
char* jp_watch_end(JpWatch* watch, char** reason);
// While this thread is paused, its copies to the device are no reason.
void jp_watch_pause(bool is_paused);
}

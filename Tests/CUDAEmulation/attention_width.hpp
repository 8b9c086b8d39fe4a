// The kernels on tensor cores for one HEAD_WIDTH: included once for each.
namespace JOINED(forward_, HEAD_WIDTH) {
#include "attention.cu"
ENTRY(attention)
}

namespace JOINED(queries_, HEAD_WIDTH) {
#include "attention_backward_queries.cu"
ENTRY(attention_backward_queries)
}

namespace JOINED(keys_, HEAD_WIDTH) {
#include "attention_backward_keys.cu"
ENTRY(attention_backward_keys)
ENTRY(attention_backward_sum)
}
#undef HEAD_WIDTH

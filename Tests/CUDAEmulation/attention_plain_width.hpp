// The kernels without tensor cores for one HEAD_WIDTH: included once for each.
namespace JOINED(plain_, HEAD_WIDTH) {
#include "attention_plain.cu"
ENTRY(attention_plain)
}

namespace JOINED(plain_backward_, HEAD_WIDTH) {
#include "attention_plain_backward.cu"
ENTRY(attention_plain_backward_keys)
ENTRY(attention_plain_backward_queries)
ENTRY(attention_plain_backward_values)
}
#undef HEAD_WIDTH

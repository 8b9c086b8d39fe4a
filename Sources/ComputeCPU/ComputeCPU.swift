// ComputeCPU — the operations of Compute on the host, in float32.
//
//     CPUBackend ─┬─ Workers: threads that share each operation's rows, heads or tiles
//                 ├─ BufferPool: memory of freed tensors, used again
//                 └─ one file per operation: loops over `Vector`, products by LinearAlgebra
//
// Each product runs on one thread of OpenBLAS; the tiles of an operation run in parallel. So one core
// gathers, multiplies and finishes a tile while it is in the core's cache.
//
// This is the reference for other devices: results do not depend on the number of threads, except
// through the order in which OpenBLAS adds within products of other extents.

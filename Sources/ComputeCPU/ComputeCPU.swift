// ComputeCPU — the operations of Compute on the host, in float32.
//
//     CPUBackend ─┬─ Workers: threads that share each operation's rows, heads or tiles
//                 ├─ BufferPool: memory of freed tensors, used again
//                 └─ one file an operation: loops over `Vector`, products by LinearAlgebra
//
// Products run on OpenBLAS with one thread each; the tiles of an operation are what runs in
// parallel. So a tile is gathered, multiplied and finished by one core while it is in its cache.
//
// This is the reference for other devices: results do not depend on the number of threads, except
// through the order in which OpenBLAS adds within products of other extents.

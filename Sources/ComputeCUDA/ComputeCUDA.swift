// ComputeCUDA: NVIDIA's devices as a backend of Compute.
//
//     Device/        LibrarySearch ─▶ Driver, Compiler, CublasLt, Cudnn: found when the program runs
//                    Context (a stream, and the first fault), DeviceMemory
//                    Kernel, as its text declares it ─▶ KernelCache, compiled ─▶ Kernels, launched
//     Products/      matrices, by cuBLASLt; the fastest algorithm is found by timing and kept
//     Convolutions/  by cuDNN, or by columns and products
//     Operations/    the operations of Backend, one file each, with the launches of their kernels
//     Recording      work that is done once, recorded as a graph, and repeated
//
// The kernels' text is in CUDAKernels. Nothing of CUDA is needed to build, and a machine without a
// GPU runs every command on the CPU. It knows CUDA; it does not know what a model is, or training.

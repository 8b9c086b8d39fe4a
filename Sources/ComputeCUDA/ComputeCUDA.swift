// ComputeCUDA: NVIDIA's devices, and the code that runs on them.
//
//     LibrarySearch ─▶ OpenLibrary ─▶ Driver ─▶ Device
//                          │
//                          └────────▶ Compiler ─┐
//     KernelSource (CUDAKernels) ───────────────┴─▶ KernelCache ─▶ cubin
//
// Libraries are looked for when the program runs: none is needed to build it,
// and a machine without a GPU runs every other command. It knows CUDA; it does
// not know what a model is, or training.

// Tensors — shapes, element types and numbers.
//
// Element types by their safetensors names, conversions between bits and
// numbers, matrices in host memory, and the random numbers of all modules.
// It knows no file, no name and no device.

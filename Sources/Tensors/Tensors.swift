// Tensors — what tensors are made of: shapes, element types, numbers.
//
// Element types as safetensors names them, their bits to numbers and back,
// matrices in host memory, and the random numbers that everything else draws.
// It knows no file, no name and no device.

// Adapters — what a safetensors file means when it is a LoRA.
//
//     path, folder ─▶ AdapterSource ─▶ Adapter { module: parts, target, scale }
//     Module ─▶ Update (up·down, Hadamard, Kronecker, dense), in 64 bits
//     [Result] ─▶ AdapterWriter ─▶ OutputFile, with hashes and metadata
//
// This module knows how trainers spell names (`Part`, `Naming`, `Target`), what
// the tensors of one module mean together (`Algorithm`, `Update`), which base
// model they are for (`BaseModel`), and how a result is written so that every
// other program reads it. It does not know bytes (Safetensors), how a product
// is computed (LinearAlgebra), or what anyone wants to do with an adapter.

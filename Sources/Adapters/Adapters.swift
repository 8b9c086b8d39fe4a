// Adapters — what a safetensors file means when it is a LoRA.
//
//     Reading/      path, folder ─▶ AdapterSource ─▶ Adapter { module: parts, target, scale }
//     Namings/      how trainers spell names: a value each, found in `Naming.all`
//     Algorithms/   what the parts of a module make together: a type each, found in `algorithms`
//     Algebra/      [Adapter] ─▶ Combination ─▶ Layer: its exact sum, its best approximation
//     Writing/      ResultPlan ─▶ AdapterWriter ─▶ OutputFile, with hashes and metadata
//     Checkpoints/  the models that adapters are for, and the places of their layers
//
// This module decides how a result is written so that every other program reads it.
// It does not know bytes (Safetensors), how a product is computed (LinearAlgebra),
// or what a command does with an adapter.

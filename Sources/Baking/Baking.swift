// Baking — adapters made part of a checkpoint: W ← W + Σ weight · Δ.
//
//     Combination, CheckpointLayers ─▶ BakedLayers (which tensor gets what)
//     each file ─▶ BakedFile: tensor by tensor, the rest byte for byte
//     folder ─▶ BakedModel: its files, and copies of all others
//
// Tensors keep their names, their order and their types. This module decides what is
// written where; Adapters computes how a module changes a weight.

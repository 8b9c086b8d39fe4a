// Names — what the layers, tensors and files of models are called, and by whom.
//
//     module of an adapter ─▶ Target ◀─ tensor of a checkpoint
//                               │
//                               ├─▶ Block, BaseModel
//                               ├─▶ Family: the same layer in another world
//                               └─▶ kohyaName, UNetNames, OpenCLIPNames, VAENames
//
// A `Target` is a layer under one name, that of diffusers or transformers, whatever a file calls it.
// The tables of names stand here once: adapters are matched by them, and models read.
//
// This module knows no tensors, no trainers' parts of a module (`lora_up`, Adapters), and does not
// open a file of weights.

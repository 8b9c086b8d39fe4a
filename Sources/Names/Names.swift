// Names — the names that programs give the layers, tensors and files of models.
//
//     module of an adapter ─▶ Target ◀─ tensor of a checkpoint
//                               │
//                               ├─▶ Block, BaseModel
//                               ├─▶ Family: the same layer in another world
//                               └─▶ kohyaName, UNetNames, OpenCLIPNames, VAENames
//
// A `Target` is a layer under one name, that of diffusers or transformers, whatever name a file
// has. The tables of names are kept here once: adapters are matched with them, and models read.
//
// This module knows no tensors and no parts of a module (`lora_up`, Adapters), and opens no file of
// weights.

// Safetensors — bytes of a `.safetensors` file to named tensors, and back.
//
//     MappedFile ─▶ HeaderParser ─▶ Header ─▶ SafetensorsFile ─▶ bytes, values
//                                                                    │
//     OutputFile ◀─ SafetensorsWriter ◀─ Layout (order, offsets) ◀───┘
//
// The file is `u64 length | JSON header | data`, little-endian. This module
// knows that layout and nothing else: not what a LoRA is, not what a name like
// `lora_up` means, no arithmetic. Everything in a header is a claim by a
// stranger; it is checked once, in `Header`, and trusted from there on.
//
// Format: https://github.com/huggingface/safetensors#format

// Inspect — what is in a file, without changing it.
//
//     AdapterSource ─▶ Inspection ─▶ text, JSON, HTML
//                         └─▶ Checks ─▶ lora verify, --check
//
// `InspectCommand`, `HashCommand`, `VerifyCommand` and `MetadataCommand` turn
// flags into calls; `Inspection` measures and knows nothing of the command
// line; `Inspection+Text`, `+HTML` and `TrainingSummary` only print.

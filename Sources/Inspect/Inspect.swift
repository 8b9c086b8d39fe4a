// Inspect — reports the contents of a file without changing it.
//
//     AdapterSource ─▶ Inspection ─▶ text, JSON, HTML
//                         └─▶ Checks ─▶ lora verify, --check
//
// `InspectCommand`, `HashCommand`, `VerifyCommand` and `MetadataCommand` turn
// flags into calls; `Inspection` measures and does not know the command line;
// `Inspection+Text`, `Page` and `TrainingSummary` only print.

// QuantizedWeights — decodes codes and scales of a file to numbers, and encodes them again.
//
//     SafetensorsFile ─▶ QuantizedTensors { weight's name: StoredWeight, faults }
//     Schemes/   how codes and scales lie: a type each, found in `quantizationSchemes`
//     GGUF/      a container of its own ─▶ GGUFFile: its tensors, and how their blocks are read
//     Writing/   numbers, a few rows at a time ─▶ WeightWriter ─▶ codes and scales
//
// Loops over elements are optimised in debug builds too. The module knows only the names that
// connect scales with their weights: not layers, not models, not adapters.

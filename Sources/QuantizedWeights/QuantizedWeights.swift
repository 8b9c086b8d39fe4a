// QuantizedWeights — codes and scales of a file, as the numbers that they stand for, and back.
//
//     SafetensorsFile ─▶ QuantizedTensors { weight's name: StoredWeight, faults }
//     Schemes/   how codes and scales lie: a type each, found in `quantizationSchemes`
//     GGUF/      a container of its own ─▶ GGUFFile: its tensors, and how their blocks are read
//     Writing/   numbers, a few rows at a time ─▶ WeightWriter ─▶ codes and scales
//
// Loops over elements are optimised in debug builds too. The module knows names only as far as
// they tell which scales belong to which weight: not layers, not models, not adapters.

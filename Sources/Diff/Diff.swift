// Diff — what B adds that A does not.
//
//     [B, A] ─▶ Combination (1, −1) ─▶ Comparison ─▶ text, JSON
//                                  └─▶ Difference ─▶ AdapterWriter ─▶ report
//
// `DiffCommand` knows flags; `Comparison` and `Difference` know adapters;
// `Comparison+Text` only prints.

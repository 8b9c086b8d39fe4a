// Diff — what B adds that A does not.
//
//     [B, A] ─▶ Combination (1, −1) ─▶ Comparison ─▶ text, JSON
//                                  └─▶ ResultPlan ─▶ ResultWriter ─▶ report
//
// `DiffCommand` knows flags; `Comparison` knows adapters; `Comparison+Text` only
// prints. The difference itself is a `Combination`, as every merge is.

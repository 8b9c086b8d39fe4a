// Diff — computes the difference B − A of two adapters or checkpoints.
//
//     [B, A] ─▶ Combination (1, −1) ─▶ Comparison ─▶ text, JSON
//                                  └─▶ ResultPlan ─▶ ResultWriter ─▶ report
//
// `DiffCommand` knows flags; `Comparison` knows adapters; `Comparison+Text` only
// prints. The difference itself is a `Combination`, as every merge is.

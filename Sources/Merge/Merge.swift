// Merge — the weighted sum of adapters as one.
//
//     FILE:WEIGHT… ─▶ LayerFilter ─▶ Combination (weights × block weights) ─StrengthLimits─▶
//                  ─MergeMethod─▶ ResultPlan ─▶ ResultWriter ─▶ report
//
// `MergeCommand` knows flags; `BlockWeights` what their lists mean. Each file of
// `Methods/` is one method of the list `mergeMethods` and knows updates only;
// `Merging/` holds what several methods share.

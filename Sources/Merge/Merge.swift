// Merge — the weighted sum of adapters as one.
//
//     FILE:WEIGHT… ─▶ Combination (weights × block weights)
//                  ─Merging─▶ ResultPlan ─▶ ResultWriter ─▶ report
//
// `MergeCommand` knows flags; `BlockWeights` what their lists mean; each file of
// `Merging/` is one method and knows updates only. Concatenation, the exact
// method, is `Combination`'s own.

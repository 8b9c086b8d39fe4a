// Merge — computes the weighted sum of adapters as one adapter.
//
//     FILE:WEIGHT… ─▶ LayerFilter ─▶ Combination (weights × block weights) ─StrengthLimits─▶
//                  ─MergeMethod─▶ ResultPlan ─▶ ResultWriter ─▶ report
//
// `MergeCommand` knows flags; `BlockWeights` parses lists of weights. Each file of
// `Methods/` is one method of the list `mergeMethods` and knows only updates;
// `Merging/` holds what several methods share.

// Resize — changes the ranks of an adapter.
//
//     Adapter ─▶ ResizableModule (its factors, their decomposition)
//                  └─ Resizing by a rule, or Budget over all modules ─▶ ResultPlan
//
// `ResizeCommand` knows flags; `Resizing` and `Budget` know updates. Scale
// (alpha / rank) is kept, so that a strength keeps its meaning. `SDScriptsResizing`
// reproduces the cases in which sd-scripts differs.

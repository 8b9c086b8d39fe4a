// Resize — an adapter at other ranks.
//
//     Adapter ─▶ Spectra (each module's decomposition)
//                  └─ rule, or Budget over all modules ─▶ ranks ─▶ ResultPlan
//
// `ResizeCommand` knows flags; `Resizing` and `Budget` know updates. Scale
// (alpha / rank) is kept, so that a strength keeps its meaning.

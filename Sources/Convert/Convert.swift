// Convert — one adapter under another naming, its update the same.
//
//     Adapter ─▶ Conversion: what the naming can hold ─▶ ResultPlan
//                            what it cannot           ─▶ Unsupported, listed
//     ResultPlan ─▶ ResultWriter ─▶ report
//
// Factors are Combination's matter, Flux's two divisions too; modules that stay
// what they are (DoRA, LoHa, LoKr, …) go through as kept parts. It does not
// know how any name is spelled.

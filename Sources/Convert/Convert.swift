// Convert — writes an adapter under another naming with the same update.
//
//     Adapter ─▶ Conversion: what the naming can hold ─▶ ResultPlan
//                            what it cannot           ─▶ Unsupported, listed
//     ResultPlan ─▶ ResultWriter ─▶ report
//
// Combination joins and splits factors, Flux's two divisions included; modules that keep
// their algorithm (DoRA, LoHa, LoKr, …) are copied part by part. This module does not
// know how names are spelled.

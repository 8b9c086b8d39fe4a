// Results — shared parts of the commands that write an adapter.
//
//     OutputOptions, RankOptions ─▶ ResultChoice (naming, element type)
//     Written ─▶ WriteReport ─▶ text, JSON
//
// This is the only module between flags and adapters: CommandSupport knows no adapter and
// Adapters knows no flag. It does not know what any command computes.

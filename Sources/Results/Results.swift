// Results — what the commands that write an adapter share.
//
//     OutputOptions, RankOptions ─▶ ResultChoice (naming, element type)
//     Written ─▶ WriteReport ─▶ text, JSON
//
// The one place between flags and adapters: CommandSupport knows no adapter and
// Adapters knows no flag. It does not know what any command computes.

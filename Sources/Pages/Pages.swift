// Pages — what the pages of all commands have in common.
//
//     strings, numbers ─▶ HTML (escaped) ─▶ page ─▶ a file
//
// One look, one script (a table that sorts), the bars. It does not know what
// any command has found out: each lays out its own page.

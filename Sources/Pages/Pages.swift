// Pages — the common parts of all commands' pages.
//
//     strings, numbers ─▶ HTML (escaped) ─▶ page ─▶ a file
//
// One look, one script (a table that sorts), the bars. It does not know any
// command's results: each command lays out its own page.

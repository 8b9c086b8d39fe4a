// Pages — the common parts of all commands' pages.
//
//     strings, numbers, pictures ─▶ HTML (escaped) ─▶ page ─▶ a file
//
// One look, one script (a table that sorts), the bars, and a page with a slider over pictures. It
// does not know any command's results: each command lays out its own page.

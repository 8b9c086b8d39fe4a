// TOML — the text of a configuration file to tables, in the order of the file.
//
//     text ─▶ Scanner (bytes, lines) ─▶ values ─▶ TOMLTable.insert, .open ─▶ TOMLTable
//
// TOML 1.0, strictly, except that dates are refused: no setting is one. Every value keeps its line,
// so that errors can name it. This module knows no settings. (TOMLKit would link Foundation into the program, twice its size.)
//
// Format: https://toml.io/en/v1.0.0

// TOML — the text of a configuration file to tables, in the order of the file.
//
//     text ─▶ Scanner (bytes, lines) ─▶ values ─▶ TOMLTable.insert, .open ─▶ TOMLTable
//
// TOML 1.0, strictly, save that dates are refused: no setting of ours is one. Every value keeps
// the line it stands on, so that whoever finds it wrong can say where. This module knows nothing
// of settings. (TOMLKit would link Foundation into the program, twice its size.)
//
// Format: https://toml.io/en/v1.0.0

// CommandSupport — the options, reports and messages that all commands share.
//
// Options that several commands share, reports in text and JSON, tables,
// progress on standard error. It knows the terminal; it does not know what an
// adapter is.

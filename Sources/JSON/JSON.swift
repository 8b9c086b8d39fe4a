// JSON — any JSON as a value, and the text of what is encoded.
//
//     bytes, text ─▶ JSONValue            an Encodable ─▶ jsonText ─▶ text, keys sorted
//     OrderedJSON ─▶ dumped: keys in their own order, spelled as Python spells them
//
// It knows neither files nor terminals, nor what a document means.

import FoundationEssentials

/// The layout of JSON.
package enum JSONLayout: Sendable {
  /// One line per element: for reports.
  case pretty

  /// One line: for logs and metadata.
  case compact
}

/// The JSON of a value: keys sorted, the same on every run.
///
/// NaN and the infinities, which JSON cannot spell, are encoded as strings.
package func jsonText(_ value: some Encodable, _ layout: JSONLayout) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  if layout == .pretty { encoder.outputFormatting.insert(.prettyPrinted) }
  encoder.nonConformingFloatEncodingStrategy = .convertToString(
    positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// Why a text is not TOML.
package struct TOMLError: Error, Hashable {
  package enum Reason: Error, Hashable {
    case expected(String, found: String)
    case comma
    case duplicateKey(String)
    case notATable(String)
    case closedTable(String)
    case unterminatedString
    case unknownEscape(String)
    case notAValue(String)
    case date(String)
    case notUTF8
    case controlCharacter(UInt8)
    case tooDeep(limit: Int)
  }

  package let file: String
  package let line: Int
  package let reason: Reason
}

extension TOMLError: CustomStringConvertible {
  package var description: String { "\(file):\(line): \(reason)" }
}

extension TOMLError.Reason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .expected(let what, let found): "expected \(what), found \(found)"
    case .comma:
      "a comma may not stand here; write a decimal point (0.001), or a list in brackets ([1, 2])"
    case .duplicateKey(let key): "'\(key)' is set a second time; keep one of the two"
    case .notATable(let key): "'\(key)' already holds a value, so nothing can stand inside it"
    case .closedTable(let key): "table '\(key)' is complete already and cannot be added to here"
    case .unterminatedString: "a string does not end; is a quotation mark missing?"
    case .unknownEscape(let text):
      "'\\\(text)' is no escape; write \\\\ for a backslash, or use '…'"
    case .notAValue(let text):
      "'\(text)' is no value; write text in quotation marks, and numbers as 1, 0.5 or 1e-4"
    case .date(let text):
      "'\(text)' is a date, which no setting takes; write text in quotation marks"
    case .notUTF8: "the text is not UTF-8"
    case .controlCharacter(let byte): "control character \(byte) may not stand here"
    case .tooDeep(let limit): "values are nested more than \(limit) deep"
    }
  }
}

import ArgumentParser
import Images

extension Color: ExpressibleByArgument {
  /// Reads `white`, `grey`, `black` and `#ff8000`.
  init?(argument: String) {
    switch argument.lowercased() {
    case "white": self = .white
    case "black": self = .black
    case "grey", "gray": self.init(128, 128, 128)
    case let text:
      let digits = text.hasPrefix("#") ? text.dropFirst() : text[...]
      guard digits.utf8.count == 6, digits.allSatisfy(\.isHexDigit),
        let number = Int(digits, radix: 16)
      else { return nil }
      self.init(
        UInt8(number >> 16), UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF))
    }
  }

  package var defaultValueDescription: String { description }
}

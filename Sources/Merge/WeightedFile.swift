import CommandSupport
import Files

/// A file argument with a weight, `b.st:0.5`; the weight is 1 if there is none.
struct WeightedFile: Hashable {
  let path: String
  let weight: Double

  /// Parses an argument; a path that exists is taken as written.
  init(_ argument: String) throws(DomainError) {
    guard FileKind(path: argument) == .missing, let colon = argument.lastIndex(of: ":"),
      case let text = String(argument[argument.index(after: colon)...]), Double(text) != nil
    else {
      (path, weight) = (argument, 1)
      return
    }
    path = String(argument[..<colon])
    weight = try Domain<Double>.weight.value(text)
  }
}

import CommandSupport
import Files

/// A file argument with a weight: `b.st:0.5`; alone it weighs 1.
struct WeightedFile: Hashable {
  let path: String
  let weight: Double

  /// A path that exists as written is taken as written.
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

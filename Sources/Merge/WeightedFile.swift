import ArgumentParser
import Files

/// A file argument with a weight: `b.st:0.5`; alone it weighs 1.
struct WeightedFile: Hashable, ExpressibleByArgument {
  let path: String
  let weight: Double

  /// A path that exists as written is taken as written.
  init?(argument: String) {
    if FileKind(path: argument) == .missing, let colon = argument.lastIndex(of: ":"),
      let weight = Double(argument[argument.index(after: colon)...])
    {
      guard weight.isFinite else { return nil }
      path = String(argument[..<colon])
      self.weight = weight
    } else {
      path = argument
      weight = 1
    }
  }
}

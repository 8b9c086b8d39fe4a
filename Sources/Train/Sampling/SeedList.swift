import ArgumentParser
import Datasets

/// Seeds of pictures: `1,2,3`, or `8-10` for 8, 9 and 10.
struct SeedList: Hashable {
  let seeds: [UInt32]
}

extension SeedList: ExpressibleByArgument, CustomStringConvertible {
  init?(argument: String) {
    var seeds: [UInt32] = []
    for text in argument.split(separator: ",", omittingEmptySubsequences: false) {
      guard let range = Self.range(trimmed(text)), range.count <= 1000 else { return nil }
      seeds += range
    }
    self.seeds = seeds
  }

  /// A number, or the first and the last with a hyphen or two dots between.
  private static func range(_ text: String) -> ClosedRange<UInt32>? {
    if let seed = UInt32(text) { return seed...seed }
    guard let mark = text.firstRange(of: "..") ?? text.firstRange(of: "-"),
      let first = UInt32(text[..<mark.lowerBound]), let last = UInt32(text[mark.upperBound...]),
      first <= last
    else { return nil }
    return first...last
  }

  var defaultValueDescription: String { seeds.map(String.init).joined(separator: ",") }
  var description: String { defaultValueDescription }
}

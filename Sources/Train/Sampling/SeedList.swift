import ArgumentParser

/// Seeds of pictures: `1,2,3`.
struct SeedList: Hashable {
  let seeds: [UInt32]
}

extension SeedList: ExpressibleByArgument, CustomStringConvertible {
  init?(argument: String) {
    let texts = argument.split(separator: ",", omittingEmptySubsequences: false)
    seeds = texts.compactMap { UInt32(trimmed($0)) }
    guard seeds.count == texts.count else { return nil }
  }

  var defaultValueDescription: String { seeds.map(String.init).joined(separator: ",") }
  var description: String { defaultValueDescription }
}

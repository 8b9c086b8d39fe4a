import ArgumentParser
import CommandSupport
import Datasets
import Diffusion

/// One picture to draw.
struct SamplePrompt: Hashable {
  var prompt = ""
  var negativePrompt = ""
  var width = 512
  var height = 512
  var steps = 30

  /// The factor by which predictions are moved from those for the negative prompt.
  var scale = 7.5

  /// nil draws another picture each time.
  var seed: UInt32?
  var sampler = SamplerMethod.ddim
}

extension SamplerMethod {
  /// The method for one of sd-scripts' names.
  init?(name: String) {
    switch name {
    case "ddim": self = .ddim
    case "euler", "k_euler": self = .euler
    case "euler_a", "k_euler_a": self = .eulerAncestral
    case "dpmsolver++": self = .dpmSolver2M
    default: return nil
    }
  }
}

extension SamplePrompt {
  /// Sets one of sd-scripts' settings; `key` is its name in a `.json` or `.toml` file.
  mutating func set(_ key: String, to text: String) throws(OptionsError.Reason) {
    switch key {
    case "prompt": prompt = text
    case "negative_prompt": negativePrompt = text
    case "width": width = try Self.side(key, text)
    case "height": height = try Self.side(key, text)
    case "seed": seed = try Self.value(key, text, .whole(0...UInt32.max))
    case "sample_steps": steps = try Self.value(key, text, .samplerSteps)
    case "scale": scale = try Self.value(key, text, .guidance)
    case "sample_sampler":
      let name = try Self.value(key, text, .sampler)
      sampler = SamplerMethod(name: name) ?? sampler
    default:
      throw .unknownKey(key, nearest: nearest(to: key, among: Self.keys))
    }
  }

  static let keys = [
    "prompt", "negative_prompt", "width", "height", "seed", "sample_steps", "scale",
    "sample_sampler",
  ]

  private static func side(_ key: String, _ text: String) throws(OptionsError.Reason) -> Int {
    let side = try value(key, text, .side)
    try PictureSide.check(side, key)
    return side
  }

  private static func value<Value>(
    _ key: String, _ text: String, _ domain: Domain<Value>
  ) throws(OptionsError.Reason) -> Value {
    do {
      return try domain.value(text)
    } catch {
      throw .wrongType(key, wanted: error.wanted, found: error.found)
    }
  }
}

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

import Diffusion

/// One picture to draw.
struct SamplePrompt: Hashable {
  var prompt = ""
  var negativePrompt = ""
  var width = 512
  var height = 512
  var steps = 30

  /// How far predictions are moved from those for the negative prompt.
  var scale = 7.5

  /// nil draws another picture each time.
  var seed: UInt32?
  var sampler = SamplerMethod.ddim
}

extension SamplerMethod {
  /// The method for one of sd-scripts' names.
  init(name: String) throws(OptionsError.Reason) {
    switch name {
    case "ddim": self = .ddim
    case "euler", "k_euler": self = .euler
    case "euler_a", "k_euler_a": self = .eulerAncestral
    case "dpmsolver++": self = .dpmSolver2M
    default:
      throw .unusable("there is no sampler '\(name)'; use ddim, euler, euler_a or dpmsolver++")
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
    case "seed": seed = try Self.number(key, text, "a number from 0 to 4294967295") { UInt32($0) }
    case "sample_steps":
      steps = try Self.number(key, text, "a number from 1 to 1000") { text in
        Int(text).flatMap { (1...1000).contains($0) ? $0 : nil }
      }
    case "scale": scale = try Self.number(key, text, "a number") { Double($0) }
    case "sample_sampler": sampler = try SamplerMethod(name: text)
    default:
      throw .unknownKey(key, nearest: nearest(to: key, among: Self.keys))
    }
  }

  static let keys = [
    "prompt", "negative_prompt", "width", "height", "seed", "sample_steps", "scale",
    "sample_sampler",
  ]

  private static func side(_ key: String, _ text: String) throws(OptionsError.Reason) -> Int {
    let side: Int = try number(key, text, "a number of pixels") { Int($0) }
    try PictureSide.check(side, key)
    return side
  }

  private static func number<Number>(
    _ key: String, _ text: String, _ wanted: String, _ read: (String) -> Number?
  ) throws(OptionsError.Reason) -> Number {
    guard let number = read(text) else { throw .wrongType(key, wanted: wanted, found: "'\(text)'") }
    return number
  }
}

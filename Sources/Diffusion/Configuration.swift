import FoundationEssentials

// What `config.json` of a diffusers folder says, as far as it matters; the rest is in the shapes.
//
// Fields are the file's, which are spelled `block_out_channels`. Each number has a type that holds
// no other values than a network can have: decoding refuses the rest, and nobody after it need.

/// A whole number from 1 to 2²⁰: a width, a number of layers, a token's id.
struct Count: Decodable {
  static let range = 1...1 << 20

  let value: Int

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = try? container.decode(Int.self), Self.range.contains(value) else {
      throw container.refusal("a whole number from 1 to \(Self.range.upperBound)")
    }
    self.value = value
  }
}

/// A number above 0 that float32 holds with all its digits: an epsilon, a factor.
struct PositiveNumber: Decodable {
  let value: Float

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = (try? container.decode(Double.self)).map(Float.init), value > 0,
      value.isNormal
    else { throw container.refusal("a number above 0 that float32 holds") }
    self.value = value
  }
}

/// One number, or one per level.
enum OneOrMany: Decodable {
  case one(Count)
  case many([Count])

  init(from decoder: any Decoder) throws {
    if var list = try? decoder.unkeyedContainer() {
      var values: [Count] = []
      while !list.isAtEnd { values.append(try list.decode(Count.self)) }
      self = .many(values)
    } else {
      self = .one(try Count(from: decoder))
    }
  }

  /// The number of each level.
  func values(_ count: Int) -> [Int] {
    switch self {
    case .one(let value): Array(repeating: value.value, count: count)
    case .many(let values): values.map(\.value)
    }
  }
}

struct UNetFile: Decodable {
  let blockOutChannels: [Count]
  let sampleSize: OneOrMany?
  let attentionHeadDim: OneOrMany?
  let numAttentionHeads: OneOrMany?
  let normNumGroups: Count?
  let normEps: PositiveNumber?
  let additionTimeEmbedDim: Count?
}

struct VAEFile: Decodable {
  let blockOutChannels: [Count]
  let normNumGroups: Count?
  let scalingFactor: PositiveNumber?
}

struct TextEncoderFile: Decodable {
  let numAttentionHeads: Count
  let numHiddenLayers: Count
  let hiddenAct: String?
  let layerNormEps: PositiveNumber?
  let eosTokenId: Count?
}

struct SchedulerFile: Decodable {
  let predictionType: String?
}

/// Reads a configuration; `nil` where there is no such file.
func configuration<File: Decodable>(_ type: File.Type, at path: String) throws -> File? {
  guard FileManager.default.fileExists(atPath: path) else { return nil }
  return try configuration(type, json: Data(contentsOf: URL(filePath: path)), file: path)
}

func configuration<File: Decodable>(
  _ type: File.Type, json: Data, file: String
) throws(DiffusionError) -> File {
  do {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: json)
  } catch {
    let detail = (error as? DecodingError)?.sentence ?? "it is no valid JSON"
    throw DiffusionError(file: file, reason: .badConfiguration(detail))
  }
}

extension SingleValueDecodingContainer {
  /// The error of a value that is not what is wanted.
  fileprivate func refusal(_ wanted: String) -> DecodingError {
    let found =
      (try? decode(Int.self)).map { "\($0)" } ?? (try? decode(Double.self)).map { "\($0)" }
    return .dataCorrupted(
      DecodingError.Context(
        codingPath: codingPath, debugDescription: "is \(found ?? "not a number"), not \(wanted)"))
  }
}

extension DecodingError {
  /// A sentence on the fault, with the key as the file spells it.
  fileprivate var sentence: String {
    switch self {
    case .keyNotFound(let key, let context):
      "it has no '\(Self.name(context.codingPath + [key]))'"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      context.codingPath.isEmpty
        ? "it is no JSON object" : "'\(Self.name(context.codingPath))' is of the wrong type"
    case .dataCorrupted(let context):
      context.codingPath.isEmpty
        ? "it is no valid JSON" : "'\(Self.name(context.codingPath))' \(context.debugDescription)"
    @unknown default: "it cannot be decoded"
    }
  }

  /// `block_out_channels[1]` of the path `blockOutChannels`, 1.
  private static func name(_ path: [any CodingKey]) -> String {
    path.map { key in
      key.intValue.map { "[\($0)]" }
        ?? key.stringValue.reduce(into: "") { name, letter in
          name += letter.isUppercase ? "_" + letter.lowercased() : String(letter)
        }
    }.joined()
  }
}

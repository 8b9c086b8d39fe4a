import FoundationEssentials

// What `config.json` of a diffusers folder says, as far as it matters; the rest is in the shapes.

// Fields are the file's, which are spelled `in_channels`.

/// One number, or one a level.
enum OneOrMany: Decodable {
  case one(Int)
  case many([Int])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Int.self) {
      self = .one(value)
    } else {
      self = .many(try container.decode([Int].self))
    }
  }

  /// The number of each level.
  func values(_ count: Int) -> [Int] {
    switch self {
    case .one(let value): Array(repeating: value, count: count)
    case .many(let values): values
    }
  }
}

struct UNetFile: Decodable {
  let inChannels: Int?
  let blockOutChannels: [Int]
  let sampleSize: OneOrMany?
  let layersPerBlock: OneOrMany?
  let downBlockTypes: [String]?
  let attentionHeadDim: OneOrMany?
  let numAttentionHeads: OneOrMany?
  let transformerLayersPerBlock: OneOrMany?
  let normNumGroups: Int?
  let normEps: Float?
  let additionTimeEmbedDim: Int?
}

struct VAEFile: Decodable {
  let blockOutChannels: [Int]
  let layersPerBlock: Int?
  let normNumGroups: Int?
  let scalingFactor: Float?
}

struct TextEncoderFile: Decodable {
  let numAttentionHeads: Int
  let numHiddenLayers: Int
  let hiddenAct: String?
  let layerNormEps: Float?
  let eosTokenId: Int?
}

struct SchedulerFile: Decodable {
  let predictionType: String?
}

/// Reads a configuration; `nil` where there is no such file.
func configuration<File: Decodable>(_ type: File.Type, at path: String) throws -> File? {
  guard FileManager.default.fileExists(atPath: path) else { return nil }
  do {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(contentsOf: URL(filePath: path)))
  } catch {
    throw DiffusionError(file: path, reason: .badConfiguration("\(error)"))
  }
}

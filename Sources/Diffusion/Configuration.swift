import FoundationEssentials

// What `config.json` of a diffusers folder says, as far as it matters; the rest is in the shapes.

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
  let in_channels: Int?
  let block_out_channels: [Int]
  let layers_per_block: OneOrMany?
  let down_block_types: [String]?
  let attention_head_dim: OneOrMany?
  let num_attention_heads: OneOrMany?
  let transformer_layers_per_block: OneOrMany?
  let norm_num_groups: Int?
  let norm_eps: Float?
  let addition_time_embed_dim: Int?
}

struct VAEFile: Decodable {
  let block_out_channels: [Int]
  let layers_per_block: Int?
  let norm_num_groups: Int?
  let scaling_factor: Float?
}

struct TextEncoderFile: Decodable {
  let num_attention_heads: Int
  let num_hidden_layers: Int
  let hidden_act: String?
  let layer_norm_eps: Float?
  let eos_token_id: Int?
}

struct SchedulerFile: Decodable {
  let prediction_type: String?
}

/// Reads a configuration; `nil` where there is no such file.
func configuration<File: Decodable>(_ type: File.Type, at path: String) throws -> File? {
  guard FileManager.default.fileExists(atPath: path) else { return nil }
  do {
    return try JSONDecoder().decode(type, from: Data(contentsOf: URL(filePath: path)))
  } catch {
    throw DiffusionError(file: path, reason: .badConfiguration("\(error)"))
  }
}

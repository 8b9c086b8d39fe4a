package import Names
package import QuantizedWeights
package import Safetensors
package import Tensors

/// Maps layers to the tensors of a checkpoint that hold them.
///
/// A layer may be some rows of a tensor (OpenCLIP's and Flux's fused q, k, v), a transposed tensor,
/// or several tensors. A layer that adapters divide in two ways is found under both divisions.
package struct CheckpointLayers: Sendable {
  package enum Role: Hashable, Sendable {
    case weight
    case bias
  }

  package struct Key: Hashable, Sendable {
    package let target: Target
    package let role: Role

    package init(_ target: Target, _ role: Role) {
      self.target = target
      self.role = role
    }
  }

  /// Some rows of a layer, and the tensor that holds them.
  package struct Piece: Sendable {
    /// The index of the checkpoint's part.
    package let part: Int
    package let entry: Header.Entry

    /// Turns the tensor's codes into numbers; `nil` where the tensor holds numbers.
    package let quantized: (any StoredWeight)?

    /// The rows of the tensor, or of its transpose if it is transposed.
    package let rows: Range<Int>

    /// The row of the layer at which they begin.
    package let offset: Int
    package let isTransposed: Bool

    /// The shape of the numbers.
    package var shape: Shape { quantized?.shape ?? entry.shape }

    /// The extents of the tensor, or of its transpose.
    package var extents: [Int] { isTransposed ? shape.extents.reversed() : shape.extents }

    package var columns: Int { extents.dropFirst().reduce(1, *) }
  }

  package let checkpoint: Checkpoint

  /// The family of models that the checkpoint belongs to.
  package let model: BaseModel

  /// The networks whose weights are stored in a way that cannot be read, each with its error.
  let unread: [Target.Network: AdapterError]

  /// The layers in file order, divided as the checkpoint divides them.
  package private(set) var keys: [Key] = []
  private var pieces: [Key: [Piece]] = [:]

  /// The tensors of no layer, with their component: a VAE's, tables, buffers.
  package private(set) var others: [(component: String, part: Int, entry: Header.Entry)] = []

  /// - Parameter adapters: The adapters to add. Their tables, and layers that a configuration calls
  ///   `fan_in_fan_out`, are taken as outputs × inputs, as their factors are.
  package init(_ checkpoint: Checkpoint, for adapters: [Adapter] = []) {
    self.checkpoint = checkpoint
    unread = checkpoint.unreadQuantizations
    let transposed = TransposedLayers(in: checkpoint, for: adapters)
    // Tables of several families list the same layers; the adapters then say which family is meant.
    let (own, meant) = (checkpoint.baseModel, Set(adapters.map(\.baseModel)))
    model = own == .unknown && meant.count == 1 ? meant.first ?? own : own
    for (index, part) in checkpoint.parts.enumerated() {
      for entry in part.file.header.entries {
        if part.quantized.isCompanion(entry.name) { continue }
        if !add(entry, index, part.component, transposed) {
          others.append((part.component, index, entry))
        }
      }
    }
    if let family = Family.of(model), family.hasTable { addOtherWorlds(family) }
  }

  /// The layers as a world divides them.
  ///
  /// A layer that no table knows, or that the world lacks, stays the checkpoint's own.
  package func keys(in world: World) -> [Key] {
    guard let family = Family.of(model), family.hasTable else { return keys }
    var seen: Set<Key> = []
    return keys.flatMap { key in
      let places = family.places(of: key.target, in: world) ?? []
      return places.isEmpty ? [key] : places.map { Key($0.target, key.role) }
    }.filter { shape($0) != nil && seen.insert($0).inserted }
  }

  /// The pieces of a layer in the order of its rows; empty where the checkpoint lacks it.
  package subscript(key: Key) -> [Piece] {
    (pieces[key] ?? []).sorted { $0.offset < $1.offset }
  }

  /// Whether the layer's weight is stored inputs × outputs.
  package func isTransposed(_ key: Key) -> Bool { pieces[key]?.first?.isTransposed ?? false }

  /// The layer's extents, outputs first; `nil` where the checkpoint lacks some of it.
  package func shape(_ key: Key) -> Shape? {
    let pieces = self[key]
    guard let first = pieces.first else { return nil }
    var rows = 0
    for piece in pieces {
      guard piece.offset == rows, piece.columns == first.columns else { return nil }
      rows += piece.rows.count
    }
    return Shape([rows] + first.extents.dropFirst())
  }
}

// MARK: - Names

extension CheckpointLayers {
  /// - Returns: Whether the tensor holds a layer's weight or bias.
  private mutating func add(
    _ entry: Header.Entry, _ part: Int, _ component: String, _ transposed: TransposedLayers
  ) -> Bool {
    let quantized = checkpoint.parts[part].quantized.weights[entry.name]
    guard quantized != nil || entry.type.isStoredFloat,
      let place = Place(entry.name.string, component)
    else { return false }
    let shape = quantized?.shape ?? entry.shape
    let isTransposed = place.isTransposed || transposed.contains(shape, entry.name.string, place)
    let extents = isTransposed ? shape.extents.reversed() : shape.extents
    guard let outputs = extents.first, outputs % place.targets.count == 0 else { return false }
    let height = outputs / place.targets.count
    for (index, target) in place.targets.enumerated() {
      let piece = Piece(
        part: part, entry: entry, quantized: quantized,
        rows: index * height..<(index + 1) * height, offset: 0, isTransposed: isTransposed)
      let key = Key(target.resolved(in: model), place.role)
      // If two tensors have one name, as in a file with an EMA copy, the first counts.
      if pieces[key] == nil {
        pieces[key] = [piece]
        keys.append(key)
      }
    }
    return true
  }

  /// Adds the denoiser's layers under the other names that the family's table has for their rows.
  private mutating func addOtherWorlds(_ family: Family) {
    let own = Set(keys)
    for key in keys where key.target.network == .denoiser {
      guard let piece = pieces[key]?.first else { continue }
      let rows = piece.rows.count
      let columns = (key.role == .weight ? piece : pieces[Key(key.target, .weight)]?.first)?.columns
      for place in family.allPlaces(of: key.target) where rows % place.shareCount == 0 {
        let other = Key(place.target, key.role)
        if own.contains(other) { continue }
        for (range, row) in place.moves(ofOwn: rows, inputs: columns) {
          pieces[other, default: []].append(piece.slice(range, offset: row))
        }
      }
    }
  }
}

extension CheckpointLayers.Piece {
  fileprivate func slice(_ range: Range<Int>, offset: Int) -> CheckpointLayers.Piece {
    let first = rows.lowerBound + range.lowerBound
    return CheckpointLayers.Piece(
      part: part, entry: entry, quantized: quantized, rows: first..<first + range.count,
      offset: offset, isTransposed: isTransposed)
  }
}

/// The layers of a checkpoint whose weights are stored inputs × outputs.
private struct TransposedLayers {
  /// Whether the checkpoint's attention is made of GPT-2's Conv1D.
  private let hasConv1D: Bool

  /// The extents that adapters give for their layers.
  private let layers: [Target: Module.Extents]

  init(in checkpoint: Checkpoint, for adapters: [Adapter]) {
    hasConv1D = checkpoint.parts.contains { part in
      part.file.header.entries.contains { entry in
        let extents = (part.quantized.weights[entry.name]?.shape ?? entry.shape).extents
        return extents.count == 2 && extents[0] < extents[1]
          && [".c_attn.weight", ".c_fc.weight"].contains { entry.name.string.hasSuffix($0) }
      }
    }
    let modules = adapters.flatMap(\.modules).filter { $0.isTransposed && $0.rank > 0 }
    layers = Dictionary(
      modules.map { ($0.target, $0.extents) }, uniquingKeysWith: { first, _ in first })
  }

  func contains(_ shape: Shape, _ name: String, _ place: Place) -> Bool {
    let extents = shape.extents
    guard place.role == .weight, extents.count == 2, let target = place.targets.first else {
      return false
    }
    if hasConv1D {
      let names = [".c_attn.weight", ".c_proj.weight", ".c_fc.weight", ".q_attn.weight"]
      if names.contains(where: name.hasSuffix) { return true }
    }
    guard let own = layers[target] else { return false }
    // A configuration speaks of all layers, although PEFT applies it to Conv1D only.
    return own.outputs == own.inputs || extents != [own.outputs, own.inputs]
  }
}

/// The layers and the component that a tensor's name gives.
private struct Place {
  /// There are several if one tensor holds the rows of several layers.
  let targets: [Target]
  let role: CheckpointLayers.Role
  let isTransposed: Bool

  init?(_ name: String, _ component: String) {
    let encoder = CheckpointNames.encoders.first { $0.isOpenCLIP && name.hasPrefix($0.prefix) }
    if let encoder {
      self.init(openCLIP: String(name.dropFirst(encoder.prefix.count)), encoder.component)
      return
    }
    guard let dot = name.lastIndex(of: "."), Self.components.contains(component) else {
      return nil
    }
    guard let role = Self.roles[name[dot...]] else { return nil }
    let prefix = component.hasPrefix("text_encoder") ? component + "." : ""
    guard let target = Checkpoint.target(of: prefix + name[..<dot]) else { return nil }
    self.init(targets: [target], role: role)
  }

  private static let roles: [Substring: CheckpointLayers.Role] = [
    ".weight": .weight, ".bias": .bias, ".in_proj_weight": .weight, ".in_proj_bias": .bias,
  ]

  private init(targets: [Target], role: CheckpointLayers.Role, isTransposed: Bool = false) {
    self.targets = targets
    self.role = role
    self.isTransposed = isTransposed
  }

  private init?(openCLIP name: String, _ encoder: String) {
    if name == "text_projection" {
      self.init(
        targets: [Target.parse(encoder + name).target], role: .weight, isTransposed: true)
      return
    }
    let endings: [(String, CheckpointLayers.Role, isFused: Bool)] = [
      (".in_proj_weight", .weight, true), (".in_proj_bias", .bias, true),
      (".weight", .weight, false), (".bias", .bias, false),
    ]
    guard let (ending, role, isFused) = endings.first(where: { name.hasSuffix($0.0) }),
      let path = OpenCLIPNames.path(String(name.dropLast(ending.utf8.count)))
    else { return nil }
    let paths = isFused ? OpenCLIPNames.fused.map { "\(path).\($0)" } : [path]
    self.init(targets: paths.map { Target.parse(encoder + $0).target }, role: role)
  }

  /// The folders whose networks adapters change; a single file has no such name.
  private static let components: Set = [
    "", "unet", "transformer", "text_encoder", "text_encoder_2", "text_encoder_3",
  ]
}

import Synchronization

/// The names that one family of models gives its layers in every world.
///
/// Each family is one value in its own file and one entry of `all`.
package struct Family: Sendable {
  package let model: BaseModel

  /// The hidden widths of the published models; empty if names alone identify them.
  let widths: Set<Int>

  /// The numbers of blocks in published models, by the words before the block's number.
  let depths: [String: Set<Int>]

  /// The world whose names the trainer flattens, except for layers with special names.
  let trainerWorld: World

  /// The trainers that write flattened names.
  package let trainers: [String]

  /// The prefix of the denoiser's flattened names.
  let trainerPrefix: String

  /// The denoiser's component in diffusers' pipeline.
  let component: String

  /// Components of diffusers' pipeline, by the first word of their paths, that are part of the
  /// denoiser in other worlds.
  let ownComponents: Set<String>

  /// Whether ComfyUI also reads diffusers' names, after `transformer.` and `diffusion_model.`.
  package let comfyReadsDiffusers: Bool

  /// Whether ComfyUI reads them flattened after `lora_transformer_`.
  package let comfyReadsOneTrainer: Bool

  /// The text encoders, with their names in every world.
  package let encoders: [FamilyEncoder]

  private let names: FamilyNames

  init(
    _ model: BaseModel, widths: Set<Int> = [], depths: [String: Set<Int>] = [:],
    trainer: World = .original, trainers: [String] = ["musubi-tuner"],
    trainerPrefix: String = "lora_unet_", component: String = "transformer",
    ownComponents: Set<String> = [], comfyReadsDiffusers: Bool = false,
    comfyReadsOneTrainer: Bool = false, encoders: [FamilyEncoder] = [], layers table: String = ""
  ) {
    self.model = model
    self.widths = widths
    self.depths = depths
    trainerWorld = trainer
    self.trainers = trainers
    self.trainerPrefix = trainerPrefix
    self.component = component
    self.ownComponents = ownComponents
    self.comfyReadsOneTrainer = comfyReadsOneTrainer
    self.comfyReadsDiffusers = comfyReadsDiffusers
    self.encoders = encoders
    names = FamilyNames(table: table, trainer: trainer)
  }

  var layers: [FamilyLayer] { names.parsed.layers }
}

/// The names of a family's table, parsed when the first one is looked for: a run meets one or two of
/// two dozen families.
private final class FamilyNames: Sendable {
  /// A name in the table.
  struct Spot: Sendable {
    let layer: Int
    let part: FamilyLayer.Part

    /// The worlds that use it; empty for alternative names.
    let worlds: Set<World>
  }

  struct Parsed: Sendable {
    let layers: [FamilyLayer]

    /// The entries of the table, by the shape of the name.
    var spots: [String: [Spot]] = [:]
  }

  private let table: String
  private let trainer: World
  private let kept = Mutex<Parsed?>(nil)

  init(table: String, trainer: World) {
    self.table = table
    self.trainer = trainer
  }

  var isEmpty: Bool { table.isEmpty }

  var parsed: Parsed {
    kept.withLock { kept in
      if let kept { return kept }
      var parsed = Parsed(layers: FamilyTable(table).layers)
      for (index, layer) in parsed.layers.enumerated() {
        for spot in spots(of: layer, index) {
          parsed.spots[spot.part.pattern.shape, default: []].append(spot)
        }
      }
      kept = parsed
      return parsed
    }
  }

  /// The distinct names of a layer, the authors' first.
  private func spots(of layer: FamilyLayer, _ index: Int) -> [Spot] {
    var spots: [Spot] = []
    for world in World.allCases {
      for part in layer.parts(in: world, trainer: trainer) {
        if let place = spots.firstIndex(where: { $0.part.pattern.path == part.pattern.path }) {
          let spot = spots[place]
          spots[place] = Spot(
            layer: index, part: spot.part, worlds: spot.worlds.union([world]))
        } else {
          spots.append(Spot(layer: index, part: part, worlds: [world]))
        }
      }
    }
    return spots + layer.others.map { Spot(layer: index, part: $0, worlds: []) }
  }
}

// MARK: - Finding a name

/// A layer's name, found in a family's table.
struct FoundLayer {
  let layer: FamilyLayer
  let part: FamilyLayer.Part
  let worlds: Set<World>

  /// The numbers of the blocks that contain the layer.
  let blocks: [Int]

  var path: String { part.pattern.path(blocks: blocks) }
}

extension Family {
  /// Finds a layer by its name; a dotted name must have the table's dots.
  func find(_ name: NumberedName, path: String?) -> FoundLayer? {
    let names = names.parsed
    for spot in names.spots[name.shape] ?? [] {
      guard let blocks = spot.part.pattern.blocks(of: name) else { continue }
      let found = FoundLayer(
        layer: names.layers[spot.layer], part: spot.part, worlds: spot.worlds, blocks: blocks)
      if path == nil || path == found.path { return found }
    }
    return nil
  }

  func find(_ target: Target) -> FoundLayer? {
    guard target.network == .denoiser else { return nil }
    return find(NumberedName(target.key), path: target.path)
  }

  /// The dotted path of a flattened name; `nil` if it is no name of the table.
  package func path(ofFlattened name: String) -> String? {
    find(NumberedName(name), path: nil)?.path
  }

  /// Whether the family has a table of the denoiser's layers; `UNetNames` has those of U-Nets.
  package var hasTable: Bool { !names.isEmpty }

  /// Whether the family's table has a denoiser's layer under some world's name.
  package func knows(_ target: Target) -> Bool { find(target) != nil }

  /// The worlds that give a layer this name; empty if none does.
  package func worlds(of target: Target) -> Set<World> { find(target)?.worlds ?? [] }
}

package import Names
import Tensors

/// Whose way a file's names are spelled, and what that way can hold.
///
/// A naming is one value in a file of its own, and stands in `all`.
package struct Naming: Sendable {
  /// As options and reports spell it.
  package let name: String

  /// A part is written as the first of these spells it.
  let spellings: [Spelling]

  /// Whether the parts' suffixes alone show the naming; else what stands before a layer's name
  /// does, else that name.
  var isShownBySuffixes: @Sendable (ModuleName) -> Bool = { _ in false }
  var isShownByPrefix: @Sendable (String) -> Bool = { _ in false }
  var isShownByPath: @Sendable (ModuleName) -> Bool = { _ in false }

  /// Whether one module of the naming shows that of the file.
  var isShownByOneModule = false

  /// Whether results can have the naming.
  package var isWritten = true

  /// Whose names, and whose division of layers, files have; `nil` where they may have any.
  package var world: World?

  /// Whether paths that a file gives stay, whosever they are: PEFT wraps any model.
  var keepsPaths = false

  /// Whether a module's scale is stored beside its factors; else it is multiplied into up.
  package var storesAlpha = false

  /// Whether factors lie transposed: up as rank × outputs, down as inputs × rank.
  var isTransposed = false

  /// Whether whole differences and those of norms have a name.
  package var holdsDifferences = false

  /// Which modules' differences of the bias have a name.
  var biases = Biases.none

  /// Which tables that are looked up in can be told from other layers.
  var tables = Tables.none

  /// Whether LyCORIS's parts have a name, alpha beside them.
  var holdsLyCORIS = false

  /// The shape of DoRA's magnitudes, one an output; `nil` where they have no name.
  var magnitudes: @Sendable (Module.Extents) -> Shape? = { _ in nil }

  /// Whether files may hold embeddings (`bundle_emb.NAME.clip_l`) beside modules.
  ///
  /// Source: Nerogar/OneTrainer, which writes them; ComfyUI and the WebUI read them.
  var holdsEmbeddings = false

  /// The folder that files of the naming lie in, with their ranks and scales; `nil` where a file
  /// stands alone.
  package var folder: Folder?

  /// Whether a file's metadata hold ranks and scales.
  var keepsConfigurationInMetadata = false

  /// Whether a result says in its metadata which module of sd-scripts loads it.
  var namesNetworkModule = false

  /// Whether modules get new names even where an input has the naming: of SDXL, a file may have
  /// diffusers' ones under sd-scripts' prefix.
  package var renamesModules = false

  /// The programs that read files of the naming, for a model's family.
  var readers: @Sendable (Family?) -> [String] = { _ in [] }

  /// The name of a layer's module, without the parts' suffixes; `nil` where the naming has none.
  var moduleName: @Sendable (Target, BaseModel) -> String? = { _, _ in nil }

  enum Biases {
    case none
    case besideFactors
    case all
  }

  enum Tables {
    case none

    /// Their factors have suffixes of their own.
    case bySuffix

    /// Their factors are spelled as all others: the layer's name tells.
    case byName
  }

  /// Where programs look for an adapter's weights, beside `adapter_config.json`.
  package struct Folder: Sendable {
    package let weights: String
    package let configuration: @Sendable (ResultConfiguration) -> String
  }
}

extension Naming: Hashable {
  package static func == (a: Naming, b: Naming) -> Bool { a.name == b.name }

  package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Naming {
  /// Every naming.
  package static let all: [Naming] = [
    .kohya, .diffusers, .attentionProcessors, .peft, .comfy, .mlx, .cloneofsimo, .onetrainer,
    .loralib, .xlabs, .bflControl, .original,
  ]

  /// The naming that one module shows.
  init(of module: ModuleName) {
    self =
      Naming.all.first { $0.isShownBySuffixes(module) }
      ?? Naming.all.first { $0.isShownByPrefix(module.prefix) }
      ?? Naming.all.first { $0.isShownByPath(module) } ?? .comfy
  }

  /// The naming of most of some modules, unless one alone tells.
  init(of modules: [Module]) {
    var counts: [Naming: Int] = [:]
    for module in modules { counts[module.naming, default: 0] += 1 }
    self =
      Naming.all.first { $0.isShownByOneModule && counts[$0] != nil }
      ?? Naming.all.max { counts[$0, default: 0] < counts[$1, default: 0] } ?? .kohya
  }

  /// Whether the factors of a table that is looked up in can be told from a layer's.
  package func holdsTable(_ target: Target) -> Bool {
    switch tables {
    case .none: false
    case .bySuffix: true
    case .byName: target.isTokenTable
    }
  }

  /// Whether factors of a layer have a shape: transposed ones are matrices, without a kernel.
  package func holdsFactors(of extents: Module.Extents) -> Bool {
    !isTransposed || !extents.hasWideKernel
  }

  /// Whether a difference of the bias has a name beside a module.
  ///
  /// - Parameter hasFactors: Whether the module has factors.
  package func holdsBiases(hasFactors: Bool) -> Bool {
    switch biases {
    case .none: false
    case .besideFactors: hasFactors
    case .all: true
    }
  }

  /// Whose names an adapter's layers get.
  package func world(for adapter: Adapter) -> World? {
    keepsPaths && adapter.hasPaths ? adapter.world : world
  }

  /// The programs that read an adapter of the naming for a model.
  package func readers(of model: BaseModel) -> [String] { readers(Family.of(model)) }

  /// The name of a layer's module, without the parts' suffixes; `nil` where the naming has none, or
  /// the table of the model's layers knows no such layer.
  package func moduleName(for target: Target, in model: BaseModel) -> String? {
    if target.network == .denoiser, let family = Family.of(model), family.hasTable,
      !family.knows(target)
    {
      return nil
    }
    return moduleName(target, model)
  }
}

/// What a module's name and the suffixes of its parts show of their naming.
struct ModuleName {
  /// What stands before the layer's own name; empty where nothing does.
  let prefix: String

  /// The whole name.
  let path: String
  let spellings: Set<Spelling>
  let hasBias: Bool

  init(_ name: String, prefix: String, spellings: Set<Spelling>, hasBias: Bool) {
    // DiffSynth's word for the model says nothing of the naming.
    let isBare = prefix == "pipe.dit."
    self.prefix = isBare ? "" : prefix
    path = isBare ? String(name.dropFirst(prefix.count)) : name
    self.spellings = spellings
    self.hasBias = hasBias
  }

  var isBare: Bool { prefix.isEmpty }

  /// Whether the layer is one of Flux's blocks as its authors name them.
  var isOfFlux: Bool { ["double_blocks.", "single_blocks."].contains { path.hasPrefix($0) } }
}

package import Names
import Tensors

/// The names that a program gives an adapter's tensors, and what files with these names can hold.
///
/// Each naming is one value in its own file and one entry of `all`.
package struct Naming: Sendable {
  /// The name in options and reports.
  package let name: String

  /// The spellings of parts; a part is written in the first that has it.
  let spellings: [Spelling]

  /// Whether the parts' suffixes alone show the naming; otherwise the prefix of the layer's name
  /// shows it, or that name itself.
  var isShownBySuffixes: @Sendable (ModuleName) -> Bool = { _ in false }
  var isShownByPrefix: @Sendable (String) -> Bool = { _ in false }
  var isShownByPath: @Sendable (ModuleName) -> Bool = { _ in false }

  /// Whether one module with this naming decides the naming of the file.
  var isShownByOneModule = false

  /// Whether a result can have this naming.
  package var isWritten = true

  /// The world whose names and division of layers the files have; `nil` where any is possible.
  package var world: World?

  /// Whether a file's paths are kept in whichever world they are: PEFT wraps any model.
  var keepsPaths = false

  /// Whether a module's scale is stored beside its factors; otherwise it is multiplied into up.
  package var storesAlpha = false

  /// Whether factors are stored transposed: up as rank × outputs, down as inputs × rank.
  var isTransposed = false

  /// Whether full differences, and differences of norms, have a name.
  package var holdsDifferences = false

  /// Which modules' bias differences have a name.
  var biases = Biases.none

  /// How factors of embedding tables differ from those of other layers.
  var tables = Tables.none

  /// Whether LyCORIS's parts have names, with alpha beside them.
  var holdsLyCORIS = false

  /// The shape of DoRA's magnitudes, one per output; `nil` where they have no name.
  var magnitudes: @Sendable (Module.Extents) -> Shape? = { _ in nil }

  /// Whether files may hold embeddings (`bundle_emb.NAME.clip_l`) beside modules.
  ///
  /// Source: Nerogar/OneTrainer, which writes them; ComfyUI and the WebUI read them.
  var holdsEmbeddings = false

  /// The folder that contains files of this naming, with their ranks and scales; `nil` for a naming
  /// of single files.
  package var folder: Folder?

  /// Whether a file's metadata hold ranks and scales.
  var keepsConfigurationInMetadata = false

  /// Whether a result's metadata name the module of sd-scripts that loads it.
  var namesNetworkModule = false

  /// Whether modules get new names even if an input has this naming: an SDXL file may have
  /// diffusers' names behind sd-scripts' prefix.
  package var renamesModules = false

  /// The programs that read files of this naming, by the model's family.
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

    /// Factors of tables have their own suffixes.
    case bySuffix

    /// Factors of tables have the usual suffixes; the layer's name shows that it is a table.
    case byName
  }

  /// The names of weights that programs look for beside `adapter_config.json`.
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

  /// The naming that a single module shows.
  init(of module: ModuleName) {
    self =
      Naming.all.first { $0.isShownBySuffixes(module) }
      ?? Naming.all.first { $0.isShownByPrefix(module.prefix) }
      ?? Naming.all.first { $0.isShownByPath(module) } ?? .comfy
  }

  /// The naming of most modules, unless one module decides it alone.
  init(of modules: [Module]) {
    var counts: [Naming: Int] = [:]
    for module in modules { counts[module.naming, default: 0] += 1 }
    self =
      Naming.all.first { $0.isShownByOneModule && counts[$0] != nil }
      ?? Naming.all.max { counts[$0, default: 0] < counts[$1, default: 0] } ?? .kohya
  }

  /// Whether the naming distinguishes the factors of an embedding table from a layer's.
  package func holdsTable(_ target: Target) -> Bool {
    switch tables {
    case .none: false
    case .bySuffix: true
    case .byName: target.isTokenTable
    }
  }

  /// Whether the naming can hold factors of a layer; transposed factors are matrices without a
  /// kernel.
  package func holdsFactors(of extents: Module.Extents) -> Bool {
    !isTransposed || !extents.hasWideKernel
  }

  /// Whether a bias difference has a name beside a module.
  ///
  /// - Parameter hasFactors: Whether the module has factors.
  package func holdsBiases(hasFactors: Bool) -> Bool {
    switch biases {
    case .none: false
    case .besideFactors: hasFactors
    case .all: true
    }
  }

  /// The world whose names an adapter's layers get.
  package func world(for adapter: Adapter) -> World? {
    keepsPaths && adapter.hasPaths ? adapter.world : world
  }

  /// The programs that read an adapter of the naming for a model.
  package func readers(of model: BaseModel) -> [String] { readers(Family.of(model)) }

  /// The name of a layer's module, without the parts' suffixes; `nil` where the naming has none, or
  /// the model's table has no such layer.
  package func moduleName(for target: Target, in model: BaseModel) -> String? {
    if target.network == .denoiser, let family = Family.of(model), family.hasTable,
      !family.knows(target)
    {
      return nil
    }
    return moduleName(target, model)
  }
}

/// A module's name and suffixes, which show the naming.
struct ModuleName {
  /// The text before the layer's own name; may be empty.
  let prefix: String

  /// The whole name.
  let path: String
  let spellings: Set<Spelling>
  let hasBias: Bool

  init(_ name: String, prefix: String, spellings: Set<Spelling>, hasBias: Bool) {
    // DiffSynth's prefix for the model does not decide the naming.
    let isBare = prefix == "pipe.dit."
    self.prefix = isBare ? "" : prefix
    path = isBare ? String(name.dropFirst(prefix.count)) : name
    self.spellings = spellings
    self.hasBias = hasBias
  }

  var isBare: Bool { prefix.isEmpty }

  /// Whether the layer belongs to one of Flux's blocks, by the names of its authors.
  var isOfFlux: Bool { ["double_blocks.", "single_blocks."].contains { path.hasPrefix($0) } }
}

import Adapters
import Files
import LinearAlgebra
import Names
import Safetensors
import Tensors

/// The measurements of one file; encodes as the JSON of the contract.
struct Inspection: Encodable {
  let file: String
  let bytes: Int
  let tensors: Int
  let dtypes: [String: Int]
  let parameters: Int
  let format: String
  let baseModel: String

  /// The storage of a checkpoint's weights if they are scaled or packed, such as `scaled FP8`.
  let quantization: [String]

  /// The scaled or packed weights, by scheme.
  let quantized: [QuantizedInspection]
  let metadata: [String: String]
  let modules: [ModuleInspection]

  /// `nil` for a folder of several files.
  let hashes: Hashes?

  /// The networks of a checkpoint; empty for an adapter.
  let components: [ComponentInspection]
  let otherTensors: [String]
  let warnings: [String]

  private enum CodingKeys: String, CodingKey {
    case file
    case bytes
    case tensors
    case dtypes
    case parameters
    case format
    case baseModel = "base_model"
    case quantization
    case quantized
    case metadata
    case modules
    case hashes
    case components
    case otherTensors = "other_tensors"
    case warnings
  }
}

/// The measurements beyond names and shapes.
struct InspectionDepth {
  /// The purpose of reading every weight.
  enum Measure {
    case norms
    case spectra
  }

  let measure: Measure
  let computesHashes: Bool

  /// Whether the numbers of a checkpoint's quantised weights are read.
  var readsWeights = false
  let threads: Int
}

extension Inspection {
  init(
    path: String, _ source: AdapterSource, depth: InspectionDepth,
    onModule: @Sendable () -> Void = {}
  ) throws {
    switch source {
    case .adapter(let adapter):
      try self.init(path: path, adapter, depth: depth, onModule: onModule)
    case .checkpoint(let checkpoint):
      try self.init(path: path, checkpoint, depth: depth, onWeight: onModule)
    case .other(let file, let reason):
      let parts = Checkpoint(path: path, parts: [.init(component: "", file: file)])
      self.init(
        path: path, files: [file], format: "unknown", baseModel: .unknown, modules: [],
        components: parts.components.map { ComponentInspection($0, $1) },
        others: file.header.entries.map(\.name.string), warnings: ["the file \(reason.reason)"],
        depth: depth)
    }
  }

  private init(
    path: String, _ adapter: Adapter, depth: InspectionDepth, onModule: @Sendable () -> Void
  ) throws {
    let modules = try parallelMap(count: adapter.modules.count, threads: depth.threads) { index in
      let module = adapter.modules[index]
      let inspected = try ModuleInspection(module, measure: depth.measure)
      onModule()
      return inspected
    }
    self.init(
      path: path, files: [adapter.file], format: adapter.naming.name,
      baseModel: adapter.baseModel, modules: modules,
      others: (adapter.others + adapter.orphans).map(\.name.string),
      warnings: adapter.warnings + adapter.unusualTargets, depth: depth)
  }

  private init(
    path: String, _ checkpoint: Checkpoint, depth: InspectionDepth, onWeight: @Sendable () -> Void
  ) throws {
    let files = checkpoint.parts.map(\.file)
    let counts = checkpoint.numberCounts
    self.init(
      path: path, files: files, format: "checkpoint", baseModel: checkpoint.baseModel, modules: [],
      components: checkpoint.components.map { ComponentInspection($0, $1, counts: counts) },
      others: [], warnings: [], quantization: checkpoint.quantizationSchemes,
      quantized: try QuantizedInspection.all(
        in: checkpoint, readsNumbers: depth.readsWeights, threads: depth.threads, onWeight: onWeight
      ),
      counts: counts, depth: depth)
  }

  private init(
    path: String, files: [SafetensorsFile], format: String, baseModel: BaseModel,
    modules: [ModuleInspection], components: [ComponentInspection] = [], others: [String],
    warnings: [String], quantization: [String] = [], quantized: [QuantizedInspection] = [],
    counts: [TensorName: Int] = [:], depth: InspectionDepth
  ) {
    let entries = files.flatMap(\.header.entries)
    file = path
    bytes = files.reduce(0) { $0 + $1.file.byteCount }
    tensors = entries.count
    dtypes = Dictionary(entries.map { ($0.type.rawValue, 1) }, uniquingKeysWith: +)
    parameters = entries.reduce(0) { $0 + (counts[$1.name] ?? $1.elementCount) }
    self.format = format
    self.baseModel = baseModel.rawValue
    self.quantization = quantization
    self.quantized = quantized
    metadata = Dictionary(
      files.flatMap(\.header.metadata.entries).map { ($0.key, $0.value) },
      uniquingKeysWith: { first, _ in first })
    self.modules = modules
    hashes = files.count == 1 && depth.computesHashes ? Hashes(of: files[0]) : nil
    self.components = components
    otherTensors = others
    self.warnings = warnings
  }

  /// The square root of the sum of the modules' squared norms.
  var norm: Double {
    modules.compactMap(\.norm).reduce(0) { $0 + $1 * $1 }.squareRoot()
  }
}

extension Adapter {
  /// Two modules of one file that change the same layer; most readers use only the last.
  fileprivate var unusualTargets: [String] {
    var seen: [Target: String] = [:]
    return modules.compactMap { module in
      defer { seen[module.target] = module.name }
      return seen[module.target].map { "\($0) and \(module.name) change the same layer" }
    }
  }
}

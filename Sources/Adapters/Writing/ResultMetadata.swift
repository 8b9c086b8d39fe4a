package import Files
import JSON
package import Names
package import Safetensors

/// The metadata of a result: the inputs' metadata, and how the result was made.
package struct ResultMetadata: Sendable {
  /// One input of the result.
  package struct Source: Sendable {
    let path: String
    let coefficient: Double
    let metadata: Metadata
    private let file: SafetensorsFile

    package init(_ adapter: Adapter, coefficient: Double) {
      path = adapter.file.path
      self.coefficient = coefficient
      metadata = adapter.file.header.metadata
      file = adapter.file
    }

    /// The SHA-256 of the weights; reads all of them.
    func modelHash() -> String { file.file.sha256(from: file.dataOffset) }

    /// The title in its metadata, or its file's name without extension.
    var title: String {
      metadata["modelspec.title"] ?? metadata["ss_output_name"] ?? stem(of: path)
    }
  }

  let sources: [Source]
  private let model: BaseModel
  private let comment: String

  /// The metadata that a training wrote; `nil` for a result made from other adapters.
  private let ofTraining: Metadata?

  /// Whether the result is made from files, which must not have changed meanwhile.
  var isOfInputs: Bool { ofTraining == nil }

  /// - Parameters:
  ///   - sources: The adapters that the result is made from.
  ///   - model: The model that the result is for.
  ///   - comment: A few words about the operation, such as `difference: b − a`.
  package init(sources: [Source], model: BaseModel, comment: String) {
    self.sources = sources
    self.model = model
    self.comment = comment
    ofTraining = nil
  }

  /// - Parameter entries: All metadata of a training's result except hashes.
  package init(ofTraining entries: [(key: String, value: String)]) {
    var metadata = Metadata()
    for (key, value) in entries { metadata[key] = value }
    (sources, model, comment, ofTraining) = ([], .unknown, "", metadata)
  }

  /// The metadata of a result under a naming.
  ///
  /// If two inputs have the same key, the first counts. Entries that describe the old tensors are
  /// replaced, or left out where the new tensors have no such entry.
  ///
  /// - Parameter sourceHashes: The sources' model hashes; zeros of equal length reserve space for
  ///   hashes that are not known yet.
  func metadata(
    naming: Naming, modules: [ResultModule], sourceHashes: [String]? = nil
  ) -> Metadata {
    if let ofTraining { return ofTraining }
    var result = Metadata()
    for source in sources.reversed() {
      for entry in source.metadata.entries where !isStale(entry.key) {
        result[entry.key] = entry.value
      }
    }
    let old = result["ss_training_comment"].flatMap { $0 == "None" ? nil : $0 }
    result["ss_training_comment"] = [comment, old].compactMap { $0 }.joined(separator: "; ")
    describeNetwork(modules, naming: naming, model: model, in: &result)
    describeModel(in: &result)
    if !sources.isEmpty {
      result["modelspec.merged_from"] = sources.map(\.title).joined(separator: ", ")
      result["lora.sources"] = sourcesText(
        sourceHashes ?? sources.map { _ in String(repeating: "0", count: 64) })
    }
    return result
  }

  private func describeModel(in result: inout Metadata) {
    result["modelspec.sai_model_spec"] = result["modelspec.sai_model_spec"] ?? "1.0.1"
    result["modelspec.date"] = dateText(Clock.ofProcess.now)
    if result["modelspec.architecture"] == nil, let spec = model.modelSpec() {
      result["modelspec.architecture"] = spec.architecture
      result["modelspec.implementation"] = spec.implementation
    }
    if result["ss_base_model_version"] == nil, let version = model.sdScriptsVersion() {
      result["ss_base_model_version"] = version
      result["ss_v2"] = model == .sd2 ? "True" : "False"
    }
  }

  /// One line of JSON with the inputs' names, coefficients and hashes.
  private func sourcesText(_ hashes: [String]) -> String {
    let values = zip(sources, hashes).map { source, hash in
      JSONValue.object([
        "coefficient": .number(source.coefficient), "name": .string(name(of: source.path)),
        "sshs_model_hash": .string(hash),
      ])
    }
    return JSONValue.array(values).text()
  }

  /// Keys that describe an input's tensors: hashes, and the layer lists of cloneofsimo's files.
  private func isStale(_ key: String) -> Bool {
    let stale: Set = [
      "sshs_model_hash", "sshs_legacy_hash", "modelspec.hash_sha256", "modelspec.title",
      "ss_output_name", "unet",
      "text_encoder", "lora_adapter_metadata", "ss_network_dim", "ss_network_alpha",
      "lora.sources",
    ]
    return stale.contains(key) || key.hasSuffix(":rank") || key.hasPrefix("<")
  }
}

/// Returns `b.st` for `folder/b.st`.
package func name(of path: String) -> String {
  path == "-" ? "standard input" : Path(path).name
}

/// Returns `b` for `folder/b.st.zst`.
package func stem(of path: String) -> String {
  var stem = name(of: path)
  for ending in [".zst", ".safetensors", ".st"] where stem.hasSuffix(ending) {
    stem.removeLast(ending.count)
  }
  return stem
}

/// Writes a file again with other metadata; tensors keep their bytes, order and names.
///
/// An edited file is replaced by a new one, because writing over its header is not safe if the
/// process is killed. If the new header fits into the old one's space, it keeps that size: then the
/// tensors keep their offsets, and file systems that can share blocks copy none of them.
///
/// - Parameter edited: The changed file, if `path` is the source itself.
package func rewrite(
  _ source: SafetensorsFile, metadata: Metadata, to path: String, editing edited: EditedFile? = nil
) throws {
  let layout = Layout(keeping: source.header)
  var metadata = metadata
  if metadata["sshs_legacy_hash"] != nil, metadata["sshs_model_hash"] != nil {
    let kept = metadata.filter { $0.hasPrefix("ss_") }
    let header = layout.header(metadata: kept)
    metadata["sshs_legacy_hash"] = source.withData { legacyHash(header: header, data: $0) }
  }
  if edited != nil && metadata == source.header.metadata { return }
  let output = try OutputFile(
    path: path, compresses: edited != nil && source.file.isCompressed, editing: edited)
  let writer = SafetensorsWriter(
    layout, metadata: metadata, to: output, room: edited == nil ? 0 : source.dataOffset)
  try writer.write(dataOf: source)
  try writer.finish(metadata: metadata)
}

/// Describes a result's network with sd-scripts' keys: module, rank and alpha; those of wide
/// kernels are among the arguments.
func describeNetwork(
  _ modules: [ResultModule], naming: Naming, model: BaseModel, in result: inout Metadata
) {
  let factored = modules.filter { $0.rank > 0 }
  let wide = factored.filter { $0.extents.hasWideKernel }
  let narrow = factored.filter { !$0.extents.hasWideKernel }
  let (dim, alpha) = ranksAndAlphas(narrow.isEmpty ? wide : narrow)
  result["ss_network_dim"] = dim
  result["ss_network_alpha"] = alpha

  let isPlain = modules.allSatisfy { if case .kept = $0.content { false } else { true } }
  let isOfLyCORIS = isPlain && result["ss_network_module"]?.hasPrefix("lycoris") ?? false
  if isOfLyCORIS || (naming.namesNetworkModule && result["ss_network_module"] == nil) {
    result["ss_network_module"] = model == .flux1 ? "networks.lora_flux" : "networks.lora"
  }
  var arguments = arguments(result["ss_network_args"], keeping: !isOfLyCORIS)
  if !wide.isEmpty && !narrow.isEmpty {
    let (dim, alpha) = ranksAndAlphas(wide)
    arguments["conv_dim"] = .string(dim)
    arguments["conv_alpha"] = .string(alpha)
  }
  result["ss_network_args"] = arguments.isEmpty ? nil : JSONValue.object(arguments).text()
}

/// The arguments without the ranks of wide kernels; LyCORIS's arguments are dropped, because its
/// algorithms are not the result's.
private func arguments(_ text: String?, keeping isKept: Bool) -> [String: JSONValue] {
  guard isKept, let text, case .object(var arguments)? = JSONValue(parsing: text) else {
    return [:]
  }
  arguments["conv_dim"] = nil
  arguments["conv_alpha"] = nil
  return arguments
}

private func ranksAndAlphas(_ modules: [ResultModule]) -> (dim: String, alpha: String) {
  (
    uniform(modules.map { Double($0.rank) }),
    uniform(modules.map { Double(Float($0.scale * Double($0.rank))) })
  )
}

/// The number that all values share, or sd-scripts' `Dynamic`.
private func uniform(_ values: [Double]) -> String {
  guard let first = values.first, values.allSatisfy({ $0 == first }) else { return "Dynamic" }
  return first == first.rounded() && abs(first) < 1e15 ? "\(Int(first))" : "\(Float(first))"
}

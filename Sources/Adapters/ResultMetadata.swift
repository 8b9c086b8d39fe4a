import Files
import FoundationEssentials
import Glibc
package import Names
import Safetensors

/// What a result says of itself: the inputs' metadata, and how it was made of them.
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

    /// The SHA-256 of the weights; every byte of them is read.
    func modelHash() -> String { file.file.sha256(from: file.dataOffset) }

    /// The title that it gives itself, or its file's name without extension.
    var title: String {
      metadata["modelspec.title"] ?? metadata["ss_output_name"] ?? stem(of: path)
    }
  }

  let sources: [Source]
  private let model: BaseModel
  private let comment: String

  /// All that a training says of its result; `nil` for what is made of other adapters.
  private let ofTraining: Metadata?

  /// Whether the result is made of files, which must still be what they were.
  var isOfInputs: Bool { ofTraining == nil }

  /// - Parameters:
  ///   - sources: The adapters that the result is made of.
  ///   - model: What the result is for.
  ///   - comment: What was done, in a few words, such as `difference: b − a`.
  package init(sources: [Source], model: BaseModel, comment: String) {
    self.sources = sources
    self.model = model
    self.comment = comment
    ofTraining = nil
  }

  /// - Parameter entries: All that a training says of its result, save for hashes.
  package init(ofTraining entries: [(key: String, value: String)]) {
    var metadata = Metadata()
    for (key, value) in entries { metadata[key] = value }
    (sources, model, comment, ofTraining) = ([], .unknown, "", metadata)
  }

  /// The metadata of a result under a naming.
  ///
  /// Of two inputs that say something under one key, the first counts. What describes the old
  /// tensors and not the new ones is left out or said anew.
  ///
  /// - Parameter sourceHashes: The sources' model hashes; where there are none yet, zeros keep
  ///   their room.
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
    result["modelspec.date"] = dateText(now())
    if result["modelspec.architecture"] == nil, let spec = model.modelSpec() {
      result["modelspec.architecture"] = spec.architecture
      result["modelspec.implementation"] = spec.implementation
    }
    if result["ss_base_model_version"] == nil, let version = model.sdScriptsVersion() {
      result["ss_base_model_version"] = version
      result["ss_v2"] = model == .sd2 ? "True" : "False"
    }
  }

  /// JSON, in one line: the inputs' names, coefficients and hashes.
  private func sourcesText(_ hashes: [String]) -> String {
    let values = zip(sources, hashes).map { source, hash in
      JSONValue.object([
        "coefficient": .number(source.coefficient), "name": .string(name(of: source.path)),
        "sshs_model_hash": .string(hash),
      ])
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data = try? encoder.encode(JSONValue.array(values))
    return data.map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// Keys about the tensors of an input: hashes, and the layer lists of cloneofsimo's files.
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

/// Seconds since 1970; what `SOURCE_DATE_EPOCH` says, where it says something.
package func now() -> Int {
  if let text = unsafe getenv("SOURCE_DATE_EPOCH").map({ unsafe String(cString: $0) }),
    let seconds = Int(text)
  {
    return seconds
  }
  return time(nil)
}

/// A date as modelspec has it, in Universal Time: `2026-11-22T15:55:44`.
package func dateText(_ seconds: Int) -> String {
  let (days, second) = seconds.quotientAndRemainder(dividingBy: 86400)
  let date = civilDate(daysSince1970: days)
  func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
  let time = [second / 3600, second / 60 % 60, second % 60].map(two).joined(separator: ":")
  return "\(date.year)-\(two(date.month))-\(two(date.day))T\(time)"
}

/// The Gregorian date of a day.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
private func civilDate(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
  let shifted = days + 719468
  let era = shifted / 146097
  let dayOfEra = shifted % 146097
  let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let shiftedMonth = (5 * dayOfYear + 2) / 153
  let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
}

/// `b.st` of `folder/b.st`.
package func name(of path: String) -> String {
  path == "-" ? "standard input" : String(path.split(separator: "/").last ?? "")
}

/// `b` of `folder/b.st.zst`.
package func stem(of path: String) -> String {
  var stem = name(of: path)
  for ending in [".zst", ".safetensors", ".st"] where stem.hasSuffix(ending) {
    stem.removeLast(ending.count)
  }
  return stem
}

import ArgumentParser
import CommandSupport
import Datasets
import Images
import TOML

/// Reads a `--dataset-config`: `[general]`, `[[datasets]]` and `[[datasets.subsets]]`.
///
/// A key that a subset does not set is looked for in its data set, then in `[general]`, then among
/// the options of the command line and of `--config`.
struct DatasetConfigurationReader {
  let file: String
  let options: TrainingOptions
  let resolution: PixelSize

  /// Keys of a data set, and those that only a subset may have.
  static let datasetKeys = [
    "resolution", "batch_size", "enable_bucket", "bucket_no_upscale", "bucket_reso_steps",
    "min_bucket_reso", "max_bucket_reso",
  ]
  static let subsetKeys = [
    "image_dir", "num_repeats", "class_tokens", "is_reg", "conditioning_data_dir",
    "keep_tokens_separator", "secondary_separator", "token_warmup_min", "token_warmup_step",
  ]
  private static let captionNames = OptionNames(SubsetOptions.self)

  /// - Parameter warnings: Keys that change nothing here.
  func read(
    _ table: TOMLTable, warnings: inout [String]
  ) throws(OptionsError) -> DatasetConfiguration {
    var passedOver: [String] = []
    let general = try entries(of: "general", in: table)
    guard case .array(let datasets)? = table["datasets"] else {
      throw OptionsError(
        place: file,
        reason: .unusable("has no [[datasets]]; settings of the run belong to --config"))
    }
    for entry in table.entries where !["general", "datasets"].contains(entry.key) {
      throw unknown(entry)
    }
    var configuration = DatasetConfiguration(datasets: [])
    for value in datasets {
      guard case .table(let table) = value else { continue }
      configuration.datasets.append(try dataset(table, general, &passedOver))
    }
    if !passedOver.isEmpty {
      let isOne = passedOver.count == 1
      warnings.append(
        "\(file): \(passedOver.joined(separator: ", ")) \(isOne ? "changes" : "change") nothing here"
      )
    }
    return configuration
  }

  private func entries(
    of key: String, in table: TOMLTable
  ) throws(OptionsError) -> [TOMLTable.Entry] {
    guard let entry = table.entries.first(where: { $0.key == key }) else { return [] }
    guard case .table(let inner) = entry.value else { throw wrong(entry, "a table") }
    return inner.entries
  }

  private func dataset(
    _ table: TOMLTable, _ general: [TOMLTable.Entry], _ passedOver: inout [String]
  ) throws(OptionsError) -> DatasetConfiguration.Dataset {
    let own = table.entries.filter { $0.key != "subsets" }
    var dataset = DatasetConfiguration.Dataset(options, resolution)
    for entry in general + own where Self.datasetKeys.contains(entry.key) {
      try set(entry, in: &dataset)
    }
    let inherited = (general + own).filter { !Self.datasetKeys.contains($0.key) }
    guard case .array(let subsets)? = table["subsets"] else {
      throw OptionsError(place: file, reason: .unusable("a data set has no [[datasets.subsets]]"))
    }
    for value in subsets {
      guard case .table(let table) = value else { continue }
      dataset.subsets.append(try subset(inherited + table.entries, &passedOver))
    }
    return dataset
  }

  private func subset(
    _ entries: [TOMLTable.Entry], _ passedOver: inout [String]
  ) throws(OptionsError) -> DatasetConfiguration.Subset {
    var captions: [TOMLTable.Entry] = []
    var own: [TOMLTable.Entry] = []
    for entry in entries {
      if Self.captionNames.key(entry.key) != nil {
        captions.append(entry)
      } else if Self.subsetKeys.contains(entry.key) {
        own.append(entry)
      } else if try isPassedOver(entry), !passedOver.contains(entry.key) {
        passedOver.append(entry.key)
      }
    }
    var subset = DatasetConfiguration.Subset(try options(captions))
    for entry in own { try set(entry, in: &subset) }
    if case .files = subset.source {
      throw OptionsError(place: file, reason: .unusable("a subset has no image_dir"))
    }
    return subset
  }

  /// Whether a key is sd-scripts' own and changes nothing here.
  private func isPassedOver(_ entry: TOMLTable.Entry) throws(OptionsError) -> Bool {
    guard let foreign = ForeignOption.named(entry.key) else { throw unknown(entry) }
    if case .table(let attributes) = entry.value, foreign.key == "custom_attributes" {
      guard attributes["diff_output_preservation"] != .boolean(true) else {
        throw error(
          entry, .refused("diff_output_preservation", reason: "pictures are the only target"))
      }
      return true
    }
    do throws(OptionsError.Reason) {
      return try foreign.isPassedOver(with: entry.value.text ?? "something else")
    } catch {
      throw self.error(entry, error)
    }
  }

  /// The options of a subset: those of the run, with what the file sets.
  private func options(_ entries: [TOMLTable.Entry]) throws(OptionsError) -> SubsetOptions {
    var arguments = Setting.all(of: options.subset).flatMap(\.arguments)
    for entry in entries {
      let argument = try argument(entry)
      do {
        _ = try SubsetOptions.parse(argument)
      } catch {
        throw self.error(
          entry, .unusable(ArgumentExpansion.sentence(SubsetOptions.message(for: error))))
      }
      if argument.isEmpty { arguments.removeAll { $0 == Self.name(entry) } }
      arguments += argument
    }
    do {
      return try SubsetOptions.parse(arguments)
    } catch {
      throw OptionsError(place: file, reason: .unusable(SubsetOptions.message(for: error)))
    }
  }

  private static func name(_ entry: TOMLTable.Entry) -> String {
    "--" + entry.key.replacing("_", with: "-")
  }

  /// The arguments that set one of a subset's options.
  private func argument(_ entry: TOMLTable.Entry) throws(OptionsError) -> [String] {
    guard let kind = Self.captionNames.kind(entry.key) else { throw unknown(entry) }
    switch kind {
    case .flag: return try boolean(entry) ? [Self.name(entry)] : []
    default: return ["\(Self.name(entry))=\(try text(entry))"]
    }
  }

  private func set(
    _ entry: TOMLTable.Entry, in dataset: inout DatasetConfiguration.Dataset
  ) throws(OptionsError) {
    switch entry.key {
    case "resolution": dataset.resolution = try value(entry, .size, entry.value.sizeText)
    case "batch_size": dataset.batchSize = try value(entry, .batchSize)
    case "enable_bucket": dataset.enableBucket = try boolean(entry)
    case "bucket_no_upscale": dataset.bucketNoUpscale = try boolean(entry)
    case "bucket_reso_steps": dataset.bucketResoSteps = try value(entry, .bucketStep)
    case "min_bucket_reso": dataset.minBucketReso = try value(entry, .side)
    case "max_bucket_reso": dataset.maxBucketReso = try value(entry, .side)
    default: throw unknown(entry)
    }
  }

  private func set(
    _ entry: TOMLTable.Entry, in subset: inout DatasetConfiguration.Subset
  ) throws(OptionsError) {
    switch entry.key {
    case "image_dir": subset.source = .folder(try text(entry))
    case "num_repeats": subset.numRepeats = try value(entry, .repeats)
    case "class_tokens": subset.classTokens = try text(entry)
    case "is_reg": subset.isReg = try boolean(entry)
    case "conditioning_data_dir": subset.conditioningDataDir = try text(entry)
    case "keep_tokens_separator": subset.caption.keepTokensSeparator = try text(entry)
    case "secondary_separator": subset.caption.secondarySeparator = try text(entry)
    case "token_warmup_min": subset.caption.tokenWarmupMin = try value(entry, .keptTokens)
    case "token_warmup_step":
      subset.caption.tokenWarmupStep = try value(entry, .number(0...10_000_000))
    default: throw unknown(entry)
    }
  }
}

// MARK: - Values

extension DatasetConfigurationReader {
  private func value<Value>(
    _ entry: TOMLTable.Entry, _ domain: Domain<Value>
  ) throws(OptionsError) -> Value {
    try value(entry, domain, entry.value.scalarText)
  }

  private func value<Value>(
    _ entry: TOMLTable.Entry, _ domain: Domain<Value>, _ text: String?
  ) throws(OptionsError) -> Value {
    guard let text, let value = domain.read(text) else { throw wrong(entry, domain.wanted) }
    return value
  }

  private func text(_ entry: TOMLTable.Entry) throws(OptionsError) -> String {
    guard let text = entry.value.scalarText else { throw wrong(entry, "a text or a number") }
    return text
  }

  private func boolean(_ entry: TOMLTable.Entry) throws(OptionsError) -> Bool {
    guard case .boolean(let isOn) = entry.value else { throw wrong(entry, "true or false") }
    return isOn
  }

  private func error(
    _ entry: TOMLTable.Entry, _ reason: OptionsError.Reason
  ) -> OptionsError {
    OptionsError(place: "\(file):\(entry.line)", reason: reason)
  }

  private func wrong(_ entry: TOMLTable.Entry, _ wanted: String) -> OptionsError {
    let found = entry.value.text.map { DomainError(wanted: wanted, $0).found } ?? "a table"
    return error(entry, .wrongType(entry.key, wanted: wanted, found: found))
  }

  private func unknown(_ entry: TOMLTable.Entry) -> OptionsError {
    let known =
      Self.datasetKeys + Self.subsetKeys + Setting.declarations(in: SubsetOptions.self).map(\.key)
    return error(
      entry, .unknownKey(entry.key, nearest: nearest(to: entry.key, among: known.sorted())))
  }
}

extension TOMLValue {
  /// A text, a number, or two numbers with a comma.
  fileprivate var sizeText: String? {
    guard case .array(let elements) = self else { return scalarText }
    return elements.compactMap(\.scalarText).joined(separator: ",")
  }
}

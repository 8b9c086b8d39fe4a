import ArgumentParser
import CommandSupport
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
  private static let datasetKeys: Set = [
    "resolution", "batch_size", "enable_bucket", "bucket_no_upscale", "bucket_reso_steps",
    "min_bucket_reso", "max_bucket_reso",
  ]
  private static let placeKeys: Set = [
    "image_dir", "num_repeats", "class_tokens", "is_reg", "conditioning_data_dir",
  ]
  private static let ownKeys: Set = [
    "keep_tokens_separator", "secondary_separator", "token_warmup_min", "token_warmup_step",
  ]
  private static let captionNames = OptionNames(SubsetOptions.self)

  func read(_ table: TOMLTable) throws -> DatasetConfiguration {
    let general = try self.table("general", in: table) ?? []
    guard case .array(let datasets)? = table["datasets"] else {
      throw OptionsError(place: file, reason: .unusable("has no [[datasets]]"))
    }
    for entry in table.entries where !["general", "datasets"].contains(entry.key) {
      throw unknown(entry)
    }
    return DatasetConfiguration(
      datasets: try datasets.compactMap { value in
        guard case .table(let table) = value else { return nil }
        return try dataset(table, general)
      })
  }

  private func table(_ key: String, in table: TOMLTable) throws -> [TOMLTable.Entry]? {
    guard let value = table[key] else { return nil }
    guard case .table(let inner) = value else {
      throw OptionsError(
        place: file, reason: .wrongType(key, wanted: "a table", found: "a value"))
    }
    return inner.entries
  }

  private func dataset(
    _ table: TOMLTable, _ general: [TOMLTable.Entry]
  ) throws -> DatasetConfiguration.Dataset {
    let own = table.entries.filter { $0.key != "subsets" }
    var dataset = DatasetConfiguration.Dataset(options, resolution)
    for entry in general + own where Self.datasetKeys.contains(entry.key) {
      try set(entry, in: &dataset)
    }
    let inherited = (general + own).filter { !Self.datasetKeys.contains($0.key) }
    guard case .array(let subsets)? = table["subsets"] else {
      throw OptionsError(place: file, reason: .unusable("a data set has no [[datasets.subsets]]"))
    }
    dataset.subsets = try subsets.compactMap { value in
      guard case .table(let table) = value else { return nil }
      return try subset(table, inherited)
    }
    return dataset
  }

  private func subset(
    _ table: TOMLTable, _ inherited: [TOMLTable.Entry]
  ) throws -> DatasetConfiguration.Subset {
    let entries = inherited + table.entries
    let captions = try entries.filter {
      !Self.placeKeys.contains($0.key) && !Self.ownKeys.contains($0.key)
    }.flatMap(arguments)
    let standard = Setting.all(of: options.subset).flatMap(\.arguments)
    var subset = DatasetConfiguration.Subset(try SubsetOptions.parse(standard + captions))
    for entry in entries where !Self.captionNames.knows(entry.key) {
      try set(entry, in: &subset)
    }
    if case .files = subset.source {
      throw OptionsError(place: file, reason: .unusable("a subset has no image_dir"))
    }
    return subset
  }

  /// The arguments that set one of a subset's options.
  private func arguments(_ entry: TOMLTable.Entry) throws -> [String] {
    guard let kind = Self.captionNames.kind(entry.key) else { throw unknown(entry) }
    let name = "--" + entry.key.replacing("_", with: "-")
    switch (kind, entry.value) {
    case (.flag, .boolean(let isOn)): return isOn ? [name] : []
    case (.single, let value):
      guard let text = value.scalarText else { throw wrong(entry, "a text or a number") }
      return ["\(name)=\(text)"]
    default: throw wrong(entry, "true or false")
    }
  }

  private func set(
    _ entry: TOMLTable.Entry, in dataset: inout DatasetConfiguration.Dataset
  ) throws {
    switch entry.key {
    case "resolution":
      let text = entry.value.sizeText ?? ""
      guard let size = PixelSize(argument: text) else { throw wrong(entry, "a size") }
      dataset.resolution = size
    case "batch_size": dataset.batchSize = try whole(entry)
    case "enable_bucket": dataset.enableBucket = try boolean(entry)
    case "bucket_no_upscale": dataset.bucketNoUpscale = try boolean(entry)
    case "bucket_reso_steps": dataset.bucketResoSteps = try whole(entry)
    case "min_bucket_reso": dataset.minBucketReso = try whole(entry)
    case "max_bucket_reso": dataset.maxBucketReso = try whole(entry)
    default: throw unknown(entry)
    }
  }

  private func set(
    _ entry: TOMLTable.Entry, in subset: inout DatasetConfiguration.Subset
  ) throws {
    switch entry.key {
    case "image_dir": subset.source = .folder(try text(entry))
    case "num_repeats": subset.numRepeats = try whole(entry)
    case "class_tokens": subset.classTokens = try text(entry)
    case "is_reg": subset.isReg = try boolean(entry)
    case "conditioning_data_dir": subset.conditioningDataDir = try text(entry)
    case "keep_tokens_separator": subset.caption.keepTokensSeparator = try text(entry)
    case "secondary_separator": subset.caption.secondarySeparator = try text(entry)
    case "token_warmup_min": subset.caption.tokenWarmupMin = try whole(entry)
    case "token_warmup_step": subset.caption.tokenWarmupStep = try number(entry)
    default: throw unknown(entry)
    }
  }

  private func text(_ entry: TOMLTable.Entry) throws -> String {
    guard let text = entry.value.scalarText else { throw wrong(entry, "a text") }
    return text
  }

  private func whole(_ entry: TOMLTable.Entry) throws -> Int {
    guard let number = Int(entry.value.scalarText ?? ""), number > 0 else {
      throw wrong(entry, "a number from 1")
    }
    return number
  }

  private func number(_ entry: TOMLTable.Entry) throws -> Double {
    guard let number = Double(entry.value.scalarText ?? "") else { throw wrong(entry, "a number") }
    return number
  }

  private func boolean(_ entry: TOMLTable.Entry) throws -> Bool {
    guard case .boolean(let isOn) = entry.value else { throw wrong(entry, "true or false") }
    return isOn
  }

  private func wrong(_ entry: TOMLTable.Entry, _ wanted: String) -> OptionsError {
    let found = entry.value.scalarText.map { "'\($0)'" } ?? "something else"
    return OptionsError(
      place: "\(file):\(entry.line)", reason: .wrongType(entry.key, wanted: wanted, found: found))
  }

  private func unknown(_ entry: TOMLTable.Entry) -> OptionsError {
    if let foreign = ForeignOption.named(entry.key), case .refused(let reason) = foreign.treatment {
      return OptionsError(
        place: "\(file):\(entry.line)", reason: .refused(entry.key, reason: reason))
    }
    let known = Self.datasetKeys.union(Self.placeKeys).union(Self.ownKeys)
      .union(Setting.kinds(of: SubsetOptions.self).map(\.key))
    return OptionsError(
      place: "\(file):\(entry.line)",
      reason: .unknownKey(entry.key, nearest: nearest(to: entry.key, among: known.sorted())))
  }
}

extension OptionNames {
  fileprivate func knows(_ key: String) -> Bool { self.key(key) != nil }
}

extension Setting {
  /// The arguments that give the option this value again.
  fileprivate var arguments: [String] {
    let name = "--" + key.replacing("_", with: "-")
    switch value {
    case .none: return []
    case .boolean(let isOn): return isOn ? [name] : []
    case .list(let values): return values.map { "\(name)=\($0.text)" }
    default: return ["\(name)=\(value.text)"]
    }
  }
}

extension TOMLValue {
  /// A text, a number, or two numbers with a comma.
  fileprivate var sizeText: String? {
    guard case .array(let elements) = self else { return scalarText }
    return elements.compactMap(\.scalarText).joined(separator: ",")
  }
}

import Adapters

/// The prompt, seed and adapters of each picture of a grid, and the labels beside it.
///
/// Several adapters are stacked: all work at once, each at its own weight. Where the files are an
/// axis, each is drawn alone.
struct SampleGrid: Hashable {
  let files: [WeightedFile]
  let prompts: [String]
  let seeds: [UInt32]
  let plan: PicturePlan

  /// An adapter at a weight.
  struct Use: Hashable {
    /// Its place among the files.
    let file: Int
    let weight: Double
  }

  init(
    files: [WeightedFile], prompts: [String], seeds: [UInt32], columns: PictureAxis?,
    rows: PictureAxis?
  ) throws(OptionsError) {
    let asked = [columns, rows].compactMap { $0 }
    try Self.check(files, asked)
    self.files = files
    self.prompts = prompts
    self.seeds = seeds
    var counts: [PictureAxis: Int] = [
      .seed: seeds.count, .prompt: prompts.count,
      .file: asked.contains(.file) ? max(1, files.count) : 1,
    ]
    if asked.contains(where: \.isOfOneFile) {
      for (index, file) in files.enumerated() { counts[.weightOf(index + 1)] = file.weights.count }
    } else {
      counts[.weight] = files.map(\.weights.count).max() ?? 1
    }
    plan = try PicturePlan(counts: counts, columns: columns, rows: rows)
  }

  /// Throws where a label could not be right for all pictures beside it.
  private static func check(_ files: [WeightedFile], _ asked: [PictureAxis]) throws(OptionsError) {
    for case .weightOf(let number) in asked where number > files.count {
      throw KeyedArguments.error(
        "weight\(number) is that of the --lora number \(number), but there are \(files.count)")
    }
    if asked.contains(where: \.isOfOneFile) {
      if let other = asked.first(where: { $0 == .weight || $0 == .file }) {
        throw KeyedArguments.error(
          "\(other.name) and the weight of one adapter exclude each other; give weight1 and weight2"
        )
      }
    } else if asked.contains(.file) {
      try checkAlone(files)
    } else {
      try checkInStep(files)
    }
  }

  /// Adapters that are drawn alone share the labels of their weights.
  private static func checkAlone(_ files: [WeightedFile]) throws(OptionsError) {
    guard let first = files.first, let other = files.first(where: { $0.weights != first.weights }),
      files.contains(where: { $0.weights.count > 1 })
    else { return }
    throw KeyedArguments.error(
      "\(first.path) and \(other.path) have different weights; where each adapter is drawn alone, "
        + "give the same to all")
  }

  /// The weights of stacked adapters change together.
  private static func checkInStep(_ files: [WeightedFile]) throws(OptionsError) {
    let ranged = files.filter { $0.weights.count > 1 }
    guard let first = ranged.first,
      let other = ranged.first(where: { $0.weights.count != first.weights.count })
    else { return }
    throw KeyedArguments.error(
      "\(first.path) has \(first.weights.count) weights and \(other.path) \(other.weights.count); "
        + "those of several --lora go in step: give as many to each, or --columns weight1 --rows "
        + "weight2 for each with each")
  }

  /// Whether each file is drawn alone, not all together.
  private var separatesFiles: Bool { plan.columns == .file || plan.rows == .file }

  /// Which adapters a picture is drawn with, and at which weights.
  func uses(at place: [PictureAxis: Int]) -> [Use] {
    let only = separatesFiles ? place[.file, default: 0] : nil
    return files.indices.filter { only == nil || $0 == only }.map { index in
      let weights = files[index].weights
      let position = place[.weightOf(index + 1)] ?? place[.weight, default: 0]
      return Use(file: index, weight: weights.count == 1 ? weights[0] : weights[position])
    }
  }

  func seed(at place: [PictureAxis: Int]) -> UInt32 { seeds[place[.seed, default: 0]] }

  /// A place among the prompts.
  func prompt(at place: [PictureAxis: Int]) -> Int { place[.prompt, default: 0] }

  /// The seed, prompt and adapters of a picture of the grid.
  func entry(at place: [PictureAxis: Int]) -> SampleReport.Entry {
    SampleReport.Entry(
      seed: seed(at: place), prompt: prompts[prompt(at: place)],
      adapters: uses(at: place).map {
        SampleReport.Use(file: files[$0.file].path, weight: $0.weight)
      })
  }

  var columnLabels: [String] { labels(plan.columns) }
  var rowLabels: [String] { labels(plan.rows) }

  private func labels(_ axis: PictureAxis?) -> [String] {
    axis.map { axis in (0..<plan.counts[axis, default: 1]).map { label(axis, $0) } } ?? []
  }

  private func label(_ axis: PictureAxis, _ index: Int) -> String {
    switch axis {
    case .weight: weightLabel(index)
    case .weightOf(let number): label(number - 1, at: index)
    case .seed: "seed \(seeds[index])"
    case .file: fileLabel(index)
    case .prompt: prompts[index].isEmpty ? "(empty)" : prompts[index]
    }
  }

  /// The weight where one changes or all are the same; else each with its adapter.
  private func weightLabel(_ index: Int) -> String {
    let ranged = files.indices.filter { files[$0].weights.count > 1 }
    if separatesFiles || ranged.count < 2 {
      let weights = files[ranged.first ?? 0].weights
      return PythonText.short(weights.count == 1 ? weights[0] : weights[index])
    }
    return ranged.map { label($0, at: index) }.joined(separator: ", ")
  }

  private func label(_ file: Int, at index: Int) -> String {
    let weights = files[file].weights
    return "\(name(of: file)) \(PythonText.short(weights.count == 1 ? weights[0] : weights[index]))"
  }

  /// The adapter, with its weight where that is not the others'.
  private func fileLabel(_ index: Int) -> String {
    if files.isEmpty { return "" }
    let isAlike = files.allSatisfy { $0.weights == files[0].weights }
    return isAlike ? name(of: index) : label(index, at: 0)
  }

  /// A file's name, with its number where several have that name.
  private func name(of file: Int) -> String {
    let name = files[file].name
    return files.count { $0.name == name } > 1 ? "\(name) #\(file + 1)" : name
  }
}

extension PictureAxis {
  fileprivate var isOfOneFile: Bool {
    if case .weightOf = self { true } else { false }
  }
}

extension PythonText {
  /// A weight without needless digits: `1`, `-0.5`, `0.333`.
  static func short(_ value: Double) -> String {
    let rounded = (value * 1000).rounded() / 1000
    // So small that three digits would not tell it from its neighbours, or too large for them.
    if value != 0, abs(value) < 0.01 || abs(value) >= 1e12 { return "\(value)" }
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
}

struct SampleReport: Encodable {
  struct Use: Encodable {
    let file: String
    let weight: Double
  }

  struct Entry: Encodable {
    let seed: UInt32
    let prompt: String
    let adapters: [Use]
  }

  let output: String

  /// The axes of columns and rows.
  let columns: PictureAxis?
  let rows: PictureAxis?

  /// Row by row.
  let pictures: [[Entry]]

  /// The modules and tensors of each adapter that the model has no place for.
  let leftOut: [String: LeftOut]

  private enum CodingKeys: String, CodingKey {
    case output, columns, rows, pictures
    case leftOut = "left_out"
  }
}

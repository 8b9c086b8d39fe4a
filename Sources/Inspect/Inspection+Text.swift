import Adapters
import CommandSupport
import Names
import Safetensors

/// Options of the text beyond the headline and the blocks.
struct TextOptions {
  let modules: Bool
  let spectrum: Bool
  let metadata: Bool

  /// The columns of the terminal; `nil` if the text goes elsewhere and names are not shortened.
  let width: Int?
}

extension Inspection {
  func text(_ options: TextOptions) -> String {
    var paragraphs = [headline]
    if !modules.isEmpty {
      paragraphs.append(
        options.modules ? moduleTable(width: options.width) : blockTable(width: options.width))
    }
    if !quantized.isEmpty { paragraphs.append(quantizedText(options)) }
    if format == "checkpoint" { paragraphs.append(componentTable(width: options.width)) }
    if !components.isEmpty && tensors > 0 {
      paragraphs.append(largestTensors(width: options.width))
    }
    if options.spectrum && !modules.isEmpty { paragraphs.append(spectra) }
    if options.metadata { paragraphs.append(metadataText) }
    if let others = otherText { paragraphs.append(others) }
    paragraphs += warnings.map { "warning: \($0)" }
    return paragraphs.joined(separator: "\n\n")
  }

  /// The file in a few lines: format, model, modules, ranks, size.
  private var headline: String {
    let model = ((baseModel == "unknown" ? [] : [baseModel]) + quantization).map { ", \($0)" }
      .joined()
    let types = dtypes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "\($0.key) × \($0.value)" }.joined(separator: ", ")
    var lines = [
      printable(file),
      "  \(format)\(model), \(CommandSupport.bytes(bytes)), \(counted(tensors, "tensor"))"
        + " (\(types)), \(grouped(parameters)) parameters",
    ]
    if !modules.isEmpty {
      let algorithms = tally(modules.map(\.algorithm))
      lines.append(
        "  \(counted(modules.count, "module")) (\(algorithms)), rank \(range(modules.map(\.rank)))"
          + ", alpha \(alphaRange)")
      lines.append("  norm of the whole update \(significant(norm))")
    }
    if let line = sliderLine { lines.append("  " + line) }
    return lines.joined(separator: "\n")
  }

  var alphaRange: String { storedAlphas.map(alphaText) ?? "not stored (= rank)" }

  fileprivate var storedAlphas: ClosedRange<Double>? {
    let alphas = modules.compactMap(\.alpha).filter { !$0.isNaN }
    guard let minimum = alphas.min(), let maximum = alphas.max() else { return nil }
    return minimum...maximum
  }

  private func blockTable(width: Int?) -> String {
    var table = Table([
      ("block", .left), ("modules", .right), ("rank", .right), ("norm", .right),
      ("share", .right), ("", .left),
    ])
    let total = norm * norm
    for block in blocks {
      let squared = block.modules.reduce(0) { $0 + ($1.norm ?? 0) * ($1.norm ?? 0) }
      let share = total > 0 ? squared / total : 0
      table.add([
        block.label, "\(block.modules.count)", range(block.modules.map(\.rank)),
        significant(squared.squareRoot()), percent(share), bar(share, width: 20),
      ])
    }
    return table.text(width: width)
  }

  /// "half keeps" is the share of the squared norm that half the rank would keep.
  private func moduleTable(width: Int?) -> String {
    var table = Table([
      ("module", .left), ("", .left), ("shape", .left), ("rank", .right), ("alpha", .right),
      ("norm", .right), ("largest", .right), ("eff. rank", .right), ("half keeps", .right),
    ])
    for module in blocks.flatMap(\.modules) {
      let kernel = (module.kernel ?? []).map { "×\($0)" }.joined()
      let half = module.energy?["\(max(1, module.rank / 2))"]
      table.add([
        printable(module.target), module.algorithm, "\(module.out)×\(module.in)\(kernel)",
        module.rank == 0 ? "full" : "\(module.rank)", module.alpha.map(plain) ?? "–",
        module.norm.map { significant($0) } ?? "–",
        module.spectralNorm.map { significant($0) } ?? "–",
        module.effectiveRank.map { decimal($0, places: 1) } ?? "–",
        module.rank > 1 ? half.map(percent) ?? "–" : "–",
      ])
    }
    return table.text(width: width)
  }

  private var spectra: String {
    blocks.flatMap(\.modules).map { module in
      let values = (module.singularValues ?? []).map { significant($0) }.joined(separator: " ")
      return "\(printable(module.target))\n  \(values)"
    }.joined(separator: "\n")
  }

  private var otherText: String? {
    guard !otherTensors.isEmpty, components.isEmpty else { return nil }
    let shown = otherTensors.prefix(5).map(printable).joined(separator: ", ")
    let more = otherTensors.count > 5 ? " and \(otherTensors.count - 5) more" : ""
    return "not part of a module: \(shown)\(more)"
  }

  /// Modules by block, in the order of the data flow.
  var blocks: [(key: Block, label: String, modules: [ModuleInspection])] {
    var grouped: [Block: [ModuleInspection]] = [:]
    for module in modules { grouped[module.blockID, default: []].append(module) }
    return grouped.keys.sorted().map { key in
      let modules = (grouped[key] ?? []).map { (words: words(of: $0.target), module: $0) }
        .sorted { naturallyPrecedes($0.words, $1.words) }
      return (key, printable(key.label), modules.map(\.module))
    }
  }
}

/// One line per file, for the files of a folder.
///
/// - Parameter folder: The folder of all files; `nil` if they are in several.
func listing(_ inspections: [Inspection], in folder: String?, width: Int?) -> String {
  var table = Table([
    ("file", .left), ("format", .left), ("base model", .left), ("rank", .right),
    ("alpha", .right), ("norm", .right), ("size", .right),
  ])
  for file in inspections {
    let isAdapter = !file.modules.isEmpty
    table.add([
      folder == nil ? printable(file.file) : lastComponent(file.file), file.format, file.baseModel,
      range(file.modules.map(\.rank)),
      file.storedAlphas.map(alphaText) ?? (isAdapter ? "= rank" : "–"),
      isAdapter ? significant(file.norm) : "–",
      bytes(file.bytes),
    ])
  }
  return table.text(width: width)
}

private func words(of name: String) -> [Substring] {
  name.utf8.split(separator: UInt8(ascii: ".")).map(Substring.init)
}

/// Compares the words of names so that the numbers among them count as numbers.
private func naturallyPrecedes(_ a: [Substring], _ b: [Substring]) -> Bool {
  for (x, y) in zip(a, b) where x != y {
    if let x = Int(x), let y = Int(y) { return x < y }
    return x < y
  }
  return a.count < b.count
}

/// The range of the ranks: `4`, or `1 to 16`; modules without a rank do not count.
func range(_ ranks: [Int]) -> String {
  let ranks = ranks.filter { $0 > 0 }
  guard let minimum = ranks.min(), let maximum = ranks.max() else { return "–" }
  return minimum == maximum ? "\(maximum)" : "\(minimum) to \(maximum)"
}

private func alphaText(_ alphas: ClosedRange<Double>) -> String {
  let (minimum, maximum) = (alphas.lowerBound, alphas.upperBound)
  return minimum == maximum ? plain(minimum) : "\(plain(minimum)) to \(plain(maximum))"
}

/// The counts of the names, the most frequent first: `lora × 192`.
func tally(_ names: [String]) -> String {
  let counts = Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +)
  return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    .map { "\($0.key) × \($0.value)" }.joined(separator: ", ")
}

/// A number without a needless fraction.
func plain(_ value: Double) -> String {
  if value == value.rounded() && abs(value) < 1e15 { return "\(Int(value))" }
  let text = significant(value, digits: 5)
  return text.contains("e") ? text : String(text.reversed().drop { $0 == "0" }.reversed())
}

/// A count with its digits in groups of three.
func grouped(_ count: Int) -> String {
  var digits = String(count)
  var index = digits.count - 3
  while index > 0 {
    digits.insert(",", at: digits.index(digits.startIndex, offsetBy: index))
    index -= 3
  }
  return digits
}

/// A share as a bar of eighths.
private func bar(_ share: Double, width: Int) -> String {
  let eighths = Int((share * Double(width) * 8).rounded())
  let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
  return String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
}

extension Inspection {
  /// The headline, fact by fact.
  var facts: [(name: String, value: String)] {
    let types = dtypes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    var facts = [
      ("format", format), ("base model", baseModel), ("size", CommandSupport.bytes(bytes)),
      ("tensors", grouped(tensors)), ("parameters", grouped(parameters)),
      ("stored as", types.map(\.key).joined(separator: ", ")),
    ]
    if !modules.isEmpty {
      facts += [
        ("modules", grouped(modules.count)), ("algorithm", tally(modules.map(\.algorithm))),
        ("rank", range(modules.map(\.rank))), ("alpha", alphaRange),
        ("norm of the update", significant(norm)),
      ]
    }
    return facts
  }
}

package import Adapters
import CommandSupport
import Names
import Safetensors

/// What a command says of the adapter that it wrote; encodes as the contract's JSON.
package struct WriteReport: Encodable {
  struct RankRange: Encodable {
    let min: Int
    let max: Int
  }

  struct Output: Encodable {
    let bytes: Int
    let sshsModelHash: String

    private enum CodingKeys: String, CodingKey {
      case bytes
      case sshsModelHash = "sshs_model_hash"
    }
  }

  /// One module: its rank before and after, and what was lost.
  struct Module: Encodable {
    let name: String
    let target: String
    let rankBefore: Int?
    let rank: Int
    let energyKept: Double
    let relativeError: Double

    /// ‖asked‖², where it was taken, and ‖written − asked‖².
    let askedSquared: Double?
    let errorSquared: Double
    let block: Block

    private enum CodingKeys: String, CodingKey {
      case name
      case target
      case rankBefore = "rank_before"
      case rank
      case energyKept = "energy_kept"
      case relativeError = "relative_error"
    }
  }

  /// What the figures mean, in a few words.
  let verdict: String
  let relativeError: Double
  let modules: Int
  let rank: RankRange
  let rankBefore: RankRange

  /// The share of the squared norm of what was asked for that was written.
  let energyKept: Double
  let onlyInA: [String]
  let onlyInB: [String]

  /// By file, where there are more than two.
  let onlyIn: [String: [String]]?

  /// What of the inputs is not in the result.
  let leftOut: LeftOut

  /// The programs that read the result, where the command chose its names; else `nil`.
  let readers: [String]?

  /// The ranks of layers that are thinner than the rank asked for; `nil` where none is.
  let capped: [String: Int]?
  let perModule: [Module]?
  let output: Output

  /// Every module, for the page.
  let all: [Module]

  /// What stands before lists of modules in the text, with the lists.
  private let onlyLists: [(file: String, names: [String])]

  private enum CodingKeys: String, CodingKey {
    case verdict
    case relativeError = "relative_error"
    case modules
    case rank
    case rankBefore = "rank_before"
    case energyKept = "energy_kept"
    case onlyInA = "only_in_a"
    case onlyInB = "only_in_b"
    case onlyIn = "only_in"
    case leftOut = "left_out"
    case readers
    case capped
    case perModule = "per_module"
    case output
  }

  /// - Parameters:
  ///   - combination: Of what inputs the result was made.
  ///   - inputNames: What the inputs are called in the report; `["B", "A"]` for a difference.
  ///   - leftOut: What of the inputs is not in the result.
  ///   - capped: The ranks of layers that are thinner than the rank asked for.
  ///   - listsModules: Whether every module is reported.
  package init(
    _ written: Written, of combination: Combination, inputNames: [String], leftOut: LeftOut,
    capped: [String: Int] = [:], listsModules: Bool = false
  ) {
    let before = combination.ranks
    rank = RankRange(written.modules.map(\.rank))
    verdict = Verdict(written.verification, written.promise, types: [written.type])
      .text(rank: rank.text)
    relativeError = written.verification.relativeError
    modules = written.modules.count
    rankBefore = RankRange(Array(before.values))
    energyKept = written.verification.energyKept
    self.leftOut = leftOut
    readers = nil
    self.capped = capped.isEmpty ? nil : capped
    let lists = inputNames.indices.map { combination.modules(onlyIn: $0) }
    let a = inputNames.firstIndex(of: "A") ?? 0
    let b = inputNames.firstIndex(of: "B") ?? 1
    onlyInA = lists.indices.contains(a) && lists.count == 2 ? lists[a] : []
    onlyInB = lists.indices.contains(b) && lists.count == 2 ? lists[b] : []
    onlyLists = lists.count > 1 ? zip(inputNames, lists).map { ($0, $1) } : []
    onlyIn =
      lists.count > 2
      ? Dictionary(zip(inputNames, lists), uniquingKeysWith: { first, _ in first }) : nil
    all = written.modules.map { Module($0, before: before[$0.target]) }
    perModule = listsModules ? all : nil
    output = Output(bytes: written.byteCount, sshsModelHash: written.sshsModelHash)
  }

  /// The report of a result that is no combination of adapters.
  ///
  /// - Parameters:
  ///   - leftOutSquared: ‖…‖² of what was asked for and is left out, where it has a norm.
  ///   - readers: The programs that read the result.
  package init(
    _ written: Written, onlyInA: [String] = [], onlyInB: [String] = [], leftOut: LeftOut,
    leftOutSquared: Double = 0, readers: [String] = [], capped: [String: Int] = [:], listsModules: Bool = false
  ) {
    let verification =
      written.verification
      + Verification(askedSquared: leftOutSquared, errorSquared: leftOutSquared)
    rank = RankRange(written.modules.map(\.rank))
    verdict = Verdict(verification, written.promise, types: [written.type]).text(rank: rank.text)
    relativeError = verification.relativeError
    modules = written.modules.count
    rankBefore = rank
    energyKept = verification.energyKept
    self.leftOut = leftOut
    self.readers = readers.isEmpty ? nil : readers
    self.capped = capped.isEmpty ? nil : capped
    self.onlyInA = onlyInA
    self.onlyInB = onlyInB
    onlyIn = nil
    onlyLists = [("B", onlyInB), ("A", onlyInA)]
    all = written.modules.map { Module($0, before: nil) }
    perModule = listsModules ? all : nil
    output = Output(bytes: written.byteCount, sshsModelHash: written.sshsModelHash)
  }

  /// The report in a few lines.
  func text(path: String) -> String {
    let target = path == "-" ? "standard output" : printable(path)
    var lines: [String] = []
    if let perModule { lines += [moduleTable(perModule), ""] }
    for list in onlyLists { lines += only(list.names, in: list.file) }
    if let text = leftOut.text { lines.append(text) }
    if let capped { lines.append(text(capped)) }
    if let readers { lines.append("read by \(readers.joined(separator: ", "))") }
    lines.append(
      "\(target): \(counted(modules, "module")), rank \(change), \(bytes(output.bytes))")
    lines.append(verdict)
    return lines.joined(separator: "\n")
  }
}

extension WriteReport {
  /// `5`, or `8 → 4` where the ranks changed.
  var change: String {
    let (before, after) = (rankBefore.text, rank.text)
    return before == after ? after : "\(before) → \(after)"
  }

  private func text(_ capped: [String: Int]) -> String {
    let layers = capped.sorted { $0.key < $1.key }.map { "\($0.key) at rank \($0.value)" }
    return "thinner than the rank asked for: \(counted(layers.count, "layer")) (\(shown(layers)))"
  }

  private func moduleTable(_ modules: [Module]) -> String {
    var table = Table([
      ("module", .left), ("rank", .right), ("kept", .right), ("relative error", .right),
    ])
    for module in modules {
      let before = module.rankBefore.map { $0 == module.rank ? "" : "\($0) → " } ?? ""
      table.add([
        printable(module.target), "\(before)\(module.rank)", percent(module.energyKept),
        significant(module.relativeError, digits: 2),
      ])
    }
    return table.text(width: Terminal.errorWidth)
  }
}

extension WriteReport.RankRange {
  init(_ ranks: [Int]) {
    min = ranks.min() ?? 0
    max = ranks.max() ?? 0
  }

  var text: String { min == max ? "\(max)" : "\(min)–\(max)" }
}

extension WriteReport.Module {
  fileprivate init(_ module: Written.Module, before: Int?) {
    self.init(
      name: module.name, target: module.target.description, rankBefore: before, rank: module.rank,
      energyKept: module.verification.energyKept,
      relativeError: module.verification.relativeError,
      askedSquared: module.askedSquared, errorSquared: module.errorSquared,
      block: Block(of: module.target))
  }
}

/// A line on modules that are in one file only; none where there are none.
package func only(_ names: [String], in file: String) -> [String] {
  guard !names.isEmpty else { return [] }
  let shown = names.prefix(4).map(printable).joined(separator: ", ")
  let more = names.count > 4 ? " and \(names.count - 4) more" : ""
  return ["only in \(file): \(counted(names.count, "module")) (\(shown)\(more))"]
}

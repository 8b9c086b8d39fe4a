package import Adapters
import CommandSupport
import Names
import Safetensors

/// The report on an adapter that a command wrote; encodes as the JSON of the contract.
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

  /// One module: its rank before and after, and its error.
  struct Module: Encodable {
    let name: String
    let target: String
    let rankBefore: Int?
    let rank: Int
    let energyKept: Double
    let relativeError: Double

    /// ‖asked‖², if it was computed, and ‖written − asked‖².
    let askedSquared: Double?
    let errorSquared: Double
    let block: Block

    /// ‖written − asked‖ / ‖W‖, with the base model's weight W; `nil` without a base model.
    let errorOfBase: Double?

    private enum CodingKeys: String, CodingKey {
      case name
      case target
      case rankBefore = "rank_before"
      case rank
      case energyKept = "energy_kept"
      case relativeError = "relative_error"
      case errorOfBase = "error_of_base"
    }
  }

  /// The meaning of the figures in a few words.
  let verdict: String
  let relativeError: Double

  /// The error relative to the base model's weights in the adapter's layers; `nil` without them.
  let errorOfBase: Double?

  /// The recipe that chose the ranks, and the lowest score of the kept directions.
  let recipe: String?
  let threshold: Double?
  let modules: Int
  let rank: RankRange
  let rankBefore: RankRange

  /// The share of the exact update's squared norm that was written.
  let energyKept: Double
  let onlyInA: [String]
  let onlyInB: [String]

  /// The names by file, if there are more than two files.
  let onlyIn: [String: [String]]?

  /// The inputs' layers and tensors that are missing from the result.
  let leftOut: LeftOut

  /// The programs that read the result, if the command chose its names; else `nil`.
  let readers: [String]?

  /// The ranks of layers whose maximum rank is below the chosen one; `nil` if there are none.
  let capped: [String: Int]?
  let perModule: [Module]?
  let output: Output

  /// How a merge's weights were chosen; `nil` if they are those that the user gave.
  package var merging: MergeNotes?

  /// Every module, for the page.
  let all: [Module]

  /// The heading of each list of modules in the text, with the list.
  let onlyLists: [(file: String, names: [String])]

  private enum CodingKeys: String, CodingKey {
    case verdict
    case relativeError = "relative_error"
    case errorOfBase = "error_of_base"
    case recipe
    case threshold
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
    case merging
  }

  /// - Parameters:
  ///   - combination: The inputs that the result was made from.
  ///   - inputNames: The names of the inputs in the report; `["B", "A"]` for a difference.
  ///   - leftOut: The inputs' layers and tensors that are missing from the result.
  ///   - capped: The ranks of layers whose maximum rank is below the chosen one.
  ///   - choice: How the ranks were chosen, if layers may be left out or relate to a base model.
  ///   - listsModules: Whether every module is reported.
  package init(
    _ written: Written, of combination: Combination, inputNames: [String], leftOut: LeftOut,
    capped: [String: Int] = [:], choice: LayerChoice = LayerChoice(), listsModules: Bool = false
  ) {
    let before = combination.ranks
    let verification = written.verification + choice.verification
    rank = RankRange(written.modules.map(\.rank) + choice.dropped.map { _ in 0 })
    verdict = Verdict(verification, written.promise, types: [written.type])
      .text(rank: rank.text)
    relativeError = verification.relativeError
    modules = written.modules.count
    rankBefore = RankRange(Array(before.values))
    energyKept = verification.energyKept
    var leftOut = leftOut
    leftOut.add(choice.leftOut)
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
    all =
      written.modules.map {
        Module($0, before: before[$0.target], baseNorm: choice.baseNorms[$0.target])
      } + choice.dropped.map { Module($0, baseNorm: choice.baseNorms[$0.target]) }
    let baseSquared = choice.baseNorms.values.sorted().reduce(0) { $0 + $1 * $1 }
    errorOfBase =
      baseSquared > 0 ? (verification.errorSquared / baseSquared).squareRoot() : nil
    (recipe, threshold) = (choice.recipe, choice.threshold)
    perModule = listsModules ? all : nil
    output = Output(bytes: written.byteCount, sshsModelHash: written.sshsModelHash)
  }

  /// The report on a result that is not a combination of adapters.
  ///
  /// - Parameters:
  ///   - leftOutSquared: The squared norm of the parts that are left out, as far as they have one.
  ///   - readers: The programs that read the result.
  package init(
    _ written: Written, onlyInA: [String] = [], onlyInB: [String] = [], leftOut: LeftOut,
    leftOutSquared: Double = 0, readers: [String] = [], capped: [String: Int] = [:],
    listsModules: Bool = false
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
    all = written.modules.map { Module($0, before: nil, baseNorm: nil) }
    (errorOfBase, recipe, threshold) = (nil, nil, nil)
    perModule = listsModules ? all : nil
    output = Output(bytes: written.byteCount, sshsModelHash: written.sshsModelHash)
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
  fileprivate init(_ module: Written.Module, before: Int?, baseNorm: Double?) {
    self.init(
      name: module.name, target: module.target.description, rankBefore: before, rank: module.rank,
      energyKept: module.verification.energyKept,
      relativeError: module.verification.relativeError,
      askedSquared: module.askedSquared, errorSquared: module.errorSquared,
      block: Block(of: module.target),
      errorOfBase: baseNorm.map { module.errorSquared.squareRoot() / $0 })
  }

  fileprivate init(_ layer: LayerChoice.Dropped, baseNorm: Double?) {
    let isLost = layer.squaredNorm > 0
    self.init(
      name: layer.name, target: layer.target.description, rankBefore: layer.rank, rank: 0,
      energyKept: isLost ? 0 : 1, relativeError: isLost ? 1 : 0,
      askedSquared: layer.squaredNorm, errorSquared: layer.squaredNorm,
      block: Block(of: layer.target),
      errorOfBase: baseNorm.map { layer.squaredNorm.squareRoot() / $0 })
  }
}

import Adapters
import ArgumentParser
import LinearAlgebra

/// A method that computes one update from several.
protocol MergeMethod: Sendable {
  /// The value of `--method`.
  static var name: String { get }

  /// The settings that the method uses.
  static var options: Set<MergeOption> { get }

  /// Whether the result is the weighted sum of the updates, so that the weights may be chosen by a
  /// rule.
  static var isSum: Bool { get }

  var settings: MergeSettings { get }

  init(settings: MergeSettings)

  /// How the method uses `--rank` and the `--sv-…` rules.
  var rankUse: RankUse { get }

  /// Refuses settings that contradict each other, and numbers of files that the method cannot
  /// merge.
  func check(fileCount: Int) throws

  /// Plans the result.
  ///
  /// - Parameters:
  ///   - choice: The ranks that the user chose; `nil` for the method's own.
  ///   - onLayer: Called once per layer, from any thread.
  func plan(
    _ combination: Combination, _ choice: RankChoice?, threads: Int,
    onLayer: @escaping @Sendable () -> Void
  ) throws -> ResultPlan
}

/// All methods in the order of the help.
let mergeMethods: [any MergeMethod.Type] = [
  Concatenation.self, SVD.self, Linear.self, SLERP.self, TIES.self, DARE.self, DARETIES.self,
  DELLA.self, DELLALinear.self, MagnitudePrune.self, KnOTS.self, TSVM.self, IsoC.self,
]

extension MergeMethod {
  static var options: Set<MergeOption> { [] }
  static var isSum: Bool { false }
  func check(fileCount: Int) throws {}
}

/// A setting of some methods, named like its option.
enum MergeOption: String, CaseIterable {
  case density
  case epsilon
  case seed
  case t
  case space
}

/// The values of the methods' settings.
struct MergeSettings: Hashable, Sendable {
  /// The share of each update's elements that is kept.
  var density = 0.5

  /// The distance between the density and the probability of a row's smallest and largest element.
  var epsilon = 0.15
  var seed: UInt64 = 0

  /// The position between two updates: 0 is the first, 1 the second.
  var t = 0.5
  var space = MergeSpace.full
}

/// The space whose elements a method works on.
enum MergeSpace: String, CaseIterable, ExpressibleByArgument {
  /// The elements of the updates, as in the layers' weights.
  case full

  /// The coordinates of the updates in bases that all inputs' factors span.
  case core
}

/// How a method uses chosen ranks.
enum RankUse {
  /// The method keeps every rank.
  case none

  /// The method determines ranks, which may be reduced.
  case optional

  /// The method's result has full rank, so a rank must be chosen.
  case required
}

/// The name of a method on the command line.
struct MergeMethodName: ExpressibleByArgument, CaseIterable {
  let type: any MergeMethod.Type

  init(_ type: any MergeMethod.Type) { self.type = type }

  init?(argument: String) {
    guard let type = mergeMethods.first(where: { $0.name == argument }) else { return nil }
    self.type = type
  }

  static var allCases: [MergeMethodName] { mergeMethods.map { MergeMethodName($0) } }
  static var allValueStrings: [String] { mergeMethods.map { $0.name } }
  var defaultValueDescription: String { type.name }
}

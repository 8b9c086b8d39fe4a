import Adapters
import ArgumentParser
import LinearAlgebra

/// A way to make one update of several.
protocol MergeMethod: Sendable {
  /// As `--method` has it.
  static var name: String { get }

  /// The settings that have a meaning for it.
  static var options: Set<MergeOption> { get }

  /// Whether it is the sum of the updates, each with its weight: then other weights may be chosen.
  static var isSum: Bool { get }

  var settings: MergeSettings { get }

  init(settings: MergeSettings)

  /// What `--rank` and the rules of `--sv-…` are to it.
  var rankUse: RankUse { get }

  /// Refuses settings that do not fit each other, and counts of files that it cannot merge.
  func check(fileCount: Int) throws

  /// The result.
  ///
  /// - Parameters:
  ///   - choice: The ranks that are asked for; `nil` where they are the method's own.
  ///   - onLayer: Called once per layer, from any thread.
  func plan(
    _ combination: Combination, _ choice: RankChoice?, threads: Int,
    onLayer: @escaping @Sendable () -> Void
  ) throws -> ResultPlan
}

/// All methods, in the order of the help.
let mergeMethods: [any MergeMethod.Type] = [
  Concatenation.self, SVD.self, Linear.self, SLERP.self, TIES.self, DARE.self, DARETIES.self,
  DELLA.self, DELLALinear.self, MagnitudePrune.self, KnOTS.self, TSVM.self, IsoC.self,
]

extension MergeMethod {
  static var options: Set<MergeOption> { [] }
  static var isSum: Bool { false }
  func check(fileCount: Int) throws {}
}

/// A setting of some methods; its option is called so.
enum MergeOption: String, CaseIterable {
  case density
  case epsilon
  case seed
  case t
  case space
}

/// What the settings of methods are.
struct MergeSettings: Hashable, Sendable {
  /// The share of each update's elements that is kept.
  var density = 0.5

  /// How far the probability of the smallest and of the largest element of a row is from the
  /// density.
  var epsilon = 0.15
  var seed: UInt64 = 0

  /// From 0, the first of two updates, to 1, the second.
  var t = 0.5
  var space = MergeSpace.full
}

/// Where a method that goes over elements finds them.
enum MergeSpace: String, CaseIterable, ExpressibleByArgument {
  /// In the updates as the layers' weights have them.
  case full

  /// In the updates' coordinates by bases of all inputs' factors.
  case core
}

/// What ranks that are asked for are to a method.
enum RankUse {
  /// The method keeps every rank.
  case none

  /// The method has ranks of its own, which may be reduced.
  case optional

  /// The method's result has every rank that a layer can have.
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

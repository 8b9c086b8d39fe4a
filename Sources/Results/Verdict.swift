package import Adapters
import CommandSupport
package import Tensors

/// The meaning of a verification: one figure, and a judgement in words.
package struct Verdict {
  private let verification: Verification
  private let promise: ResultPlan.Promise
  private let types: [ElementType]

  /// - Parameter types: The element types that store the change.
  package init(
    _ verification: Verification, _ promise: ResultPlan.Promise, types: [ElementType]
  ) {
    self.verification = verification
    self.promise = promise
    self.types = types
  }

  private var error: Double { verification.relativeError }
  private var kept: String { percent(verification.energyKept) }
  private var figure: String { "(error \(significant(error, digits: 2)))" }
  private var typeNames: String { types.map(\.rawValue).joined(separator: " and ") }

  /// The reason why the result is rejected; `nil` if it keeps its promise as far as its types can.
  package var failure: String? {
    let isLost = verification.isMostlyLost && !verification.isOfCancellation
    return promise == .exact && (isLost || !verification.isExplained) ? exact : nil
  }

  /// - Parameter rank: The result's rank as text.
  package func text(rank: String) -> String {
    switch promise {
    case .exact: exact
    case .best:
      error == 0
        ? "rank \(rank) keeps all of the change"
        : "rank \(rank) keeps \(kept) of the change \(figure)"
    case .slice: "the first ranks alone, at their strength in training \(figure)"
    case .imitation: error == 0 ? exact : "differs from the exact result by its rule \(figure)"
    }
  }

  private var exact: String {
    if error == 0 { return "exact" }
    if !verification.errorSquared.isFinite {
      return "numbers exceed the range of \(typeNames), or are NaN"
    }
    if !verification.isExplained {
      return "differs by more than rounding to \(typeNames) explains \(figure)"
    }
    if error < 0.01 {
      return "exact up to \(typeNames) rounding (\(significant(error, digits: 1)))"
    }
    if verification.isMostlyLost && verification.isOfCancellation {
      return "the inputs cancel to within \(typeNames) rounding \(figure)"
    }
    return
      "\(typeNames) holds \(verification.isMostlyLost ? "only " : "")\(kept) of the change \(figure)"
  }
}

/// The error of a result that breaks its promise and was not written.
package struct VerdictError: Error, CustomStringConvertible {
  private let file: String
  private let failure: String
  private let remedy: String

  package init(file: String, failure: String, remedy: String) {
    self.file = file
    self.failure = failure
    self.remedy = remedy
  }

  package var description: String {
    let name = file == "-" ? "standard output" : file
    return
      "\(name): not written, because \(failure); \(remedy), or accept it with --accept-error"
  }
}

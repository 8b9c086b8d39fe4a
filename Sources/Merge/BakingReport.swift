import Adapters
import Baking
import CommandSupport
import QuantizedWeights
import Results

/// The report on a checkpoint with adapters baked in; encodes as JSON.
struct BakingReport: Encodable {
  let tensors: Int
  let modules: Int
  let missing: [String]
  let leftOut: LeftOut
  let verdict: String

  /// The error relative to the added update.
  let relativeError: Double
  let energyKept: Double

  /// How weights of codes and scales changed; `nil` if none has.
  let requantised: Requantised?

  /// How the weights were chosen; `nil` if they are those that the user gave.
  let merging: MergeNotes?

  /// The reason why the result is rejected; `nil` if it holds the update as far as its types can.
  let failure: String?

  /// How weights that are stored as codes changed.
  struct Requantised: Encodable {
    let weights: Int
    let from: [String]
    let to: String

    /// The share of the update's norm that is left along its own direction.
    let normKept: Double

    /// The share of the codes that changed; `nil` if the scheme changed.
    let codesChanged: Double?

    /// The rounding error as a share of the weights' norm.
    let noise: Double

    private enum CodingKeys: String, CodingKey {
      case weights
      case from
      case to
      case normKept = "norm_kept"
      case codesChanged = "codes_changed"
      case noise
    }
  }

  private enum CodingKeys: String, CodingKey {
    case requantised
    case tensors
    case modules
    case missing
    case leftOut = "left_out"
    case verdict
    case relativeError = "relative_error"
    case energyKept = "energy_kept"
    case merging
  }

  init(_ report: BakedModel.Report, of layers: BakedLayers, leftOut: LeftOut, _ notes: MergeNotes) {
    tensors = report.tensors
    modules = report.modules
    missing = report.missing
    self.leftOut = layers.leftOut + leftOut
    merging = notes.isEmpty ? nil : notes
    let survival = report.survival
    let ofNumbers = Verdict(report.verification, .exact, types: layers.types)
    requantised = survival.weightCount > 0 ? Requantised(survival, layers.requantization) : nil
    let isOfCodes = requantised != nil && report.verification.askedSquared == 0
    verdict = isOfCodes ? survival.verdict : ofNumbers.text(rank: "")
    failure = ofNumbers.failure ?? (survival.isMostlyLost ? survival.verdict : nil)
    let whole =
      report.verification
      + Verification(askedSquared: survival.askedSquared, errorSquared: survival.errorSquared)
    relativeError = whole.relativeError
    energyKept = whole.energyKept
  }
}

extension BakingReport.Requantised {
  init(_ survival: Survival, _ requantization: Requantization) {
    weights = survival.weightCount
    from = survival.schemes.sorted()
    to = requantization.rawValue
    normKept = survival.normKept
    codesChanged = survival.codesChanged
    noise = survival.noise
  }

  /// One line of the report.
  var text: String {
    let place = to == "same" ? "with new scales" : "as \(to)"
    let changed = codesChanged.map { ", \(percent($0)) of the codes changed" } ?? ""
    return
      "\(counted(weights, "weight")) of \(from.joined(separator: ", ")) written \(place): "
      + "\(percent(normKept)) of the update is kept\(changed), rounding moves the weights by "
      + "\(percent(noise)) of their norm"
  }
}

extension Survival {
  /// How much of the update is left, in a few words.
  fileprivate var verdict: String {
    if !errorSquared.isFinite {
      let names = schemes.sorted().joined(separator: " and ")
      return "numbers exceed the range of \(names), or are NaN"
    }
    let share = percent(normKept)
    return isMostlyLost
      ? "the codes hold only \(share) of the update" : "the codes hold \(share) of the update"
  }
}

import Adapters
import Baking
import Results

/// What is said of a checkpoint with adapters baked in; encodes as the report's JSON.
struct BakingReport: Encodable {
  let tensors: Int
  let modules: Int
  let missing: [String]
  let leftOut: LeftOut
  let verdict: String

  /// Of what was added.
  let relativeError: Double
  let energyKept: Double

  private enum CodingKeys: String, CodingKey {
    case tensors
    case modules
    case missing
    case leftOut = "left_out"
    case verdict
    case relativeError = "relative_error"
    case energyKept = "energy_kept"
  }

  init(_ report: BakedModel.Report, of layers: BakedLayers, leftOut: LeftOut) {
    tensors = report.tensors
    modules = report.modules
    missing = report.missing
    self.leftOut = layers.leftOut + leftOut
    verdict = Verdict(report.verification, .exact, types: layers.types).text(rank: "")
    relativeError = report.verification.relativeError
    energyKept = report.verification.energyKept
  }
}

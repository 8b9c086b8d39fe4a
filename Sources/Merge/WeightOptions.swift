import Adapters
import ArgumentParser
import CommandSupport
import Results

/// Options that choose the files' weights.
struct WeightOptions: ParsableArguments {
  @Flag(help: "Divide the weights by their sum: the average of the files.")
  var average = false

  @Option(
    .number(0..<1),
    help: ArgumentHelp(
      "The exponential moving average of the files in their order; at each file after the first, the average keeps this share of itself.",
      valueName: "beta"))
  var ema: Double?

  @Option(
    .number(above: 0, upTo: 0.288),
    help: ArgumentHelp(
      "As --ema, with a power function of this relative width. As in musubi-tuner, the first file (the initial state) gets the weight 0.",
      valueName: "sigma"))
  var emaSigmaRel: Double?

  @Flag(
    help:
      "Scale all weights so that the sum's norm is at most that of its strongest file."
  )
  var limitEnergy = false

  @Option(
    .positiveShare,
    help: ArgumentHelp(
      "With --limit-energy, the smallest factor for files that are nearly orthogonal (mean cosine up to 0.1).",
      valueName: "factor"))
  var energyFloor: Double?

  @Flag(
    help:
      "In each block, limit the root of the sum of the files' squared strengths to 1."
  )
  var blockLimit = false

  /// The rule that gives files their weights; `nil` if the typed weights count.
  var rule: WeightRule? {
    average ? .average : ema.map { .decay($0) } ?? emaSigmaRel.map { .power(relativeWidth: $0) }
  }

  var limits: StrengthLimits {
    StrengthLimits(limitsEnergy: limitEnergy, floor: energyFloor, limitsBlocks: blockLimit)
  }

  func validate() throws {
    if [average, ema != nil, emaSigmaRel != nil].count(where: \.self) > 1 {
      throw ValidationError("--average, --ema and --ema-sigma-rel exclude each other.")
    }
    if energyFloor != nil && !limitEnergy {
      throw ValidationError("--energy-floor goes with --limit-energy.")
    }
  }

  /// Refuses files and methods that the rules do not apply to.
  func check(_ files: [WeightedFile], _ method: any MergeMethod.Type) throws {
    if rule == nil && limits.isEmpty { return }
    if !method.isSum {
      throw ValidationError(
        "--average, --ema, --limit-energy and --block-limit weigh the files of a sum: they go with --method concat, svd and linear, not \(method.name)."
      )
    }
    guard let rule else { return }
    if !rule.usesWeights {
      if files.contains(where: { $0.weight != 1 }) {
        throw ValidationError(
          "--ema gives each file its weight: leave those behind the files out.")
      }
      if files.count < 2 { throw ValidationError("--ema goes with two files or more.") }
    } else if files.reduce(0, { $0 + $1.weight }) == 0 {
      throw ValidationError("--average divides by the sum of the weights, which is 0.")
    }
  }
}

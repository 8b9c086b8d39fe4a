import CommandSupport
import Compute

/// Notices a run whose loss has become many times what it was.
///
/// The losses of single steps say little: they differ a hundredfold between timesteps. Each is
/// measured by what a network that predicts nothing would lose in the same step. A trained model
/// stays below that at every timestep, so that a few steps above it are enough to tell; slower harm
/// shows in the mean of many steps.
struct DivergenceWatch {
  /// The first step of those that told.
  private(set) var step: Int?

  private var first: (share: Double, loss: Double)?
  private var recent: [(share: Double, loss: Double)] = []
  private var beginning: Double?

  private static let shortWindow = 5
  private static let longWindow = 50

  /// Counts a step.
  ///
  /// - Parameter nothing: The loss of a prediction of zeros in the same step.
  /// - Returns: A warning, once.
  mutating func warning(after step: Int, loss: Double, ofNothing nothing: Double) -> String? {
    guard nothing > 0, self.step == nil else { return nil }
    let entry = (share: loss / nothing, loss: loss)
    let first = first ?? entry
    self.first = first
    recent.append(entry)
    if recent.count > Self.longWindow { recent.removeFirst() }
    let long = recent.reduce(0) { $0 + $1.share } / Double(recent.count)
    if recent.count == Self.longWindow, beginning == nil { beginning = long }

    let short = recent.suffix(Self.shortWindow)
    let limit = first.share < 0.9 ? 1 : 3 * first.share
    let count: Int
    if short.count == Self.shortWindow, median(short.map(\.share)) > limit {
      count = Self.shortWindow
    } else if let beginning, long > 4 * beginning {
      count = Self.longWindow
    } else {
      return nil
    }
    self.step = step - count + 1
    return "the loss of steps \(step - count + 1) to \(step) is about "
      + "\(significant(median(recent.suffix(count).map(\.loss)), digits: 3)), that of the first was "
      + "\(significant(first.loss, digits: 3)): the run has diverged and its result will be of no "
      + "use; stop it and give a lower --learning-rate, a tenth of this one for a start"
  }

  private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}

extension PreparedBatch {
  /// The loss of a prediction of zeros: what a network that has learned nothing reaches.
  func lossOfNothing(_ distance: Distance) -> Double {
    let count = target.count / max(1, weights.count)
    var sum = 0.0
    for (sample, weight) in weights.enumerated() {
      let c = Double(thresholds[sample])
      for index in sample * count..<(sample + 1) * count {
        let mask = batch.mask.map { Double($0[index / LatentShape.channels]) } ?? 1
        sum += Double(weight) * mask * distance.fromZero(Double(target[index]), c)
      }
    }
    return target.isEmpty ? 0 : sum / Double(target.count)
  }
}

extension Distance {
  /// The distance of a number from 0.
  fileprivate func fromZero(_ y: Double, _ c: Double) -> Double {
    switch self {
    case .squared: y * y
    case .absolute: abs(y)
    case .huber: 2 * c * ((y * y + c * c).squareRoot() - c)
    case .smoothAbsolute: 2 * ((y * y + c * c).squareRoot() - c)
    }
  }
}

import CommandSupport
import Glibc

/// The figures of a step: a line of the log.
struct StepRecord: Codable, Hashable {
  /// Names one of a slider's two runs; nil for any other run.
  var copy: SliderCopy?

  /// Counted from 1.
  let step: Int
  let epoch: Int

  /// The mean over the batches of the step.
  let loss: Double

  /// The mean over the last steps.
  let averageLoss: Double

  /// The rate of the first group of weights, after the schedule.
  let learningRate: Double

  /// The length of the gradient before it was shortened.
  let gradientNorm: Double

  /// Since the run began, or was resumed.
  let seconds: Double

  /// Bytes of the device's memory that are in use or kept for tensors.
  let memory: Int

  enum CodingKeys: String, CodingKey {
    case copy, step, epoch, loss, seconds
    case averageLoss = "average_loss"
    case learningRate = "lr"
    case gradientNorm = "grad_norm"
    case memory = "memory_bytes"
  }
}

/// The mean of the losses last seen.
struct LossAverage: Hashable {
  private var losses: [Double] = []
  private var next = 0
  private let window: Int

  /// - Parameter window: Losses that count: those of an epoch, as sd-scripts shows them, and at
  ///   most 100.
  init(batchesPerEpoch: Int) { window = max(1, min(batchesPerEpoch, 100)) }

  /// Counts one more loss in place of the oldest.
  mutating func add(_ loss: Double) -> Double {
    if losses.count < window {
      losses.append(loss)
    } else {
      losses[next] = loss
    }
    next = (next + 1) % window
    return losses.reduce(0, +) / Double(losses.count)
  }
}

/// The figures of a step, as the loop returns them.
struct StepResult {
  /// The mean loss of its batches, and that of predictions of zeros.
  let loss: Double
  let lossOfNothing: Double

  /// The length of the gradient before it was shortened.
  let gradientNorm: Double
  let learningRate: Double
}

extension StepRecord {
  /// `step 120 of 1500  loss 0.0431  lr 0.001  3.2 steps/s  7 min left  1.2 GB`.
  ///
  /// - Parameter first: The steps that were done before the run began or was resumed.
  func text(of steps: Int, first: Int) -> String {
    let rate = seconds > 0 ? Double(step - first) / seconds : 0
    var parts = [
      "step \(step) of \(steps)", "loss \(significant(averageLoss))",
      "lr \(significant(learningRate, digits: 3))",
    ]
    if rate > 0 {
      parts.append(
        rate >= 1
          ? "\(significant(rate, digits: 3)) steps/s" : "\(significant(1 / rate, digits: 3)) s/step"
      )
      parts.append("\(duration(Double(steps - step) / rate)) left")
    }
    parts.append(bytes(memory))
    return parts.joined(separator: "  ")
  }
}

/// `45 s`, `7 min`, `2 h 05 min`.
func duration(_ seconds: Double) -> String {
  guard seconds.isFinite, seconds < 1e9 else { return "–" }
  let whole = Int(seconds.rounded(.up))
  if whole < 120 { return "\(whole) s" }
  let minutes = (whole + 30) / 60
  if minutes < 120 { return "\(minutes) min" }
  let rest = minutes % 60
  return "\(minutes / 60) h \(rest < 10 ? "0" : "")\(rest) min"
}

/// The bytes of memory that this program holds now; nil where the system does not say.
func residentBytes() -> Int? {
  guard let file = unsafe fopen("/proc/self/statm", "r") else { return nil }
  defer { unsafe fclose(file) }
  var buffer = [CChar](repeating: 0, count: 128)
  guard unsafe fgets(&buffer, Int32(buffer.count), file) != nil else { return nil }
  let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  let fields = text.split(separator: " ")
  guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
  return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
}

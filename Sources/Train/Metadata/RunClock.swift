import Glibc

/// The times and the number that name a run in its results.
///
/// With `SOURCE_DATE_EPOCH` all times are that one and the number is made of it, so that the same
/// run writes the same bytes.
struct RunClock: Hashable {
  /// In seconds of Unix time.
  let startedAt: Double

  /// A random 32-bit number.
  let session: UInt32
  private let isFixed: Bool

  /// - Parameter sourceDateEpoch: The variable's value, if it is set.
  init(sourceDateEpoch: String?, session: UInt32) {
    if let sourceDateEpoch, let seconds = Double(sourceDateEpoch), seconds.isFinite {
      startedAt = seconds
      self.session = UInt32(truncatingIfNeeded: Int(exactly: seconds.rounded(.down)) ?? 0)
      isFixed = true
    } else {
      startedAt = Self.secondsNow
      self.session = session
      isFixed = false
    }
  }

  /// The time of a save.
  var now: Double { isFixed ? startedAt : Self.secondsNow }

  /// `2026-11-22T15:55:44`: local time; UTC where the time is fixed.
  func date(at seconds: Double) -> String {
    var time = time_t(seconds)
    var parts = unsafe tm()
    if isFixed {
      unsafe gmtime_r(&time, &parts)
    } else {
      unsafe localtime_r(&time, &parts)
    }
    let day = unsafe [Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday)]
    let clock = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map(Int.init)
    return day.map(padded).joined(separator: "-") + "T" + clock.map(padded).joined(separator: ":")
  }

  private func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

  private static var secondsNow: Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

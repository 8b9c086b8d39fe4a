import Glibc

/// The clock that results are dated by.
///
/// `SOURCE_DATE_EPOCH` stops it, so that the same work writes the same bytes.
package struct Clock: Hashable, Sendable {
  /// In seconds since 1970; nil where the clock runs.
  private let stoppedAt: Double?

  /// - Parameter sourceDateEpoch: The variable's value; what is no time of a year up to 9999 counts
  ///   as not set.
  package init(sourceDateEpoch: String?) {
    stoppedAt = sourceDateEpoch.flatMap(Double.init).flatMap {
      abs($0) < 253_402_300_800 ? $0 : nil
    }
  }

  /// The clock of this process.
  package static var ofProcess: Clock {
    Clock(sourceDateEpoch: environment("SOURCE_DATE_EPOCH"))
  }

  package var isStopped: Bool { stoppedAt != nil }

  /// In seconds since 1970.
  package var now: Double {
    if let stoppedAt { return stoppedAt }
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// A date and time as modelspec has it: `2026-11-22T15:55:44`.
///
/// - Parameters:
///   - seconds: Since 1970.
///   - isLocal: Whether the machine's time zone is meant, not Universal Time.
package func dateText(_ seconds: Double, isLocal: Bool = false) -> String {
  var time = time_t(seconds.rounded(.down))
  var parts = unsafe tm()
  unsafe _ = isLocal ? localtime_r(&time, &parts) : gmtime_r(&time, &parts)
  let day = unsafe [parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday]
  let clock = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec]
  func text(_ numbers: [Int32], _ separator: String) -> String {
    numbers.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: separator)
  }
  return "\(text(day, "-"))T\(text(clock, ":"))"
}

import Files

/// The times and the number that name a run in its results.
///
/// Where the clock is stopped, the number follows from its time, so that the same run writes the same
/// bytes.
struct RunClock: Hashable {
  /// In seconds since 1970.
  let startedAt: Double

  /// A random 32-bit number.
  let session: UInt32
  private let clock: Clock

  init(_ clock: Clock, session: UInt32) {
    self.clock = clock
    startedAt = clock.now
    self.session =
      clock.isStopped ? UInt32(truncatingIfNeeded: Int(startedAt.rounded(.down))) : session
  }

  /// The time of a save.
  var now: Double { clock.now }

  /// `2026-11-22T15:55:44`: local time; Universal Time where the clock is stopped.
  func date(at seconds: Double) -> String { dateText(seconds, isLocal: !clock.isStopped) }
}

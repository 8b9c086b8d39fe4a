import Synchronization

/// The progress of long work, on standard error: a bar on a terminal, elsewhere a line at times.
///
/// Work that takes less than a second shows nothing.
package final class Progress: Sendable {
  private let title: String
  private let total: Int
  private let start = ContinuousClock.now
  private let state: Mutex<(done: Int, line: StatusLine)>

  package init(_ title: String, total: Int, quiet: Bool) {
    self.title = title
    self.total = total
    state = Mutex((0, StatusLine(quiet: quiet, shown: .now)))
  }

  /// Counts pieces that are done; from any thread.
  package func advance(by count: Int = 1) {
    state.withLock { state in
      state.done += count
      let done = state.done
      if ContinuousClock.now - start > .seconds(1) { state.line.update { text(done) } }
    }
  }

  /// Takes the bar away.
  package func finish() { state.withLock { $0.line.clear() } }

  private func text(_ done: Int) -> String {
    let share = total == 0 ? 1 : Double(done) / Double(total)
    let elapsed = ContinuousClock.now - start
    let left = share > 0 ? elapsed * ((1 - share) / share) : .zero
    let times = "\(Int(share * 100)) %, \(left.components.seconds + 1) s left"
    guard Terminal.errorIsErasable else { return "\(title) \(done) of \(total), \(times)" }
    // The title gives way first, then the bar.
    let room = (Terminal.errorWidth ?? 80) - 1 - columns(of: times) - 1
    let width = min(24, max(0, room - 12))
    let filled = Int(min(1, share) * Double(width))
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    let parts = [shortened(title, to: max(1, room - width - 1)), bar, times]
    return parts.filter { !$0.isEmpty }.joined(separator: " ")
  }
}

/// A line about work that goes on: overwritten in place on a terminal, elsewhere a new line every
/// few seconds.
package struct StatusLine: Sendable {
  private let isShown: Bool
  private var shown: ContinuousClock.Instant?

  /// - Parameter shown: When a text was last shown; the first waits its turn from then on.
  package init(quiet: Bool, shown: ContinuousClock.Instant? = nil) {
    isShown = !quiet
    self.shown = shown
  }

  /// Shows a text, unless one was shown a moment ago.
  ///
  /// - Parameter text: Made only if it is shown.
  package mutating func update(_ text: () -> String) {
    let interval: Duration = Terminal.errorIsErasable ? .milliseconds(100) : .seconds(5)
    let now = ContinuousClock.now
    guard isShown, shown.map({ now - $0 > interval }) ?? true else { return }
    shown = now
    if Terminal.errorIsErasable { Terminal.showStatus(text()) } else { Terminal.note(text()) }
  }

  /// Takes the line away; the next text is shown at once.
  package mutating func clear() {
    Terminal.eraseStatus()
    shown = nil
  }
}

import Synchronization

/// How far a long piece of work is, on standard error: a bar on a terminal, else a line at times.
///
/// Nothing is shown of work that takes under a second.
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

  /// Says that one more piece is done; from any thread.
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

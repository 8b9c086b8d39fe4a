import Synchronization

/// How far a long piece of work is, on standard error: a bar on a terminal, else a line at times.
///
/// Nothing is shown of work that takes under a second.
package final class Progress: Sendable {
  private let title: String
  private let total: Int
  private let isShown: Bool
  private let start = ContinuousClock.now
  private let state = Mutex((done: 0, shown: ContinuousClock.now))

  package init(_ title: String, total: Int, quiet: Bool) {
    self.title = title
    self.total = total
    isShown = !quiet
  }

  /// Says that one more piece is done; from any thread.
  package func advance(by count: Int = 1) {
    let interval: Duration = Terminal.errorIsTerminal ? .milliseconds(100) : .seconds(5)
    let done: Int? = state.withLock { state in
      state.done += count
      let now = ContinuousClock.now
      guard isShown, now - start > .seconds(1), now - state.shown > interval else { return nil }
      state.shown = now
      return state.done
    }
    if let done { show(done) }
  }

  /// Takes the bar away.
  package func finish() {
    if isShown && Terminal.errorIsTerminal && ContinuousClock.now - start > .seconds(1) {
      Terminal.write("\r\u{1B}[K")
    }
  }

  private func show(_ done: Int) {
    let share = total == 0 ? 1 : Double(done) / Double(total)
    let elapsed = ContinuousClock.now - start
    let left = share > 0 ? elapsed * ((1 - share) / share) : .zero
    let times = "\(Int(share * 100)) %, \(left.components.seconds + 1) s left"
    if Terminal.errorIsTerminal {
      let width = 24
      let filled = Int(share * Double(width))
      let bar =
        String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
      Terminal.write("\r\u{1B}[K\(title) \(bar) \(times)")
    } else {
      Terminal.write("lora: \(title) \(done) of \(total), \(times)\n")
    }
  }
}

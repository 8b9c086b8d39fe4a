/// The line that says how long work goes: overwritten in place on a terminal, else written anew
/// every few seconds.
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

  /// Takes the line away, so that what is printed next begins a line.
  package mutating func clear() {
    Terminal.eraseStatus()
    shown = nil
  }
}

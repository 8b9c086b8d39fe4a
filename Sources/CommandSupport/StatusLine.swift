/// The line that says how long work goes: overwritten in place on a terminal, else written anew
/// every few seconds.
package struct StatusLine {
  private let isShown: Bool
  private var shown: ContinuousClock.Instant?

  package init(quiet: Bool) { isShown = !quiet }

  /// Shows a text, unless one was shown a moment ago.
  ///
  /// - Parameter text: Made only if it is shown.
  package mutating func update(_ text: () -> String) {
    let interval: Duration = Terminal.errorIsTerminal ? .milliseconds(100) : .seconds(5)
    let now = ContinuousClock.now
    guard isShown, shown.map({ now - $0 > interval }) ?? true else { return }
    shown = now
    if Terminal.errorIsTerminal {
      Terminal.write("\r\u{1B}[K\(text().prefix(Terminal.width - 1))")
    } else {
      Terminal.write("lora: \(text())\n")
    }
  }

  /// Takes the line away, so that what is printed next begins a line.
  package mutating func clear() {
    if isShown, shown != nil, Terminal.errorIsTerminal { Terminal.write("\r\u{1B}[K") }
    shown = nil
  }
}

import Dispatch
import Glibc
import Synchronization

/// Whether the user or the system asked the program to stop.
///
/// SIGINT and SIGTERM set a flag that the loop looks at after each step; a second one ends the
/// program as if nobody listened.
final class Interruption: Sendable {
  private let received = Atomic<Int32>(0)
  private nonisolated(unsafe) var sources: [any DispatchSourceSignal] = []

  /// Listens from now on, until the last reference is gone.
  init() {
    let queue = DispatchQueue(label: "signals")
    for number in [SIGINT, SIGTERM] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [weak self] in self?.receive(number) }
      source.resume()
      unsafe sources.append(source)
    }
  }

  deinit {
    for source in unsafe sources { source.cancel() }
    for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
  }

  /// The exit status that tells of the signal, 130 or 143; nil if none came.
  var exitStatus: Int32? {
    let number = received.load(ordering: .relaxed)
    return number == 0 ? nil : 128 + number
  }

  private func receive(_ number: Int32) {
    let (isFirst, _) = received.compareExchange(
      expected: 0, desired: number, ordering: .relaxed)
    guard !isFirst else { return }
    signal(number, SIG_DFL)
    raise(number)
  }
}

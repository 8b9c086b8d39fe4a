import Glibc
import Synchronization

/// Ctrl-C, SIGTERM and SIGHUP, for the whole program.
///
/// A thread of its own waits for them, so that they work while the other threads compute. The first
/// signal ends the program unless there is something to save (`savesFirst`): then the work finds the
/// first signal between its steps (`check`), and only a second one ends the program.
package enum Interruption {
  private struct State {
    var savesFirst = false

    /// The signal that came first, and when.
    var wish: (number: Int32, time: ContinuousClock.Instant)?
    var lastWords: String?
  }

  private static let state = Mutex(State())

  /// Listens from now on; to be called while there is one thread only.
  ///
  /// A signal that was ignored when the program began stays so: `nohup` and a shell's `&` mean it.
  ///
  /// - Parameter cleanUp: Called on the waiting thread before it ends the program.
  package static func listen(cleaningUp cleanUp: @escaping @Sendable () -> Void) {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] where !isIgnored(number) {
      unsafe sigaddset(&signals, number)
    }
    // Threads that are made later inherit the mask, so that the signals wait for `sigwait`.
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    let listener = unsafe Unmanaged.passRetained(Listener(signals, cleanUp)).toOpaque()
    var handle = pthread_t()
    let failure = unsafe pthread_create(
      &handle, nil,
      { argument in
        if let argument = unsafe argument {
          unsafe Unmanaged<Listener>.fromOpaque(argument).takeRetainedValue().listen()
        }
        return nil
      }, listener)
    precondition(failure == 0, "pthread_create failed with \(failure)")
    pthread_detach(handle)
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard unsafe sigaction(number, nil, &action) == 0 else { return false }
    let handler = unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    let ignoring = unsafe unsafeBitCast(SIG_IGN, to: Int.self)
    return handler == ignoring
  }

  /// From now on there is something to save: the first signal requests an end, a second one forces it.
  package static func savesFirst() { state.withLock { $0.savesFirst = true } }

  /// Sets the note that is printed when a second signal ends the program; nil for none.
  package static func setLastWords(_ words: String?) { state.withLock { $0.lastWords = words } }

  /// The exit status that tells of the signal, 130, 143 or 129; nil if none came.
  package static var exitStatus: Int32? { state.withLock { $0.wish.map { 128 + $0.number } } }

  /// Throws if the user wants an end; long work calls it between steps.
  package static func check() throws(Interrupted) {
    if let status = exitStatus { throw Interrupted(exitStatus: status) }
  }

  /// The response to a signal.
  private enum Answer {
    case wish
    case end(lastWords: String?)
    case nothing
  }

  fileprivate static func receive(_ number: Int32, _ cleanUp: () -> Void) {
    let answer = state.withLock { state -> Answer in
      guard state.savesFirst else { return .end(lastWords: nil) }
      let now = ContinuousClock.now
      guard let wish = state.wish else {
        state.wish = (number, now)
        return .wish
      }
      // One terminal that closes is told of twice, by the shell and by the system.
      if number == SIGHUP, now - wish.time < .seconds(1) { return .nothing }
      return .end(lastWords: state.lastWords)
    }
    switch answer {
    case .nothing: break
    case .wish: Terminal.note("stopping after this step; once more to stop now")
    case .end(let words):
      cleanUp()
      if let words { Terminal.note(words) }
      _exit(128 + number)
    }
  }
}

/// The user wants an end, and there is something to save before it.
package struct Interrupted: Error, Hashable {
  /// 130, 143 or 129.
  package let exitStatus: Int32
}

/// The state of the waiting thread.
private final class Listener: Sendable {
  private let signals: sigset_t
  private let cleanUp: @Sendable () -> Void

  init(_ signals: sigset_t, _ cleanUp: @escaping @Sendable () -> Void) {
    self.signals = signals
    self.cleanUp = cleanUp
  }

  /// The loop of the thread.
  func listen() {
    var signals = signals
    var number: Int32 = 0
    while true {
      if unsafe sigwait(&signals, &number) == 0 { Interruption.receive(number, cleanUp) }
    }
  }
}

import Dispatch
import Synchronization

/// Work on a thread of its own, for what waits: the threads of `async` are few, and one that waits
/// for another stops them all.
package final class OtherThread<Value: Sendable>: Sendable {
  private let outcome = Mutex<Result<Value, any Error>?>(nil)
  private let isDone = DispatchSemaphore(value: 0)

  package init(_ work: @escaping @Sendable () throws -> Value) {
    DispatchQueue.global().async { [self] in
      let result = Result(catching: work)
      outcome.withLock { $0 = result }
      isDone.signal()
    }
  }

  /// Waits for what the work gives; to be called once.
  package func result() throws -> Value {
    isDone.wait()
    guard let result = outcome.withLock({ $0 }) else { preconditionFailure("no result yet") }
    return try result.get()
  }
}

import Dispatch
import Synchronization

/// Returns `transform` of 0, 1, … count − 1, computed by several threads.
///
/// Threads run over items, never inside a product: OpenBLAS has none of its own. Every item is
/// computed in the same way whichever thread takes it, so results do not depend on their number.
///
/// - Throws: The error of the first item (by index, of those begun) that failed; after one fails
///   no further item is begun.
package func parallelMap<Result: Sendable>(
  count: Int, threads: Int, _ transform: @Sendable (Int) throws -> Result
) throws -> [Result] {
  let workers = min(threads, count)
  if workers <= 1 { return try (0..<count).map(transform) }

  let next = Atomic(0)
  let outcome = Mutex<(results: [Result?], failure: (index: Int, error: any Error)?)>(
    (Array(repeating: nil, count: count), nil))
  DispatchQueue.concurrentPerform(iterations: workers) { _ in
    while true {
      let index = next.add(1, ordering: .relaxed).oldValue
      if index >= count { return }
      do {
        let result = try transform(index)
        outcome.withLock { $0.results[index] = result }
      } catch {
        next.store(count, ordering: .relaxed)
        outcome.withLock { outcome in
          if outcome.failure.map({ index < $0.index }) ?? true { outcome.failure = (index, error) }
        }
      }
    }
  }
  return try outcome.withLock { outcome in
    if let failure = outcome.failure { throw failure.error }
    return outcome.results.compactMap(\.self)
  }
}

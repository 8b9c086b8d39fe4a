package import Compute
package import Tensors

/// The host's cores as a device.
///
/// Operations run one after another, each on all threads; ask for them from one thread at a time.
package final class CPUBackend: Backend {
  package let name = "cpu"
  package let activationType = ElementType.float32
  let workers: Workers
  private let pool = BufferPool()

  /// Nanoseconds of work for which another thread is worth asking.
  let grain: Float

  /// Ask `Processor.check` first: on another processor this itself may be an illegal instruction.
  ///
  /// - Parameters:
  ///   - threads: How many cores to use.
  ///   - grain: Nanoseconds of work for which another thread is worth asking; 0 in tests, where
  ///     the smallest tensor is to be cut.
  package init(threads: Int, grain: Float = 4000) {
    workers = Workers(count: threads)
    self.grain = grain
  }

  /// The number of threads that run an operation.
  package var threadCount: Int { workers.count }

  /// Bytes of memory that is taken from the system, in use or kept for later.
  package var heldByteCount: Int { pool.heldByteCount }

  package func repeating(_ work: RepeatedWork, _ body: () -> Void) { body() }

  package func check() {}

  package func allocate(byteCount: Int) -> Storage {
    Storage(address: pool.take(byteCount), byteCount: byteCount, backend: self)
  }

  package func release(address: UInt, byteCount: Int) { pool.giveBack(address, byteCount) }

  /// Lends float32 memory for the length of a call; its contents are undefined.
  func withScratch<Result>(_ count: Int, _ body: (Floats) -> Result) -> Result {
    let address = pool.take(count * 4)
    defer { pool.giveBack(address, count * 4) }
    return body(Floats(address: address, count: count))
  }
}

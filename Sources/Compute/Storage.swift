/// Memory of a device, shared by the tensors that lie in it and given back with the last of them.
package final class Storage: Sendable {
  /// Where it begins, as the device counts: a host address on a CPU.
  package let address: UInt
  package let byteCount: Int
  private let backend: any Backend

  package init(address: UInt, byteCount: Int, backend: any Backend) {
    self.address = address
    self.byteCount = byteCount
    self.backend = backend
  }

  deinit { backend.release(address: address, byteCount: byteCount) }
}

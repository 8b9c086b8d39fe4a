/// What the driver says of a device.
package struct Device: Hashable, Sendable {
  /// Its number, from 0.
  package let number: Int
  package let name: String
  package let architecture: Architecture

  /// All of its memory, in bytes.
  package let memory: Int
  package let multiprocessors: Int
}

import Files
import Glibc

/// A tensor's name, equal to another only where every byte is.
///
/// Swift's `String` compares by canonical equivalence: to it `é` in one code point and in two are
/// the same. To safetensors they are two tensors.
package struct TensorName: Hashable, Sendable {
  package let string: String

  package init(_ string: String) { self.string = string }

  package static func == (a: TensorName, b: TensorName) -> Bool {
    a.string.utf8.count == b.string.utf8.count && order(a, b) == 0
  }

  package func hash(into hasher: inout Hasher) {
    unsafe withBytes { unsafe hasher.combine(bytes: $0) }
  }

  /// Below, equal to or above zero, as the bytes of `a` come before, are or come after those of `b`.
  ///
  /// Names of one file begin alike for tens of bytes: `memcmp` takes them by the register.
  private static func order(_ a: TensorName, _ b: TensorName) -> Int {
    unsafe a.withBytes { first in
      unsafe b.withBytes { second in
        let difference = first.count - second.count
        guard let a = first.baseAddress, let b = second.baseAddress else {
          return difference
        }
        let order = unsafe memcmp(a, b, min(first.count, second.count))
        return order == 0 ? difference : Int(order)
      }
    }
  }

  private func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    // Only a string bridged from elsewhere has no bytes of its own, and Linux has none.
    let result = unsafe string.utf8.withContiguousStorageIfAvailable {
      unsafe body(UnsafeRawBufferPointer($0))
    }
    if let result { return result }
    var copy = string
    return copy.withUTF8 { unsafe body(UnsafeRawBufferPointer($0)) }
  }
}

extension TensorName: Comparable {
  package static func < (a: TensorName, b: TensorName) -> Bool { order(a, b) < 0 }
}

extension TensorName: CustomStringConvertible {
  /// The name as one line of bounded length, fit for a terminal.
  package var description: String { printable(string) }
}

/// A string from a file as one line fit for a terminal, the middle of a very long one left out.
package func printable(_ string: String) -> String {
  let scalars = string.unicodeScalars
  if scalars.count <= 200 { return escaped(string) }
  return "\(escaped(String(scalars.prefix(120))))…\(escaped(String(scalars.suffix(60))))"
}

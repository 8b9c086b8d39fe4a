import Compute
import Tensors

/// Eight neighbouring elements: one AVX register.
typealias Vector = SIMD8<Float>

/// Float32 elements in host memory, borrowed from a tensor or from scratch memory.
///
/// The one place with pointer arithmetic. Operations check shapes once and then index within them;
/// debug builds of the standard library aside, an index is checked by `assert` only. Whoever makes
/// one keeps the memory alive while it is used, and tasks that run at once write apart.
@safe struct Floats: Sendable {
  private nonisolated(unsafe) let base: UnsafeMutablePointer<Float>
  let count: Int

  init(_ tensor: Tensor) {
    precondition(tensor.elementType == .float32, "\(tensor.elementType.rawValue) on the CPU")
    self.init(address: tensor.storage.address, offset: tensor.offset, count: tensor.count)
  }

  init(address: UInt, offset: Int = 0, count: Int) {
    guard let start = unsafe UnsafeMutablePointer<Float>(bitPattern: address) else {
      preconditionFailure("no memory at address 0")
    }
    unsafe base = start + offset
    self.count = count
  }

  private init(base: UnsafeMutablePointer<Float>, count: Int) {
    unsafe self.base = base
    self.count = count
  }

  subscript(index: Int) -> Float {
    @inline(__always) get {
      assert(index >= 0 && index < count)
      return unsafe base[index]
    }
    @inline(__always) nonmutating set {
      assert(index >= 0 && index < count)
      unsafe base[index] = newValue
    }
  }

  /// The elements from `index` on; the first `lanes` are real, the others 0 and not written.
  subscript(index: Int, lanes: Int) -> Vector {
    @inline(__always) get {
      assert(index >= 0 && index + lanes <= count)
      if lanes == Vector.scalarCount {
        return unsafe UnsafeRawPointer(base + index).loadUnaligned(as: Vector.self)
      }
      return partialVector(index, lanes)
    }
    @inline(__always) nonmutating set {
      assert(index >= 0 && index + lanes <= count)
      if lanes == Vector.scalarCount {
        unsafe UnsafeMutableRawPointer(base + index).storeBytes(of: newValue, as: Vector.self)
      } else {
        storePartially(newValue, index, lanes)
      }
    }
  }

  // Not inlined: lane after lane in the midst of a loop keeps the compiler from using vectors.
  @inline(never)
  private func partialVector(_ index: Int, _ lanes: Int) -> Vector {
    var vector = Vector()
    for lane in 0..<lanes { vector[lane] = unsafe base[index + lane] }
    return vector
  }

  @inline(never)
  private func storePartially(_ vector: Vector, _ index: Int, _ lanes: Int) {
    for lane in 0..<lanes { unsafe base[index + lane] = vector[lane] }
  }

  /// The elements from `index` to the end.
  func from(_ index: Int) -> Floats {
    assert(index >= 0 && index <= count)
    return unsafe Floats(base: base + index, count: count - index)
  }

  /// Copies elements of another place that does not overlap.
  @inline(__always)
  func copy(_ source: Floats, from first: Int, to index: Int, count: Int) {
    assert(index >= 0 && index + count <= self.count && first >= 0 && first + count <= source.count)
    unsafe (base + index).update(from: source.base + first, count: count)
  }

  func fill(_ range: Range<Int>, with value: Float) {
    assert(range.lowerBound >= 0 && range.upperBound <= count)
    unsafe (base + range.lowerBound).update(repeating: value, count: range.count)
  }

  /// Lends the elements to a product.
  func withSpan<Result>(_ body: (Span<Float>) -> Result) -> Result {
    body(unsafe Span(_unsafeStart: base, count: count))
  }

  func withMutableSpan<Result>(_ body: (inout MutableSpan<Float>) -> Result) -> Result {
    var span = unsafe MutableSpan(_unsafeStart: base, count: count)
    return body(&span)
  }
}

/// Calls `body` with the start of each run of eight and 8, then with the rest and how many.
///
/// For short bodies, which are inlined twice; a loop over `Vectors` has its body once.
@inline(__always)
func forVectors(_ range: Range<Int>, _ body: (_ index: Int, _ lanes: Int) -> Void) {
  var index = range.lowerBound
  let end = range.upperBound
  while index &+ 8 <= end {
    body(index, 8)
    index &+= 8
  }
  if index < end { body(index, end &- index) }
}

/// The start of each run of eight in a range and 8, at last of the rest and how many.
struct Vectors: Sequence, IteratorProtocol {
  private var index: Int
  private let end: Int

  @inline(__always)
  init(_ range: Range<Int>) {
    index = range.lowerBound
    end = range.upperBound
  }

  @inline(__always)
  mutating func next() -> (index: Int, lanes: Int)? {
    if index >= end { return nil }
    defer { index &+= 8 }
    return (index, end &- index >= 8 ? 8 : end &- index)
  }
}

package import Compute
import Tensors

extension CPUBackend {
  package func write(_ values: [Float], to tensor: Tensor) {
    let target = Floats(tensor)
    for (index, value) in values.enumerated() { target[index] = value }
  }

  package func write(_ values: [Int32], to tensor: Tensor) {
    let target = Integers(tensor)
    for (index, value) in values.enumerated() { target[index] = value }
  }

  package func values(of tensor: Tensor) -> [Float] {
    let source = Floats(tensor)
    return unsafe [Float](unsafeUninitializedCapacity: source.count) { buffer, count in
      for index in 0..<source.count {
        unsafe buffer.initializeElement(at: index, to: source[index])
      }
      count = source.count
    }
  }

  package func fill(_ tensor: Tensor, with value: Float) {
    let target = Floats(tensor)
    target.fill(0..<target.count, with: value)
  }

  package func copy(_ source: Tensor, into target: Tensor) {
    let (from, to) = (Floats(source), Floats(target))
    forRanges(to.count, cost: 0.15) {
      to.copy(from, from: $0.lowerBound, to: $0.lowerBound, count: $0.count)
    }
  }
}

/// Whole numbers in host memory, as `Floats`.
@safe struct Integers: Sendable {
  private nonisolated(unsafe) let base: UnsafeMutablePointer<Int32>
  let count: Int

  init(_ tensor: Tensor) {
    precondition(tensor.elementType == .int32, "\(tensor.elementType.rawValue) are not integers")
    guard let start = unsafe UnsafeMutablePointer<Int32>(bitPattern: tensor.storage.address) else {
      preconditionFailure("no memory at address 0")
    }
    unsafe base = start + tensor.offset
    count = tensor.count
  }

  subscript(index: Int) -> Int32 {
    get {
      assert(index >= 0 && index < count)
      return unsafe base[index]
    }
    nonmutating set {
      assert(index >= 0 && index < count)
      unsafe base[index] = newValue
    }
  }
}

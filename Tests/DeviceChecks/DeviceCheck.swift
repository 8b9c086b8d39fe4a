package import Compute
package import Tensors

/// One operation, forward and backward, on a device and on the CPU.
package struct DeviceCheck: Sendable {
  package let name: String

  /// What is compared, from inputs that are the same on both.
  let outcomes: @Sendable (CheckInputs) -> [Tensor]

  /// Compares the device with the CPU.
  ///
  /// - Returns: The largest of the outcomes' ‖device − CPU‖ / ‖CPU‖; NaN where the device gives
  ///   one.
  package func error(of device: any Backend, against cpu: any Backend) -> Double {
    let type = device.activationType
    let results = [device, cpu].map { backend in
      outcomes(CheckInputs(backend: backend, rounding: type)).map { $0.values() }
    }
    return zip(results[0], results[1]).map { relativeError($0, $1) }.reduce(0) {
      $1.isNaN ? $1 : max($0, $1)
    }
  }

  /// What an error may be in a type of activations: a few of its roundings.
  package static func limit(_ type: ElementType) -> Double {
    switch type {
    case .bfloat16: 1e-2
    case .float16: 2e-3
    default: 2e-5
    }
  }
}

private func relativeError(_ found: [Float], _ expected: [Float]) -> Double {
  precondition(found.count == expected.count)
  var (difference, size) = (0.0, 0.0)
  for (a, b) in zip(found, expected) {
    difference += (Double(a) - Double(b)) * (Double(a) - Double(b))
    size += Double(b) * Double(b)
  }
  return (difference / max(size, 1e-300)).squareRoot()
}

/// Random inputs on one of the two devices, the same on both.
struct CheckInputs {
  let backend: any Backend

  /// The device's type of activations: what the CPU gets is rounded to it too.
  let rounding: ElementType

  /// Activations or weights: numbers of mean 0 and the given deviation.
  func activations(_ shape: Shape, seed: UInt64, deviation: Float = 1) -> Tensor {
    let values = Philox(seed: seed, stream: 3).normals(count: shape.elementCount ?? 0)
    let tensor = Tensor(shape: shape, elementType: backend.activationType, on: backend)
    tensor.write(values.map { rounded($0 * deviation) })
    return tensor
  }

  /// Float32, as parameters, gradients of parameters and norms are.
  func parameters(_ shape: Shape, seed: UInt64, deviation: Float = 1, mean: Float = 0) -> Tensor {
    let values = Philox(seed: seed, stream: 4).normals(count: shape.elementCount ?? 0)
    return Tensor(values.map { $0 * deviation + mean }, shape: shape, on: backend)
  }

  private func rounded(_ value: Float) -> Float {
    switch rounding {
    case .float16: Float(Float16(value))
    case .bfloat16:
      Float(
        bitPattern: (value.bitPattern &+ 0x7FFF &+ (value.bitPattern >> 16 & 1)) & 0xFFFF_0000)
    default: value
    }
  }
}

extension CheckInputs {
  /// The result of an operation on inputs, and their gradients under a random one of the result.
  func forwardAndBackward(
    _ inputs: [Tensor], _ operation: (Tape, [Tensor]) -> Tensor
  ) -> [Tensor] {
    let tape = Tape()
    let watched = inputs.map { tape.watch($0) }
    let result = operation(tape, watched)
    tape.backward(from: result, gradient: activations(result.shape, seed: 99))
    return [result.detached]
      + watched.map { input in
        guard let gradient = input.node?.take() else {
          preconditionFailure("an input got no gradient")
        }
        return gradient
      }
  }

  /// A low-rank branch of one part or of three, with its gradient.
  func branch(
    inputs: Int, outputs: [Int], rank: Int, seed: UInt64, _ tape: Tape
  ) -> LowRankBranch {
    var parts: [LowRankBranch.Part] = []
    var (column, place) = (0, 0)
    let ups = outputs.count * rank * inputs
    var up = ups
    for count in outputs {
      parts.append(
        LowRankBranch.Part(
          outputs: column..<column + count, rank: rank, down: place, up: up, scale: 0.5))
      (column, place, up) = (column + count, place + rank * inputs, up + rank * count)
    }
    let values = activations([up], seed: seed, deviation: 0.1)
    let flat = Tensor(values.values(), shape: [up], on: backend)
    return LowRankBranch(
      parts: parts, parameters: flat, factors: values,
      gradient: Tensor(zeros: [up], on: backend), tape: tape)
  }
}

import CCUDA
package import Compute
import Tensors

extension CUDABackend {
  package func write(_ values: [Float], to tensor: Tensor) {
    if values.isEmpty { return }
    guard tensor.elementType != .float32 else { return send(values, to: tensor) }
    let copy = Tensor(shape: tensor.shape, elementType: .float32, on: tensor.backend)
    send(values, to: copy)
    self.copy(copy, into: tensor)
  }

  package func write(_ values: [Int32], to tensor: Tensor) {
    precondition(tensor.elementType == .int32, "\(tensor.elementType.rawValue) are not integers")
    if !values.isEmpty { send(values, to: tensor) }
  }

  package func values(of tensor: Tensor) -> [Float] {
    if tensor.count == 0 { return [] }
    var source = tensor
    if tensor.elementType != .float32 {
      source = Tensor(shape: tensor.shape, elementType: .float32, on: tensor.backend)
      copy(tensor, into: source)
    }
    var values = [Float](repeating: .nan, count: tensor.count)
    _ = unsafe values.withUnsafeMutableBytes { bytes in
      context.perform("cuMemcpyDtoHAsync") {
        unsafe $0.functions.pointee.cuMemcpyDtoHAsync_v2(
          bytes.baseAddress, source.deviceAddress, bytes.count, context.stream)
      }
    }
    context.synchronize()
    return values
  }

  package func promise(of tensor: Tensor) -> () -> [Float] {
    precondition(tensor.elementType == .float32, "\(tensor.elementType.rawValue) is not promised")
    let promised = PromisedValues(context, address: tensor.deviceAddress, count: tensor.count)
    guard let promised else {
      let values = values(of: tensor)
      return { values }
    }
    return { promised.values() }
  }

  package func fill(_ tensor: Tensor, with value: Float) {
    if tensor.count == 0 { return }
    guard tensor.elementType != .float32 else {
      context.submit("fill F32") {
        context.perform("cuMemsetD32Async") {
          unsafe $0.functions.pointee.cuMemsetD32Async(
            tensor.deviceAddress, value.bitPattern, tensor.count, context.stream)
        }
      }
      return
    }
    launch("fill", packsOf: tensor)(x: tensor, value: value, count: tensor.count)
  }

  /// Copies, and changes the element type where the tensors' differ.
  package func copy(_ source: Tensor, into target: Tensor) {
    precondition(source.count == target.count, "\(source.shape) is not \(target.shape)")
    if source.count == 0 { return }
    switch (source.elementType, target.elementType) {
    case (let from, let to) where from == to:
      context.submit("copy") {
        context.perform("cuMemcpyDtoDAsync") {
          unsafe $0.functions.pointee.cuMemcpyDtoDAsync_v2(
            target.deviceAddress, source.deviceAddress, target.count * to.byteWidth,
            context.stream)
        }
      }
    case (.float32, _):
      launch("from_f32", packsOf: target)(x: source, y: target, count: target.count)
    case (_, .float32):
      launch("to_f32", packsOf: source)(x: source, y: target, count: target.count)
    case (let from, let to):
      preconditionFailure("no copy from \(from.rawValue) to \(to.rawValue)")
    }
  }

  /// Sends elements of the tensor's size from the host.
  private func send<Value: BitwiseCopyable>(_ values: [Value], to tensor: Tensor) {
    precondition(
      values.count == tensor.count
        && MemoryLayout<Value>.stride == tensor.elementType.byteWidth)
    unsafe values.withUnsafeBytes { unsafe staging.send($0, to: tensor.deviceAddress) }
  }
}

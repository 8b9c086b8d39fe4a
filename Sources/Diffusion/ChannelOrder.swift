package import Compute
package import Tensors

extension Tensor {
  /// A float tensor from values in the order of files, [b, c, h, w]: [b, h, w, c].
  package init(channelsFirst values: [Float], shape: Shape, on backend: any Backend) {
    let e = shape.extents
    precondition(e.count == 4 && values.count == shape.elementCount, "\(shape)")
    self.init(
      shape: [e[0], e[2], e[3], e[1]], elementType: backend.activationType, on: backend)
    write(channelsLast(values, e[0], e[1], e[2] * e[3]))
  }

  /// The values of [b, h, w, c] in the order of files, [b, c, h, w]; waits for the device.
  package func channelsFirst() -> [Float] {
    let e = shape.extents
    precondition(e.count == 4, "\(shape)")
    return Diffusion.channelsFirst(values(), e[0], e[1] * e[2], e[3])
  }
}

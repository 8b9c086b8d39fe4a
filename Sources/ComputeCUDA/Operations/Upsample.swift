package import Compute
import Tensors

extension CUDABackend {
  package func upsample(_ x: Tensor, into y: Tensor) {
    let (small, large) = (x.shape.extents, y.shape.extents)
    launch("upsample", y.elementType, rows: y.rows, width: y.channels)(
      x: x, y: y, samples: small[0], h: small[1], w: small[2], H: large[1], W: large[2],
      channels: large[3])
  }

  package func upsampleBackward(_ dy: Tensor, into dx: Tensor, accumulating: Bool) {
    let (small, large) = (dx.shape.extents, dy.shape.extents)
    launch("upsample_backward", dx.elementType, rows: dx.rows, width: dx.channels)(
      dy: dy, dx: dx, accumulating: accumulating, samples: small[0], h: small[1], w: small[2],
      H: large[1], W: large[2], channels: large[3])
  }
}

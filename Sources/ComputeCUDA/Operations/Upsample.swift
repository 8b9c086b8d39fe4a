package import Compute
import Tensors

extension CUDABackend {
  package func upsample(_ x: Tensor, into y: Tensor) {
    let (small, large) = (x.shape.extents.map(UInt32.init), y.shape.extents.map(UInt32.init))
    launch(
      "upsample.cu", "upsample", y.elementType, rows: y.rows, width: y.channels, x.deviceAddress,
      y.deviceAddress, small[0], small[1], small[2], large[1], large[2], large[3])
  }

  package func upsampleBackward(_ dy: Tensor, into dx: Tensor, accumulating: Bool) {
    let (small, large) = (dx.shape.extents.map(UInt32.init), dy.shape.extents.map(UInt32.init))
    launch(
      "upsample.cu", "upsample_backward", dx.elementType, rows: dx.rows, width: dx.channels,
      dy.deviceAddress, dx.deviceAddress, accumulating.word, small[0], small[1], small[2],
      large[1], large[2], large[3])
  }
}

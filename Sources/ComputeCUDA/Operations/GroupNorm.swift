package import Compute
import Tensors

extension CUDABackend {
  package func groupNorm(_ x: Tensor, _ norm: NormOperands, into y: Tensor, statistics: Tensor) {
    let cut = PixelPieces(x)
    let partials = cut.partials(2, on: self)
    launch(
      "group_norm_sums", x, cut.grid, partials.deviceAddress, x.deviceAddress,
      UInt32(cut.pixels), UInt32(cut.channels), UInt32(norm.groups), UInt32(cut.packs),
      UInt32(cut.piece))
    launch(
      "group_norm_statistics", x, Grid(norm.groups, cut.samples), statistics.deviceAddress,
      partials.deviceAddress, x.deviceAddress, norm.epsilon, UInt32(cut.pixels),
      UInt32(cut.channels), UInt32(norm.groups), UInt32(cut.count))
    launch(
      "group_norm", x, cut.grid, x.deviceAddress, statistics.deviceAddress,
      norm.weight.deviceAddress, norm.bias.deviceAddress, y.deviceAddress, norm.activation.number,
      UInt32(cut.pixels), UInt32(cut.channels), UInt32(norm.groups), UInt32(cut.packs),
      UInt32(cut.piece))
  }

  package func groupNormBackward(
    _ x: Tensor, _ norm: NormOperands, statistics: Tensor, gradient dy: Tensor, into dx: Tensor,
    accumulating: Bool
  ) {
    let cut = PixelPieces(x)
    let partials = cut.partials(2, on: self)
    let terms = Tensor(shape: statistics.shape, elementType: .float32, on: self)
    launch(
      "group_norm_gradient_sums", x, cut.grid, partials.deviceAddress, x.deviceAddress,
      dy.deviceAddress, statistics.deviceAddress, norm.weight.deviceAddress,
      norm.bias.deviceAddress, norm.activation.number, UInt32(cut.pixels), UInt32(cut.channels),
      UInt32(norm.groups), UInt32(cut.packs), UInt32(cut.piece))
    launch(
      "group_norm_terms", x, Grid(norm.groups, cut.samples), terms.deviceAddress,
      partials.deviceAddress, statistics.deviceAddress, norm.weight.deviceAddress,
      UInt32(cut.pixels), UInt32(cut.channels), UInt32(norm.groups), UInt32(cut.count))
    launch(
      "group_norm_backward", x, cut.grid, x.deviceAddress, dy.deviceAddress,
      statistics.deviceAddress, terms.deviceAddress, norm.weight.deviceAddress,
      norm.bias.deviceAddress, dx.deviceAddress, norm.activation.number, accumulating.word,
      UInt32(cut.pixels), UInt32(cut.channels), UInt32(norm.groups), UInt32(cut.packs),
      UInt32(cut.piece))
  }

  private func launch<each Argument: BitwiseCopyable>(
    _ entry: String, _ x: Tensor, _ grid: Grid, _ arguments: repeat each Argument
  ) {
    kernels.launch(
      "group_norm.cu", entry, x.elementType.definitions, grid: grid, repeat each arguments)
  }
}

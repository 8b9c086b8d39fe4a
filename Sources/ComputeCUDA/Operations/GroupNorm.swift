package import Compute
import Tensors

extension CUDABackend {
  package func groupNorm(_ x: Tensor, _ norm: NormOperands, into y: Tensor, statistics: Tensor) {
    let cut = PixelPieces(x)
    let partials = cut.partials(2, on: self)
    kernels.launch("group_norm_sums", x.elementType, grid: cut.grid)(
      partials: partials, x: x, pixels: cut.pixels, channels: cut.channels, groups: norm.groups,
      packs: cut.packs, piece: cut.piece)
    kernels.launch("group_norm_statistics", x.elementType, grid: Grid(norm.groups, cut.samples))(
      statistics: statistics, partials: partials, x: x, epsilon: norm.epsilon,
      pixels: cut.pixels, channels: cut.channels, groups: norm.groups, pieces: cut.count)
    kernels.launch("group_norm", x.elementType, grid: cut.grid)(
      x: x, statistics: statistics, weight: norm.weight, bias: norm.bias, y: y,
      activation: norm.activation.number, pixels: cut.pixels, channels: cut.channels,
      groups: norm.groups, packs: cut.packs, piece: cut.piece)
  }

  package func groupNormBackward(
    _ x: Tensor, _ norm: NormOperands, statistics: Tensor, gradient dy: Tensor, into dx: Tensor,
    accumulating: Bool
  ) {
    let cut = PixelPieces(x)
    let partials = cut.partials(2, on: self)
    let terms = Tensor(shape: statistics.shape, elementType: .float32, on: self)
    kernels.launch("group_norm_gradient_sums", x.elementType, grid: cut.grid)(
      partials: partials, x: x, dy: dy, statistics: statistics, weight: norm.weight,
      bias: norm.bias, activation: norm.activation.number, pixels: cut.pixels,
      channels: cut.channels, groups: norm.groups, packs: cut.packs, piece: cut.piece)
    kernels.launch("group_norm_terms", x.elementType, grid: Grid(norm.groups, cut.samples))(
      terms: terms, partials: partials, statistics: statistics, weight: norm.weight,
      pixels: cut.pixels, channels: cut.channels, groups: norm.groups, pieces: cut.count)
    kernels.launch("group_norm_backward", x.elementType, grid: cut.grid)(
      x: x, dy: dy, statistics: statistics, terms: terms, weight: norm.weight, bias: norm.bias,
      dx: dx, activation: norm.activation.number, accumulating: accumulating, pixels: cut.pixels,
      channels: cut.channels, groups: norm.groups, packs: cut.packs, piece: cut.piece)
  }
}

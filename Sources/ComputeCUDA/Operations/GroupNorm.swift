package import Compute
import Tensors

extension Kernel {
  fileprivate static let sums = Kernel("group_norm.cu", "group_norm_sums")
  fileprivate static let statistics = Kernel("group_norm.cu", "group_norm_statistics")
  fileprivate static let groupNorm = Kernel("group_norm.cu", "group_norm")
  fileprivate static let gradientSums = Kernel("group_norm.cu", "group_norm_gradient_sums")
  fileprivate static let terms = Kernel("group_norm.cu", "group_norm_terms")
  fileprivate static let groupNormBackward = Kernel("group_norm.cu", "group_norm_backward")
}

extension CUDABackend {
  package func groupNorm(_ x: Tensor, _ norm: NormOperands, into y: Tensor, statistics: Tensor) {
    let cut = PixelPieces(x)
    let partials = cut.partials(2, on: self)
    kernels.launch(.sums, x.elementType, grid: cut.grid)(
      partials: partials, x: x, pixels: cut.pixels, channels: cut.channels, groups: norm.groups,
      packs: cut.packs, piece: cut.piece)
    kernels.launch(.statistics, x.elementType, grid: Grid(norm.groups, cut.samples))(
      statistics: statistics, partials: partials, x: x, epsilon: norm.epsilon,
      pixels: cut.pixels, channels: cut.channels, groups: norm.groups, pieces: cut.count)
    kernels.launch(.groupNorm, x.elementType, grid: cut.grid)(
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
    kernels.launch(.gradientSums, x.elementType, grid: cut.grid)(
      partials: partials, x: x, dy: dy, statistics: statistics, weight: norm.weight,
      bias: norm.bias, activation: norm.activation.number, pixels: cut.pixels,
      channels: cut.channels, groups: norm.groups, packs: cut.packs, piece: cut.piece)
    kernels.launch(.terms, x.elementType, grid: Grid(norm.groups, cut.samples))(
      terms: terms, partials: partials, statistics: statistics, weight: norm.weight,
      pixels: cut.pixels, channels: cut.channels, groups: norm.groups, pieces: cut.count)
    kernels.launch(.groupNormBackward, x.elementType, grid: cut.grid)(
      x: x, dy: dy, statistics: statistics, terms: terms, weight: norm.weight, bias: norm.bias,
      dx: dx, activation: norm.activation.number, accumulating: accumulating, pixels: cut.pixels,
      channels: cut.channels, groups: norm.groups, packs: cut.packs, piece: cut.piece)
  }
}

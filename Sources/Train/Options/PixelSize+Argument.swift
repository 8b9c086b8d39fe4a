import ArgumentParser
import CommandSupport
import Images

extension PixelSize {
  /// Reads `512`, `512,768`, `512x768` and `512, 768`.
  init?(argument: String) {
    let parts = argument.split(omittingEmptySubsequences: false) { ",x×".contains($0) }
      .map { $0.filter { $0 != " " } }
    let sides = parts.compactMap { Domain.side.read(String($0)) }
    guard sides.count == parts.count, let width = sides.first, sides.count <= 2 else { return nil }
    self.init(width: width, height: sides.last ?? width)
  }
}

extension Interpolation: ExpressibleByArgument {}

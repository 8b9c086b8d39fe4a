package import Compute
import Tensors

extension CPUBackend {
  package func upsample(_ x: Tensor, into y: Tensor) {
    let map = Enlargement(small: x, large: y)
    let (x, y) = (Floats(x), Floats(y))
    forRanges(map.lines, cost: Float(map.width * map.channels) * 0.15) { range in
      for line in range {
        for column in 0..<map.width {
          y.copy(
            x, from: map.source(line, column) * map.channels,
            to: (line * map.width + column) * map.channels, count: map.channels)
        }
      }
    }
  }

  package func upsampleBackward(_ dy: Tensor, into dx: Tensor, accumulating: Bool) {
    let map = Enlargement(small: dx, large: dy)
    let samples = dx.shape.extents[0]
    let (dy, dx) = (Floats(dy), Floats(dx))
    if !accumulating { dx.fill(0..<dx.count, with: 0) }
    let lines = map.lines / samples
    forRanges(samples, cost: Float(lines * map.width * map.channels) * 0.2) { range in
      for line in range.lowerBound * lines..<range.upperBound * lines {
        for column in 0..<map.width {
          let target = map.source(line, column) * map.channels
          let source = (line * map.width + column) * map.channels
          forVectors(0..<map.channels) {
            dx[target + $0, $1] = dx[target + $0, $1] + dy[source + $0, $1]
          }
        }
      }
    }
  }
}

/// Which pixel of a small picture each pixel of a large one shows.
private struct Enlargement: Sendable {
  let channels: Int

  /// Lines of all large pictures of the batch.
  let lines: Int

  /// The width of the large pictures.
  let width: Int
  private let height: Int
  private let smallHeight: Int
  private let smallWidth: Int

  init(small: Tensor, large: Tensor) {
    let (s, l) = (small.shape.extents, large.shape.extents)
    (channels, lines, height, width) = (l[3], l[0] * l[1], l[1], l[2])
    (smallHeight, smallWidth) = (s[1], s[2])
  }

  func source(_ line: Int, _ column: Int) -> Int {
    let row = line / height * smallHeight + line % height * smallHeight / height
    return row * smallWidth + column * smallWidth / width
  }
}

/// A width and a height in pixels.
package struct PixelSize: Hashable, Sendable {
  package let width: Int
  package let height: Int

  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  package var aspectRatio: Double { Double(width) / Double(height) }
}

extension PixelSize: CustomStringConvertible {
  package var description: String { "\(width) × \(height)" }
}

/// Ordered by width, then by height.
extension PixelSize: Comparable {
  package static func < (a: PixelSize, b: PixelSize) -> Bool {
    (a.width, a.height) < (b.width, b.height)
  }
}

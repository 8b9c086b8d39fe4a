/// The weight of each pixel of a picture in the loss: 0...1, rows from the top.
package struct Mask: Hashable, Sendable {
  package let width: Int
  package let height: Int
  package let values: [Float]

  package init(width: Int, height: Int, values: [Float]) {
    precondition(values.count == width * height, "\(values.count) values, \(width) × \(height)")
    self.width = width
    self.height = height
    self.values = values
  }

  /// One channel of a picture; 1 everywhere where the picture has none of this number.
  ///
  /// - Parameter channel: 0 is the red one (`masked_loss`), 3 alpha (`alpha_mask`).
  package init(channel: Int, of picture: Picture) {
    let values: [Float] =
      channel < picture.channels
      ? stride(from: channel, to: picture.bytes.count, by: picture.channels).map {
        Float(picture.bytes[$0]) / 255
      } : Array(repeating: 1, count: picture.width * picture.height)
    self.init(width: picture.width, height: picture.height, values: values)
  }

  /// The means over the cells of a coarser grid, as torch's adaptive average pooling takes them.
  ///
  /// Cell i of n covers positions floor(i * count / n) up to ceil((i + 1) * count / n).
  package func reduced(toWidth newWidth: Int, height newHeight: Int) -> Mask {
    let columns = Self.cells(width, newWidth)
    var result: [Float] = []
    result.reserveCapacity(newWidth * newHeight)
    for rows in Self.cells(height, newHeight) {
      for columns in columns {
        var sum: Float = 0
        for y in rows { for x in columns { sum += values[y * width + x] } }
        result.append(sum / Float(rows.count * columns.count))
      }
    }
    return Mask(width: newWidth, height: newHeight, values: result)
  }

  private static func cells(_ count: Int, _ newCount: Int) -> [Range<Int>] {
    (0..<newCount).map { index in
      index * count / newCount..<((index + 1) * count + newCount - 1) / newCount
    }
  }
}

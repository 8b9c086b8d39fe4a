/// The distance of two pictures of one size, over all their pixels or some.
package struct PictureDistance: Hashable, Sendable, Encodable {
  /// The mean difference per channel, as a share of the full range: 0...1.
  package let mean: Double

  /// The share of pixels with a channel that differs by more than a tenth of the range.
  package let share: Double

  /// - Parameters:
  ///   - isCounted: Which pixels count; of none, the distance is 0.
  /// - Complexity: O(pixels).
  package init(
    from first: Picture, to second: Picture, where isCounted: (_ x: Int, _ y: Int) -> Bool
  ) {
    precondition(first.size == second.size, "\(first.size) and \(second.size)")
    var (sum, clear, count) = (0, 0, 0)
    for y in 0..<first.height {
      for x in 0..<first.width where isCounted(x, y) {
        let (here, there) = (first.offset(x: x, y: y), second.offset(x: x, y: y))
        let differences = (0..<3).map {
          abs(Int(first.bytes[here + $0]) - Int(second.bytes[there + $0]))
        }
        sum += differences.reduce(0, +)
        clear += (differences.max() ?? 0) * 10 > 255 ? 1 : 0
        count += 1
      }
    }
    mean = count == 0 ? 0 : Double(sum) / Double(3 * 255 * count)
    share = count == 0 ? 0 : Double(clear) / Double(count)
  }

  package init(from first: Picture, to second: Picture) {
    self.init(from: first, to: second) { _, _ in true }
  }

  /// The mean of several distances.
  package init(meanOf distances: [PictureDistance]) {
    let count = Double(max(1, distances.count))
    mean = distances.reduce(0) { $0 + $1.mean } / count
    share = distances.reduce(0) { $0 + $1.share } / count
  }
}

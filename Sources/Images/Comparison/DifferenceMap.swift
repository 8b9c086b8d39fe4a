/// The difference of two pictures of one size, pixel by pixel.
struct DifferenceMap {
  let width: Int
  let height: Int

  /// The largest difference of a pixel's channels; a missing alpha channel is 255.
  let values: [Int]

  init(_ first: Picture, _ second: Picture) {
    precondition(first.width == second.width && first.height == second.height)
    (width, height) = (first.width, first.height)
    values = (0..<width * height).map { index in
      let channels = max(first.channels, second.channels)
      return (0..<channels).map { channel in
        abs(Self.value(first, index, channel) - Self.value(second, index, channel))
      }.max() ?? 0
    }
  }

  private static func value(_ picture: Picture, _ index: Int, _ channel: Int) -> Int {
    channel < picture.channels ? Int(picture.bytes[index * picture.channels + channel]) : 255
  }

  /// The rectangle around the members; nil where there are none.
  func extent(where isMember: (Int) -> Bool) -> PixelRectangle? {
    extent(of: values.indices.filter { isMember(values[$0]) })
  }

  private func extent(of indices: [Int]) -> PixelRectangle? {
    guard let first = indices.first, let last = indices.last else { return nil }
    let columns = indices.map { $0 % width }
    guard let left = columns.min(), let right = columns.max() else { return nil }
    return PixelRectangle(columns: left...right, rows: first / width...last / width)
  }

  /// The members in connected regions, largest first.
  ///
  /// - Complexity: O(pixels).
  func regions(where isMember: (Int) -> Bool) -> [PictureDifference.Region] {
    var isOpen = values.map(isMember)
    var regions: [PictureDifference.Region] = []
    for start in values.indices where isOpen[start] {
      let members = takeRegion(from: start, &isOpen).sorted()
      if let extent = extent(of: members) {
        regions.append(PictureDifference.Region(count: members.count, extent: extent))
      }
    }
    return regions.sorted { $0.count > $1.count }
  }

  private func takeRegion(from start: Int, _ isOpen: inout [Bool]) -> [Int] {
    var members = [start]
    isOpen[start] = false
    var next = 0
    while next < members.count {
      let (x, y) = (members[next] % width, members[next] / width)
      next += 1
      for row in max(0, y - 1)...min(height - 1, y + 1) {
        for column in max(0, x - 1)...min(width - 1, x + 1) where isOpen[row * width + column] {
          isOpen[row * width + column] = false
          members.append(row * width + column)
        }
      }
    }
    return members
  }
}

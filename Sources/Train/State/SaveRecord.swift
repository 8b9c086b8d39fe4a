import Files

/// The saves that a run has written, or the run that it goes on from: what it may remove again.
///
/// Names are not enough: another run's files bear the same ones.
struct SaveRecord {
  /// Absolute.
  private(set) var paths: [String]
  private let folder: String

  /// - Parameters:
  ///   - folder: Where the saves go; it is there.
  ///   - earlier: Those of the run that this one goes on from.
  init(folder: String, earlier: [String]) {
    self.folder = folder
    paths = earlier
  }

  mutating func insert(_ name: String) throws {
    let path = try absolutePath(of: name, inFolder: folder)
    if !paths.contains(path) { paths.append(path) }
  }

  /// Takes a save out of the record.
  ///
  /// - Returns: Whether it was there, and may be removed.
  mutating func remove(_ name: String) throws -> Bool {
    let path = try absolutePath(of: name, inFolder: folder)
    guard let place = paths.firstIndex(of: path) else { return false }
    paths.remove(at: place)
    return true
  }
}

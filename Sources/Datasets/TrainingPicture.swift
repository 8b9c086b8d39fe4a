import Files
package import Images

/// A picture of a data set: where it is, what it says, and the size it is brought to.
package struct TrainingPicture: Hashable, Sendable {
  package let file: String

  /// As it is shown, in pixels.
  package let size: PixelSize
  package let choice: BucketRules.Choice

  /// As written, before `CaptionRules`.
  package let caption: String
  package let mask: String?

  /// Its place among its data set's subsets.
  package let subset: Int

  /// The number of times that it lies in its bucket.
  package var repeats: Int
}

extension TrainingPicture {
  /// Reads headers and captions of a subset's pictures.
  static func all(
    of subset: DatasetConfiguration.Subset, number: Int, _ rules: BucketRules,
    warnings: inout [String]
  ) throws(DatasetError) -> [TrainingPicture] {
    let files =
      switch subset.source {
      case .folder(let folder): try ImageFolder.pictures(in: folder, warnings: &warnings)
      case .files(let files): files
      }
    var captions = CaptionTally()
    var tally = PictureTally()
    var pictures: [TrainingPicture] = []
    for file in files {
      let header = try header(of: file)
      let size = PixelSize(width: header.displayWidth, height: header.displayHeight)
      let picture = TrainingPicture(
        file: file, size: size, choice: try rules.choice(for: size, file: file),
        caption: try captions.caption(for: file, of: subset), mask: try mask(for: file, subset),
        subset: number, repeats: subset.numRepeats)
      try tally.count(picture, header, of: subset)
      pictures.append(picture)
    }
    captions.report(subset, to: &warnings)
    tally.report(subset, to: &warnings)
    return pictures
  }

  package static func header(of file: String) throws(DatasetError) -> PictureHeader {
    let mapped = try open(file)
    do throws(ImageError) {
      return try mapped.withBytes { bytes throws(ImageError) in
        try PictureHeader(bytes, file: file)
      }
    } catch {
      throw .picture(error)
    }
  }

  /// The whole picture, in its stored size.
  package static func decode(_ file: String) throws(DatasetError) -> Picture {
    let mapped = try open(file)
    do throws(ImageError) {
      return try mapped.withBytes { bytes throws(ImageError) in
        try Picture(decoding: bytes, file: file)
      }
    } catch {
      throw .picture(error)
    }
  }

  private static func open(_ file: String) throws(DatasetError) -> MappedFile {
    do throws(FileError) {
      return try MappedFile(path: file)
    } catch {
      throw .file(error)
    }
  }

  private static func mask(
    for file: String, _ subset: DatasetConfiguration.Subset
  ) throws(DatasetError) -> String? {
    guard let folder = subset.conditioningDataDir else { return nil }
    for ending in PictureFormat.endings {
      let path = "\(folder)/\(Path(file).stem)\(ending)"
      if FileKind(path: path).isRegular { return path }
    }
    throw .noMask(file: file, folder: folder)
  }
}

/// Counts where a subset's captions came from, for a note to the user.
private struct CaptionTally {
  private var byExtension: [String: Int] = [:]
  private var withoutFile = 0
  private var emptyFiles: [String] = []

  mutating func caption(
    for file: String, of subset: DatasetConfiguration.Subset
  ) throws(DatasetError) -> String {
    if case .files = subset.source { return subset.classTokens ?? "" }
    let found = try CaptionFile.find(
      for: file, fileExtension: subset.captionExtension, keepsLines: subset.caption.enableWildcard)
    guard let found else {
      withoutFile += 1
      return subset.classTokens ?? ""
    }
    byExtension[found.fileExtension, default: 0] += 1
    if found.isEmptyFile { emptyFiles.append(file) }
    return found.text
  }

  func report(_ subset: DatasetConfiguration.Subset, to warnings: inout [String]) {
    guard case .folder(let folder) = subset.source else { return }
    for (ending, count) in byExtension.sorted(by: { $0.key < $1.key })
    where subset.captionExtension == nil {
      warnings.append("\(folder): \(count) \(count == 1 ? "caption" : "captions") from \(ending)")
    }
    if withoutFile > 0 {
      let caption = subset.classTokens ?? ""
      warnings.append(
        "\(folder): \(withoutFile) \(withoutFile == 1 ? "picture" : "pictures") without a caption "
          + "file, trained with "
          + (caption.isEmpty
            ? "the empty caption"
            : "the caption \"\(caption)\" (a folder named like 100_ gives the empty caption)"))
    }
    if let first = emptyFiles.first {
      warnings.append("\(first): its caption file is empty; trained with the empty caption")
    }
  }
}

import Files
import Images

/// The folder convention of DreamBooth: `100_girl` holds pictures of "girl", shown 100 times.
package enum ImageFolder {
  /// The subsets that a folder of such folders holds, in the order of their names.
  ///
  /// - Parameters:
  ///   - template: Everything but source, repeats and class.
  ///   - warnings: What is left out, and why.
  package static func subsets(
    in folder: String, like template: DatasetConfiguration.Subset, warnings: inout [String]
  ) throws(DatasetError) -> [DatasetConfiguration.Subset] {
    var subsets: [DatasetConfiguration.Subset] = []
    var loose = 0
    for name in try entries(of: folder) {
      let path = folder + "/" + name
      guard FileKind(path: path) == .folder else {
        loose += isPicture(name) ? 1 : 0
        continue
      }
      guard let (repeats, classTokens) = parse(name) else {
        warnings.append("\(path): left out; its name is not REPEATS_CLASS, such as 100_girl")
        continue
      }
      guard DatasetConfiguration.Subset.repeats.contains(repeats) else {
        warnings.append(
          "\(path): left out; it asks for \(repeats) repeats, and 1 to 1000000 are possible")
        continue
      }
      var subset = template
      subset.source = .folder(path)
      (subset.numRepeats, subset.classTokens) = (repeats, classTokens)
      subsets.append(subset)
    }
    if loose > 0 {
      warnings.append(
        "\(folder): \(loose) \(loose == 1 ? "picture lies" : "pictures lie") beside the folders "
          + "and will not be used; move them into one named like 100_girl")
    }
    return subsets
  }

  /// Repeats and class of a folder's name; nil where it does not begin with a whole number.
  static func parse(_ name: String) -> (repeats: Int, classTokens: String)? {
    let pieces = name.split(separator: "_", maxSplits: 1, omittingEmptySubsequences: false)
    guard let repeats = pieces.first.flatMap({ Int($0) }) else { return nil }
    return (repeats, pieces.count > 1 ? String(pieces[1]) : "")
  }

  /// The paths of the pictures that lie in a folder itself, sorted.
  package static func pictures(
    in folder: String, warnings: inout [String]
  ) throws(DatasetError) -> [String] {
    let names = try entries(of: folder)
    let unread = names.filter { name in foreignEndings.contains(where: name.lowercased().hasSuffix)
    }
    if let first = unread.first {
      warnings.append(
        "\(folder)/\(first)\(unread.count == 1 ? "" : " and \(unread.count - 1) more"): left out; "
          + "PNG, JPEG, WebP and BMP pictures are read, save others as PNG")
    }
    return names.filter(isPicture).map { folder + "/" + $0 }
      .filter { FileKind(path: $0) != .folder }
  }

  /// Pictures of formats that are not read; each is named rather than passed over.
  private static let foreignEndings = [
    ".avif", ".jxl", ".gif", ".tif", ".tiff", ".heic", ".heif", ".jp2", ".psd", ".svg", ".tga",
    ".exr", ".jfif",
  ]

  private static func isPicture(_ name: String) -> Bool {
    PictureFormat.endings.contains(where: name.lowercased().hasSuffix)
  }

  /// The names in a folder but for hidden ones, as a shell's `*` has it: macOS leaves `._a.png`
  /// beside `a.png`, Jupyter `.ipynb_checkpoints`.
  private static func entries(of folder: String) throws(DatasetError) -> [String] {
    do throws(FileError) {
      return try names(inFolder: folder).filter { !$0.hasPrefix(".") }
    } catch {
      throw .file(error)
    }
  }
}

/// Counts the pictures of a subset that are turned, enlarged or cropped, for a note to the user.
struct PictureTally {
  private var turned: [String] = []
  private var enlarged: [TrainingPicture] = []
  private var cropped: [TrainingPicture] = []

  /// The first one that shows what lies behind it.
  private var transparent: String?

  mutating func count(
    _ picture: TrainingPicture, _ header: PictureHeader, of subset: DatasetConfiguration.Subset
  ) throws(DatasetError) {
    if header.orientation != .upright { turned.append(picture.file) }
    if picture.choice.isEnlarged(picture.size) { enlarged.append(picture) }
    if !subset.randomCrop, picture.choice.isCropped { cropped.append(picture) }
    if transparent == nil, header.hasAlpha, !subset.alphaMask,
      try TrainingPicture.decode(picture.file).isTransparent
    {
      transparent = picture.file
    }
  }

  func report(_ subset: DatasetConfiguration.Subset, to warnings: inout [String]) {
    if let first = turned.first {
      warnings.append(
        "\(Self.naming(first, turned.count)): turned as EXIF asks (sd-scripts does not)")
    }
    if let first = enlarged.first {
      warnings.append(
        "\(Self.naming(first.file, enlarged.count)): \(first.size), enlarged to "
          + "\(first.choice.resized); a lower --resolution, or --enable-bucket with "
          + "--bucket-no-upscale, trains it as it is")
    }
    if let first = cropped.first {
      warnings.append(
        "\(Self.naming(first.file, cropped.count)): \(first.size), cropped to its middle, "
          + "\(first.choice.bucket) of \(first.choice.resized); --enable-bucket keeps its shape")
    }
    if let transparent {
      warnings.append(
        "\(transparent): transparent in parts, which are trained on as \(subset.background); "
          + "--background gives another colour, --alpha-mask leaves them out of the loss")
    }
  }

  /// The one file, or the first of several.
  private static func naming(_ first: String, _ count: Int) -> String {
    count == 1 ? first : "\(count) pictures, \(first) first"
  }
}

extension BucketRules.Choice {
  /// Whether a picture of this size becomes more than a tenth larger.
  func isEnlarged(_ size: PixelSize) -> Bool {
    resized.width * 10 > size.width * 11 && resized.height * 10 > size.height * 11
  }

  /// Whether more than a tenth of it is cut off.
  var isCropped: Bool {
    bucket.width * bucket.height * 10 < resized.width * resized.height * 9
  }
}

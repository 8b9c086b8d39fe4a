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
  static func pictures(
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
    let name = name.lowercased()
    return [".png", ".jpg", ".jpeg", ".webp", ".bmp"].contains(where: name.hasSuffix)
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

import CommandSupport
import Files

/// The place of the two copies of a slider while it is made.
///
/// They are there for the case that the rest fails or is interrupted: hours may have gone into the
/// first. Kept, they stand beside the result; else in a new folder there, which nobody else uses
/// and which goes with them when the slider is there.
final class CopyFiles {
  private let output: OutputName
  private let folder: PrivateFolder?
  private var whole: [(picture: String, file: String)] = []

  /// - Parameters:
  ///   - output: The slider's.
  ///   - keeps: Whether the copies are wanted too.
  init(output: OutputName, keeps: Bool) throws {
    self.output = output
    if !output.directory.isEmpty { try makeFolder(output.directory) }
    folder = try keeps ? nil : PrivateFolder(prefix: output.directory + output.stem + "-copies-")
  }

  /// The name of a copy.
  func place(of copy: SliderCopy, _ saving: SavingOptions) throws(OptionsError) -> OutputName {
    try OutputName(
      saving,
      output: folder.map { "\($0.path)/\(copy.rawValue)\(output.suffix)" }
        ?? output.path(with: copy.rawValue))
  }

  /// Says that a copy is whole: from now on it is named wherever the slider does not come to be.
  func finish(_ picture: String, _ file: String) {
    whole.append((picture, file))
    Interruption.setLastWords(leftover)
  }

  /// The file of a copy that is whole.
  func file(of picture: String) -> String? { whole.last { $0.picture == picture }?.file }

  /// A sentence on the copies that are there without their slider; nil where none is.
  var leftover: String? {
    guard !whole.isEmpty else { return nil }
    let names = whole.map { "the copy of \($0.picture) is kept as \($0.file)" }
    return names.joined(separator: ", ")
  }

  /// Takes the copies away that are not wanted: the slider is there.
  func close() throws {
    if folder != nil { for copy in whole { try remove(at: copy.file) } }
    folder?.removeIfEmpty()
    whole = []
    Interruption.setLastWords(nil)
  }
}

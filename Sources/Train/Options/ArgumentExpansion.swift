import TOML

/// Turns a command line into one that ArgumentParser reads.
///
/// The settings of `--config FILE` become arguments before the user's own, which therefore win.
/// Keys may be spelled as sd-scripts spells them (`--learning_rate`), a flag may be given a value
/// (`--enable-bucket=false`), a list may follow one name (`--network_args conv_dim=4 conv_alpha=1`),
/// and sd-scripts' options that are not ours are passed over or refused here.
struct ArgumentExpansion {
  /// A setting as text: several values for a list, none for a flag that is on.
  struct Assignment: Hashable {
    let key: String
    let values: [String]

    /// Its place in a configuration file.
    var place: String?
  }

  /// Settings, and sd-scripts' keys that were passed over.
  struct Settings {
    var assignments: [Assignment] = []
    var passedOver: [String] = []
  }

  let names: OptionNames

  /// Whether the keys of the given settings are handed on, for a command that sets the others.
  var namesGiven = false
  let readFile: (String) throws -> [UInt8]

  /// - Parameter arguments: Those after the name of the command.
  func expanded(_ arguments: [String]) throws -> [String] {
    let own = try expand(arguments)
    let file = own.assignments.last { $0.key == "config_file" }?.values.last
    // What is asked to be written need not be there yet.
    let isWritten = own.assignments.contains { $0.key == "output_config" }
    let notes = note(own.passedOver.map { "--" + $0.replacing("_", with: "-") }, file: nil)
    let given = Set(own.assignments.map(\.key) + own.switchedOff)
    guard let file, !isWritten else {
      return own.rest + own.assignments.flatMap(text) + notes + self.given(given)
    }
    let path = file.hasSuffix(".toml") || file == "-" ? file : file + ".toml"
    let settings = try settings(of: TOMLTable(readFile(path), file: path), file: path)
    let used = settings.assignments.filter { !given.contains($0.key) }
    let origins = used.compactMap { setting in
      setting.place.map { SettingOrigin(key: setting.key, place: $0).argument }
    }
    return own.rest + (used + own.assignments).flatMap(text) + origins + notes
      + note(settings.passedOver, file: path) + self.given(given.union(used.map(\.key)))
  }

  private func given(_ keys: Set<String>) -> [String] {
    namesGiven ? keys.sorted().map { "--setting-given=\($0)" } : []
  }

  /// The argument that has one line said about settings that mean nothing here.
  private func note(_ names: [String], file: String?) -> [String] {
    guard let last = names.last else { return [] }
    let list = names.count == 1 ? last : names.dropLast().joined(separator: ", ") + " and \(last)"
    return [
      "--setting-note=\(file.map { "\($0): " } ?? "")\(list) \(names.count == 1 ? "changes" : "change") "
        + "nothing here"
    ]
  }

  /// The arguments that make ArgumentParser read an assignment.
  func text(_ assignment: Assignment) -> [String] {
    let name = "--" + String(assignment.key.map { $0 == "_" ? "-" : $0 })
    return assignment.values.isEmpty ? [name] : assignment.values.map { "\(name)=\($0)" }
  }
}

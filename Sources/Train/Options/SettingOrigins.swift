import ArgumentParser

/// The places of settings in a configuration file.
///
/// `ArgumentExpansion` writes these among the arguments that it makes of the file, so that an error
/// which only the model or the data bring to light still names the line.
struct SettingOrigins: ParsableArguments {
  @Option(help: ArgumentHelp(visibility: .private)) var settingOrigin: [SettingOrigin] = []

  /// Notes on the settings.
  @Option(help: ArgumentHelp(visibility: .private)) var settingNote: [String] = []

  /// The place of the last of some settings; nil if all are the command line's or defaults.
  func place(of keys: [String]) -> String? {
    settingOrigin.last { keys.contains($0.key) }?.place
  }

  /// An error about settings, at their place.
  ///
  /// - Parameter sentence: With options as the command line spells them.
  func error(_ keys: [String], _ sentence: String) -> OptionsError {
    OptionsError(place: place(of: keys), reason: .unusable(sentence))
  }
}

/// A setting's key and place: `seed=run.toml:3`.
struct SettingOrigin: Hashable, ExpressibleByArgument {
  let key: String
  let place: String

  init(key: String, place: String) { (self.key, self.place) = (key, place) }

  init?(argument: String) {
    guard let mark = argument.firstIndex(of: "=") else { return nil }
    key = String(argument[..<mark])
    place = String(argument[argument.index(after: mark)...])
  }

  var argument: String { "--setting-origin=\(key)=\(place)" }
}

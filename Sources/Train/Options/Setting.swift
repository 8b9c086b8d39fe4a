import ArgumentParser
import Images
import JSON

/// The form of an option on a command line.
enum OptionKind: Hashable {
  case flag
  case single
  case list
}

/// An option under sd-scripts' key, with its value.
struct Setting: Hashable {
  /// `learning_rate`.
  let key: String

  /// The option's value without its type; `null` where it has none.
  let value: JSONValue

  /// The options of a group and of the groups in it, in the order of their declarations.
  static func all(of options: some ParsableArguments) -> [Setting] {
    properties(of: options).flatMap { label, property -> [Setting] in
      switch property {
      case is OptionGroup<SettingOrigins>: []
      case let option as any SettableOption: [Setting(key: key(label), value: option.setting)]
      case let group as any SettableGroup: group.settings
      default: []
      }
    }
  }

  /// An option before anything is parsed.
  typealias Declaration = (key: String, kind: OptionKind, group: any ParsableArguments.Type)

  /// The options of a group and of the groups in it, each with the smallest group that holds it.
  static func declarations(in type: any ParsableArguments.Type) -> [Declaration] {
    properties(of: type.init()).flatMap { label, property -> [Declaration] in
      switch property {
      case is OptionGroup<SettingOrigins>: []
      case let option as any SettableOption: [(key(label), option.kind, type)]
      case let group as any SettableGroup: declarations(in: group.content)
      default: []
      }
    }
  }

  private static func properties(of options: Any) -> [(String, Any)] {
    Mirror(reflecting: options).children.map { ($0.label ?? "", $0.value) }
  }

  /// `_learningRate`, as reflection spells it, to `learning_rate`.
  private static func key(_ label: String) -> String {
    var key = ""
    for character in label.drop(while: { $0 == "_" }) {
      if character.isUppercase { key += "_" }
      key += character.lowercased()
    }
    return key
  }
}

/// An option or flag of ArgumentParser's, seen from here.
private protocol SettableOption {
  var setting: JSONValue { get }
  var kind: OptionKind { get }
}

private protocol SettableGroup {
  var settings: [Setting] { get }
  var content: any ParsableArguments.Type { get }
}

extension Option: SettableOption {
  fileprivate var setting: JSONValue { settingValue(wrappedValue) }
  fileprivate var kind: OptionKind { Value.self is any ListType.Type ? .list : .single }
}

extension Flag: SettableOption {
  fileprivate var setting: JSONValue { settingValue(wrappedValue) }
  fileprivate var kind: OptionKind { .flag }
}

extension OptionGroup: SettableGroup {
  fileprivate var settings: [Setting] { Setting.all(of: wrappedValue) }
  fileprivate var content: any ParsableArguments.Type { Value.self }
}

extension Setting {
  /// The arguments that give the option this value again.
  var arguments: [String] {
    let name = "--" + key.replacing("_", with: "-")
    switch value {
    case .null: return []
    case .boolean(let isOn): return isOn ? [name] : []
    case .array(let values): return values.map { "\(name)=\($0.settingText)" }
    default: return ["\(name)=\(value.settingText)"]
    }
  }
}

private protocol ListType {}
extension Array: ListType {}

private func settingValue(_ value: Any) -> JSONValue {
  switch value {
  case let value as Bool: return .boolean(value)
  case let value as Int: return .integer(value)
  case let value as UInt32: return .integer(Int(value))
  case let value as Double: return .number(value)
  case let value as String: return .string(value)
  case let value as [Any]: return .array(value.map(settingValue))
  case let value as any RawRepresentable<String>: return .string(value.rawValue)
  case let value as PixelSize: return .string("\(value.width),\(value.height)")
  case let value as StepCount:
    guard case .steps(let count) = value else { return .string("\(value)") }
    return .integer(count)
  default: break
  }
  let mirror = Mirror(reflecting: value)
  guard mirror.displayStyle == .optional else { return .string("\(value)") }
  return mirror.children.first.map { settingValue($0.value) } ?? .null
}

/// The places of settings in a configuration file.
///
/// `ArgumentExpansion` writes these among the arguments that it makes of the file, so that an error
/// which only the model or the data bring to light still names the line.
struct SettingOrigins: ParsableArguments {
  @Option(help: ArgumentHelp(visibility: .private)) var settingOrigin: [SettingOrigin] = []

  /// Notes on the settings.
  @Option(help: ArgumentHelp(visibility: .private)) var settingNote: [String] = []

  /// The keys of the settings that the command line or a file gives; `lora slider` sets the others.
  @Option(help: ArgumentHelp(visibility: .private)) var settingGiven: [String] = []

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

extension JSONValue {
  /// The value of a setting in one line, without quotation marks; nothing is `none`.
  var settingText: String {
    switch self {
    case .null: "none"
    case .boolean(let isOn): "\(isOn)"
    case .integer(let number): "\(number)"
    case .number(let number): "\(number)"
    case .string(let text): text
    case .array(let values): "[" + values.map(\.settingText).joined(separator: ", ") + "]"
    case .object: text()
    }
  }

  /// The value of a setting as TOML writes it; nil for nothing.
  var toml: String? {
    switch self {
    case .null: nil
    case .string(let text): tomlString(text)
    case .array(let values): "[" + values.compactMap(\.toml).joined(separator: ", ") + "]"
    default: settingText.replacing("infinity", with: "inf")
    }
  }
}

/// A string in TOML's spelling, which takes text as it is.
private func tomlString(_ text: String) -> String {
  let isPlain = text.unicodeScalars.allSatisfy {
    $0.value >= 0x20 && $0 != "\"" && $0 != "\\" && $0.value != 0x7F
  }
  return isPlain ? "\"\(text)\"" : OrderedJSON.string(text).dumped
}

import ArgumentParser
import Images
import JSON

/// The value of an option, without its type.
enum SettingValue: Hashable {
  case none
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case list([SettingValue])
}

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
  let value: SettingValue

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

  /// The keys of a group and of the groups in it, before anything is parsed.
  static func kinds(of type: any ParsableArguments.Type) -> [(key: String, kind: OptionKind)] {
    properties(of: type.init()).flatMap { label, property -> [(key: String, kind: OptionKind)] in
      switch property {
      case is OptionGroup<SettingOrigins>: []
      case let option as any SettableOption: [(key(label), option.kind)]
      case let group as any SettableGroup: kinds(of: group.content)
      default: []
      }
    }
  }

  /// The group that holds each key: enough to read one setting by.
  static func groups(
    of type: any ParsableArguments.Type
  ) -> [String: any ParsableArguments.Type] {
    properties(of: type.init()).reduce(into: [:]) { groups, property in
      switch property.1 {
      case is OptionGroup<SettingOrigins>: break
      case is any SettableOption: groups[key(property.0)] = type
      case let group as any SettableGroup:
        groups.merge(Self.groups(of: group.content)) { first, _ in first }
      default: break
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
  var setting: SettingValue { get }
  var kind: OptionKind { get }
}

/// A group of them.
private protocol SettableGroup {
  var settings: [Setting] { get }
  var content: any ParsableArguments.Type { get }
}

extension Option: SettableOption {
  fileprivate var setting: SettingValue { settingValue(wrappedValue) }
  fileprivate var kind: OptionKind { Value.self is any ListType.Type ? .list : .single }
}

extension Flag: SettableOption {
  fileprivate var setting: SettingValue { settingValue(wrappedValue) }
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
    case .none: return []
    case .boolean(let isOn): return isOn ? [name] : []
    case .list(let values): return values.map { "\(name)=\($0.text)" }
    default: return ["\(name)=\(value.text)"]
    }
  }
}

private protocol ListType {}
extension Array: ListType {}

private func settingValue(_ value: Any) -> SettingValue {
  switch value {
  case let value as Bool: return .boolean(value)
  case let value as Int: return .integer(value)
  case let value as UInt32: return .integer(Int(value))
  case let value as Double: return .number(value)
  case let value as String: return .text(value)
  case let value as [Any]: return .list(value.map(settingValue))
  case let value as any RawRepresentable<String>: return .text(value.rawValue)
  case let value as PixelSize: return .text("\(value.width),\(value.height)")
  case let value as StepCount:
    guard case .steps(let count) = value else { return .text("\(value)") }
    return .integer(count)
  default: break
  }
  let mirror = Mirror(reflecting: value)
  guard mirror.displayStyle == .optional else { return .text("\(value)") }
  return mirror.children.first.map { settingValue($0.value) } ?? .none
}

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

extension SettingValue {
  /// The value in one line, as TOML would have it; nothing is `none`.
  var text: String {
    switch self {
    case .none: "none"
    case .boolean(let isOn): "\(isOn)"
    case .integer(let number): "\(number)"
    case .number(let number): "\(number)"
    case .text(let text): text
    case .list(let values): "[" + values.map(\.text).joined(separator: ", ") + "]"
    }
  }

  /// The value in a JSON report.
  var json: JSONValue {
    switch self {
    case .none: .null
    case .boolean(let isOn): .boolean(isOn)
    case .integer(let number): .integer(number)
    case .number(let number): .number(number)
    case .text(let text): .string(text)
    case .list(let values): .array(values.map(\.json))
    }
  }

  /// The value as TOML writes it; nil for nothing.
  var toml: String? {
    switch self {
    case .none: nil
    case .boolean, .integer: text
    case .number(let number): number.isFinite ? text : text.replacing("infinity", with: "inf")
    case .text(let text): OrderedJSON.string(text).tomlString
    case .list(let values): "[" + values.compactMap(\.toml).joined(separator: ", ") + "]"
    }
  }
}

extension OrderedJSON {
  /// A string in TOML's spelling, which takes text as it is.
  fileprivate var tomlString: String {
    guard case .string(let text) = self else { return dumped }
    let isPlain = text.unicodeScalars.allSatisfy {
      $0.value >= 0x20 && $0 != "\"" && $0 != "\\" && $0.value != 0x7F
    }
    return isPlain ? "\"\(text)\"" : dumped
  }
}

import ArgumentParser
import CommandSupport
import TOML

extension ArgumentExpansion {
  /// The settings of a configuration file; of a key that is set twice, the last one.
  ///
  /// Tables only group: `[training] seed = 1` is `seed = 1`. An empty text is no setting.
  func settings(of table: TOMLTable, file: String) throws(OptionsError) -> Settings {
    var settings = Settings()
    for entry in table.entries {
      do throws(OptionsError.Reason) {
        guard entry.key != "datasets" else {
          throw .unusable("[[datasets]] belongs to a file of its own, given by --dataset-config")
        }
        guard case .table(let group) = entry.value, names.key(entry.key) == nil else {
          try append(entry, to: &settings, file: file)
          continue
        }
        for entry in group.entries { try append(entry, to: &settings, file: file) }
      } catch {
        throw OptionsError(place: "\(file):\(entry.line)", reason: error)
      }
    }
    try check(settings.assignments)
    return settings
  }

  private func append(
    _ entry: TOMLTable.Entry, to settings: inout Settings, file: String
  ) throws(OptionsError.Reason) {
    let place = "\(file):\(entry.line)"
    let values = try Self.texts(entry)
    if let optimizer = Self.optimizerFlags[entry.key] {
      guard values == ["true"] else { return }
      settings.assignments.append(
        Assignment(key: "optimizer_type", values: [optimizer], place: place))
    } else if let key = names.key(entry.key), let kind = names.kind(entry.key) {
      settings.assignments.removeAll { $0.key == key }
      guard let values = try Self.values(key, kind, values) else { return }
      settings.assignments.append(Assignment(key: key, values: values, place: place))
    } else if let foreign = ForeignOption.named(entry.key) {
      let value = values.joined(separator: ",")
      if try foreign.isPassedOver(with: value) { settings.passedOver.append(entry.key) }
    } else {
      throw .unknownKey(entry.key, nearest: names.nearest(to: entry.key))
    }
  }

  /// Throws, with its place, if a setting is not one that the option takes.
  private func check(_ assignments: [Assignment]) throws(OptionsError) {
    for assignment in assignments {
      guard let group = names.group(assignment.key) else { continue }
      do {
        _ = try group.parse(text(assignment))
      } catch {
        throw OptionsError(
          place: assignment.place,
          reason: .unusable(Self.sentence(group.message(for: error))))
      }
    }
  }

  /// The parser's message about a value, as one sentence.
  static func sentence(_ message: String) -> String {
    ValueComplaint(message)?.description ?? message
  }

  /// The values that are given to an option; none for a flag that is on, nil for no setting.
  private static func values(
    _ key: String, _ kind: OptionKind, _ values: [String]
  ) throws(OptionsError.Reason) -> [String]? {
    switch kind {
    case .flag:
      switch values {
      case ["true"], ["1"]: return []
      case ["false"], ["0"], [""], []: return nil
      default:
        throw .wrongType(
          key, wanted: "true or false", found: "'\(values.joined(separator: ","))'")
      }
    case .single:
      let text = values.joined(separator: ",")
      return text.isEmpty ? nil : [text]
    case .list:
      let texts = values.filter { !$0.isEmpty }
      return texts.isEmpty ? nil : texts
    }
  }

  private static func texts(_ entry: TOMLTable.Entry) throws(OptionsError.Reason) -> [String] {
    guard case .array(let elements) = entry.value else {
      return [try text(entry.value, of: entry.key)]
    }
    var texts: [String] = []
    for element in elements { texts.append(try text(element, of: entry.key)) }
    return texts
  }

  private static func text(
    _ value: TOMLValue, of key: String
  ) throws(OptionsError.Reason) -> String {
    switch value {
    case .boolean(let isOn): return "\(isOn)"
    case .array:
      throw .wrongType(key, wanted: "a value or a list of values", found: "lists in a list")
    default:
      guard let text = value.scalarText else {
        throw .wrongType(key, wanted: "a value", found: "a table")
      }
      return text
    }
  }
}

extension TOMLValue {
  /// A text or a number as text; nil for anything else.
  var scalarText: String? {
    switch self {
    case .string(let text): text
    case .integer(let number): "\(number)"
    case .float(let number): "\(number)"
    default: nil
    }
  }

  /// Any value but a table as text, a list with commas.
  var text: String? {
    switch self {
    case .boolean(let isOn): "\(isOn)"
    case .array(let elements): elements.map { $0.text ?? "…" }.joined(separator: ",")
    default: scalarText
    }
  }
}

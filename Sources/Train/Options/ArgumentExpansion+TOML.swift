import TOML

extension ArgumentExpansion {
  /// The settings of a configuration file; of a key that is set twice, the last one.
  ///
  /// Tables only group: `[training] seed = 1` is `seed = 1`. An empty text is no setting.
  func assignments(of table: TOMLTable, file: String) throws(OptionsError) -> [Assignment] {
    var assignments: [Assignment] = []
    for entry in table.entries {
      if case .table(let group) = entry.value {
        for entry in group.entries { try append(entry, to: &assignments, file: file) }
      } else {
        try append(entry, to: &assignments, file: file)
      }
    }
    return assignments
  }

  private func append(
    _ entry: TOMLTable.Entry, to assignments: inout [Assignment], file: String
  ) throws(OptionsError) {
    let place = "\(file):\(entry.line)"
    let values: [String]
    do {
      values = try Self.texts(entry)
    } catch {
      throw OptionsError(place: place, reason: error)
    }
    if let optimizer = Self.optimizerFlags[entry.key] {
      guard values == ["true"] else { return }
      assignments.append(Assignment(key: "optimizer_type", values: [optimizer]))
    } else if let key = names.key(entry.key), let kind = names.kind(entry.key) {
      assignments.removeAll { $0.key == key }
      do {
        assignments += try assignment(key, kind, values).map { [$0] } ?? []
      } catch {
        throw OptionsError(place: place, reason: error)
      }
    } else if let foreign = ForeignOption.named(entry.key) {
      try check(foreign, values.joined(separator: ","), place: place)
    } else {
      let nearest = names.nearest(to: entry.key)
      throw OptionsError(place: place, reason: .unknownKey(entry.key, nearest: nearest))
    }
  }

  private func assignment(
    _ key: String, _ kind: OptionKind, _ values: [String]
  ) throws(OptionsError.Reason) -> Assignment? {
    switch kind {
    case .flag:
      switch values {
      case ["true"], ["1"]: return Assignment(key: key, values: [])
      case ["false"], ["0"], [""], []: return nil
      default:
        throw .wrongType(
          key, wanted: "true or false", found: "'\(values.joined(separator: ","))'")
      }
    case .single:
      let text = values.joined(separator: ",")
      return text.isEmpty ? nil : Assignment(key: key, values: [text])
    case .list:
      let texts = values.filter { !$0.isEmpty }
      return texts.isEmpty ? nil : Assignment(key: key, values: texts)
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
    case .string(let text): text
    case .integer(let number): "\(number)"
    case .float(let number): "\(number)"
    case .boolean(let isOn): "\(isOn)"
    case .array:
      throw .wrongType(key, wanted: "a value or a list of values", found: "lists in a list")
    case .table: throw .wrongType(key, wanted: "a value", found: "a table")
    }
  }
}

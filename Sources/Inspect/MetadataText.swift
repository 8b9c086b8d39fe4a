import Adapters
import CommandSupport
import Files
import JSON
import Safetensors

extension Inspection {
  /// The metadata: a training's summary first, and JSON strings formatted.
  var metadataText: String {
    if metadata.isEmpty { return "no metadata" }
    let entries = metadata.sorted { TensorName($0.key) < TensorName($1.key) }
    let listed = entries.map { "\(printable($0.key)): \(unfolded($0.value))" }
    return ([TrainingSummary(metadata).text] + [listed.joined(separator: "\n")])
      .compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  /// What `lora slider` has measured; nil of other files, and where nothing was measured.
  var sliderLine: String? {
    guard case .object(let figures)? = metadata["lora_slider"].flatMap(JSONValue.init(parsing:)),
      case .string(let method)? = figures["method"]
    else { return nil }
    var parts: [String] = []
    if case .array(let range)? = figures["range"], let low = range.first?.number,
      let high = range.last?.number
    {
      parts.append("useful from \(plain(low)) to \(plain(high))")
    }
    if case .array(let changes)? = figures["changes"] {
      for case .object(let change) in changes where change["weight"]?.number == 1 {
        guard let inside = change["inside"]?.number, let outside = change["outside"]?.number else {
          continue
        }
        parts.append(
          "weight 1 changes \(percent(inside)) where the pair differs, \(percent(outside)) elsewhere"
        )
      }
    }
    return "slider (\(printable(method)))"
      + (parts.isEmpty ? "" : ": " + parts.joined(separator: "; "))
  }
}

/// A value formatted for reading: JSON on several lines if it is long, other text unchanged.
func unfolded(_ value: String) -> String {
  let isDocument = value.hasPrefix("{") || value.hasPrefix("[")
  guard isDocument,
    let document = JSONValue(parsing: value)
  else {
    return value.split(separator: "\n", omittingEmptySubsequences: false)
      .map { escaped(String($0)) }.joined(separator: "\n  ")
  }
  return unfolded(document, indent: "  ")
}

/// JSON on one line if it is short, otherwise one line per element.
private func unfolded(_ value: JSONValue, indent: String) -> String {
  let short = oneLine(value)
  if short.utf8.count <= 72 { return short }
  let inner = indent + "  "
  switch value {
  case .array(let values):
    let lines = values.map { inner + unfolded($0, indent: inner) }
    return "[\n\(lines.joined(separator: ",\n"))\n\(indent)]"
  case .object(let fields):
    let lines = fields.sorted { precedes($0.key, $1.key) }.map {
      "\(inner)\(printable($0.key)): \(unfolded($0.value, indent: inner))"
    }
    return "{\n\(lines.joined(separator: "\n"))\n\(indent)}"
  default: return short
  }
}

private func oneLine(_ value: JSONValue) -> String {
  switch value {
  case .null: "null"
  case .boolean(let value): "\(value)"
  case .integer(let value): "\(value)"
  case .number(let value): "\(value)"
  case .string(let value): escaped(value)
  case .array(let values): "[\(values.map(oneLine).joined(separator: ", "))]"
  case .object(let fields):
    "{"
      + fields.sorted { precedes($0.key, $1.key) }
      .map { "\(printable($0.key)): \(oneLine($0.value))" }.joined(separator: ", ") + "}"
  }
}

/// Orders numbers by value and other names alphabetically.
private func precedes(_ a: String, _ b: String) -> Bool {
  if let x = Int(a), let y = Int(b) { return x < y }
  return a < b
}

/// A summary of the training in a file's metadata.
struct TrainingSummary {
  private let metadata: [String: String]

  init(_ metadata: [String: String]) { self.metadata = metadata }

  private func value(_ key: String) -> String? {
    guard let value = metadata["ss_" + key], value != "None", !value.isEmpty else { return nil }
    return printable(value)
  }

  /// The summary; empty for a file without sd-scripts' metadata.
  var text: String { lines.map { "\($0.title): \($0.text)" }.joined(separator: "\n") }

  var lines: [(title: String, text: String)] {
    let lines = [
      line("base model", [value("sd_model_name"), value("base_model_version")]),
      line(
        "network",
        [
          value("network_module"), value("network_dim").map { "rank \($0)" },
          value("network_alpha").map { "alpha \($0)" },
        ]),
      line(
        "trained",
        [
          value("steps").map { "\($0) steps" },
          value("epoch").map { epoch in
            "epoch \(epoch)" + (value("num_epochs").map { " of \($0)" } ?? "")
          },
          value("total_batch_size").map { "batch \($0)" },
          value("resolution").map { "at \($0)" },
        ]),
      line(
        "settings",
        [
          value("learning_rate").map { "learning rate \($0)" }, value("lr_scheduler"),
          value("optimizer").map(shortName(ofOptimizer:)),
          value("noise_offset").map { "noise offset \($0)" },
          value("min_snr_gamma").map { "min-SNR \($0)" }, value("seed").map { "seed \($0)" },
        ]),
      line("pictures", [value("num_train_images").map { "\($0) with repeats" }] + folders),
      line("tags", [tags]),
      line("comment", [value("training_comment")]),
    ]
    return lines.compactMap { $0 }
  }

  private func line(_ title: String, _ parts: [String?]) -> (title: String, text: String)? {
    let known = parts.compactMap { $0 }
    return known.isEmpty ? nil : (title, known.joined(separator: ", "))
  }

  private func document(_ key: String) -> [String: JSONValue] {
    guard let text = metadata["ss_" + key],
      case .object(let fields)? = JSONValue(parsing: text)
    else { return [:] }
    return fields
  }

  private var folders: [String?] {
    document("dataset_dirs").sorted { $0.key < $1.key }.map { name, value in
      guard case .object(let fields) = value, let images = fields["img_count"]?.number,
        let repeats = fields["n_repeats"]?.number
      else { return printable(name) }
      return "\(printable(name)) (\(Int(images)) × \(Int(repeats)))"
    }
  }

  /// The ten most frequent tags.
  private var tags: String? {
    var counts: [String: Double] = [:]
    for case .object(let folder) in document("tag_frequency").values {
      for (tag, count) in folder { counts[tag, default: 0] += count.number ?? 0 }
    }
    let top = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(10)
    let listed = top.map { "\(printable($0.key)) (\(Int($0.value)))" }
    return listed.isEmpty ? nil : listed.joined(separator: ", ")
  }
}

/// Returns `AdamW8bit` for `bitsandbytes.optim.adamw.AdamW8bit(weight_decay=0.1)`.
private func shortName(ofOptimizer name: String) -> String {
  String(name.prefix { $0 != "(" }.split(separator: ".").last ?? "")
}

import CommandSupport
import Images

/// The report of `lora slider`.
struct SliderReport: Encodable {
  /// The difference of the two pictures, at the size that is trained on.
  struct Pair: Encodable {
    let pixels: Int
    let differing: Int
    let changed: Int
    let region: Region?
    let warnings: [String]

    init(_ difference: PictureDifference, _ notes: [String]) {
      pixels = difference.pixelCount
      differing = difference.differing
      changed = difference.changed
      region = difference.changedExtent.map(Region.init)
      warnings = difference.warnings + notes
    }
  }

  /// A rectangle of pixels.
  struct Region: Encodable {
    let x: Int
    let y: Int
    let width: Int
    let height: Int

    init(_ rectangle: PixelRectangle) {
      (x, y) = (rectangle.columns.lowerBound, rectangle.rows.lowerBound)
      (width, height) = (rectangle.columns.count, rectangle.rows.count)
    }
  }

  /// A copy that was checked, and the run that made it.
  struct Copy: Encodable {
    let check: CopyCheck
    let run: RunOutcome

    enum CodingKeys: String, CodingKey {
      case steps
      case loss = "final_loss"
      case seconds
      case divergedAt = "diverged_at_step"
    }

    func encode(to encoder: any Encoder) throws {
      try check.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(run.step, forKey: .steps)
      try container.encodeIfPresent(run.loss, forKey: .loss)
      try container.encode(run.seconds, forKey: .seconds)
      try container.encodeIfPresent(run.divergedAt, forKey: .divergedAt)
    }
  }

  let output: String
  let bytes: Int
  let modelHash: String
  let method: SliderMethod
  let modules: Int
  let rank: Int

  let seed: UInt32

  /// The time of all the work, strip and checks included.
  let seconds: Double
  let pair: Pair
  let copies: [Copy]
  let figures: SliderFigures

  /// Empty where no strip is drawn.
  let changes: [SliderMeasure.Change]

  enum CodingKeys: String, CodingKey {
    case output
    case bytes
    case modelHash = "sshs_model_hash"
    case method
    case modules
    case rank
    case seed
    case seconds
    case pair
    case copies
    case figures
    case changes
  }
}

extension SliderReport {
  /// `slider.st: 192 modules, rank 8, 1.6 MB, copies 71 % and 68 % of the way, 25 min`.
  var summary: String {
    var parts = [counted(modules, "module"), "rank \(rank)", CommandSupport.bytes(bytes)]
    if !copies.isEmpty {
      let shares = copies.map { percent(max(0, $0.check.progress)) }.joined(separator: " and ")
      let losses = copies.compactMap { $0.run.loss.map { significant($0, digits: 3) } }
      parts.append("copies \(shares) of the way")
      parts.append("losses \(losses.joined(separator: " and "))")
    }
    parts.append("seed \(seed)")
    parts.append(duration(seconds))
    return "\(output): \(parts.joined(separator: ", "))"
  }

  /// `from -1 to 1 it makes 97 % of the pair's change (scaled by 1.6); useful from -1.5 to 2`; nil
  /// where nothing was drawn.
  var verdict: String? {
    var parts: [String] = []
    if let found = figures.calibration {
      parts.append(
        "from -1 to 1 it makes \(percent(found.reached)) of the pair's change (scaled by "
          + "\(significant(found.factor, digits: 3)))")
      if found.reached < 0.7 { parts.append("more --max-train-steps bring it nearer") }
    }
    if let range = figures.range, range.count == 2 {
      parts.append("useful from \(PythonText.short(range[0])) to \(PythonText.short(range[1]))")
    } else if !figures.changes.isEmpty {
      parts.append("the rest changes at every weight: try fewer steps or a lower --learning-rate")
    }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  /// A table of how much changes with the weight; nil where nothing was drawn.
  var table: String? {
    let rows =
      figures.changes.isEmpty
      ? changes.map { ($0.weight, $0.inside.mean, $0.outside.mean) }
      : figures.changes.map { ($0.weight, $0.inside, $0.outside) }
    guard !rows.isEmpty else { return nil }
    var table = Table([("weight", .right), ("inside", .right), ("outside", .right)])
    for (weight, inside, outside) in rows {
      table.add([PythonText.short(weight), percent(inside), percent(outside)])
    }
    let place = pair.region.map { "\($0.width) × \($0.height) at (\($0.x), \($0.y))" } ?? "nowhere"
    return "mean difference from weight 0 inside the change (\(place)) and outside:\n"
      + table.text
  }
}

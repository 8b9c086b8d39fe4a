import CommandSupport
import Images

/// What `lora slider` has made, and how good it is.
struct SliderReport: Encodable {
  /// How the two pictures differ, at the size that is trained on.
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

  let output: String
  let method: SliderMethod
  let modules: Int
  let rank: Int
  let pair: Pair
  let copies: [CopyCheck]

  /// Empty where no strip is drawn.
  let changes: [SliderStrip.Change]
}

extension SliderReport {
  /// How much changes with the weight; nil where no strip is drawn.
  var table: String? {
    guard !changes.isEmpty else { return nil }
    var table = Table([("weight", .right), ("inside", .right), ("outside", .right)])
    for change in changes {
      table.add([
        PythonText.short(change.weight), percent(change.inside.mean), percent(change.outside.mean),
      ])
    }
    let place = pair.region.map { "\($0.width) × \($0.height) at (\($0.x), \($0.y))" } ?? "nowhere"
    return "mean difference from weight 0 inside the change (\(place)) and outside:\n"
      + table.text
  }
}

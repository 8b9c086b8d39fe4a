extension PictureDifference {
  /// The report in a line or two: how much differs, and where.
  package var summary: String {
    guard differing > 0, let extent else { return "the pictures are the same" }
    var text = "\(differing) of \(pixelCount) pixels differ (\(percent(share))), within \(extent)"
    if let largest = regions.first, let changedExtent {
      let parts = regions.count == 1 ? "one part" : "\(regions.count) parts"
      text += "; \(changed) clearly, in \(parts) within \(changedExtent)"
      if regions.count > 1 { text += ", the largest of \(largest.count) pixels" }
    }
    return text
  }

  /// Reasons why a slider would learn more than the intended change.
  package var warnings: [String] {
    var warnings: [String] = []
    if sizesDiffer {
      warnings.append(
        "the pictures differ in size (\(firstSize), \(secondSize)), so that edges differ "
          + "everywhere; give both in one size")
    }
    if differing == 0 {
      warnings.append("the pictures are the same: there is nothing to learn")
    } else if changed == 0 {
      warnings.append(
        "no pixel differs by more than \(Self.noiseLimit) of 255: the change may be too faint "
          + "to learn, or only compression noise")
    } else if isEverywhere {
      warnings.append(
        "\(percent(Double(changed) / Double(pixelCount))) of the picture differs clearly: a slider "
          + "changes what differs, so that this one will change nearly everything; edit one "
          + "picture to make the other")
    } else if isInPieces {
      warnings.append(
        "the change is in \(regions.count) parts all over the picture, as "
          + (sizesDiffer ? "scaling makes it" : "dithering or strong compression make it")
          + "; edit one picture and save both as PNG in true colour, or the slider learns that too")
    } else if isNoisy {
      warnings.append(
        "\(scattered) pixels (\(percent(Double(scattered) / Double(pixelCount)))) away from the "
          + "change differ by up to \(largestScattered) of 255, as "
          + (sizesDiffer
            ? "scaling makes them; give both in one size"
            : "compression makes them; edit one picture and save both as PNG")
          + ", or the slider learns the noise too")
    }
    return warnings
  }

  /// Whether most of the picture was changed.
  private var isEverywhere: Bool { changed * 2 > pixelCount }

  /// Whether the change is specks over most of the picture.
  private var isInPieces: Bool {
    guard let changedExtent, regions.count >= 50 else { return false }
    return changedExtent.columns.count * changedExtent.rows.count * 4 > pixelCount * 3
  }

  /// Whether more than one pixel in a thousand differs where nothing was changed.
  private var isNoisy: Bool { scattered * 1000 > pixelCount }

  private func percent(_ share: Double) -> String {
    let tenths = Int((share * 1000).rounded())
    return tenths == 0 && share > 0 ? "under 0.1 %" : "\(tenths / 10).\(tenths % 10) %"
  }
}

import Tensors

/// The changes to a caption at each use; fields are named as sd-scripts names them.
package struct CaptionRules: Hashable, Sendable {
  package var captionPrefix: String?
  package var captionSuffix: String?
  package var captionDropoutRate = 0.0
  package var captionDropoutEveryNEpochs = 0
  package var enableWildcard = false
  package var shuffleCaption = false
  package var captionSeparator = ","
  package var keepTokens = 0
  package var keepTokensSeparator: String?
  package var secondarySeparator: String?
  package var captionTagDropoutRate = 0.0

  /// Tags that are shown at first, while `tokenWarmupStep` steps bring in the others.
  package var tokenWarmupMin = 1

  /// In steps, or below 1 as a share of all steps.
  package var tokenWarmupStep = 0.0

  /// Whether the same caption always comes out, so that it can be encoded once.
  var isConstant: Bool {
    captionDropoutRate == 0 && captionDropoutEveryNEpochs == 0 && !enableWildcard
      && !shuffleCaption && captionTagDropoutRate == 0 && tokenWarmupStep == 0
  }

  /// A caption as `isConstant` rules change it.
  func constant(_ caption: String) -> String {
    var unused = Philox(seed: 0, stream: 0)
    return apply(to: caption, at: Moment(epoch: 1, step: 0, stepCount: 1), using: &unused)
  }

  /// When a caption is used.
  struct Moment: Hashable {
    /// Counted from 1.
    let epoch: Int

    /// Steps done before, and in all.
    let step: Int
    let stepCount: Int
  }

  /// The caption as the text encoder gets it.
  ///
  /// - Parameter generator: Of this one use.
  func apply(to caption: String, at moment: Moment, using generator: inout Philox) -> String {
    var caption = caption
    if let captionPrefix, !captionPrefix.isEmpty { caption = captionPrefix + " " + caption }
    if let captionSuffix, !captionSuffix.isEmpty { caption += " " + captionSuffix }
    if isDropped(in: moment.epoch, &generator) { return "" }
    caption =
      enableWildcard ? chosen(from: caption, &generator) : String(caption.prefix { $0 != "\n" })
    if shuffleCaption || tokenWarmupStep > 0 || captionTagDropoutRate > 0 {
      caption = rearranged(caption, at: moment, &generator)
    }
    if let secondarySeparator, !secondarySeparator.isEmpty {
      caption = caption.pieces(between: secondarySeparator).joined(separator: captionSeparator)
    }
    return caption
  }

  private func isDropped(in epoch: Int, _ generator: inout Philox) -> Bool {
    if captionDropoutRate > 0, generator.uniform() < captionDropoutRate { return true }
    return captionDropoutEveryNEpochs > 0 && epoch % captionDropoutEveryNEpochs == 0
  }

  private func rearranged(
    _ caption: String, at moment: Moment, _ generator: inout Philox
  ) -> String {
    var (fixed, flexible, tail) = tags(of: caption)
    if let count = warmUpCount(of: flexible.count, at: moment) {
      flexible = Array(flexible.prefix(count))
    }
    if shuffleCaption { generator.shuffle(&flexible) }
    if captionTagDropoutRate > 0 {
      flexible = flexible.filter { _ in generator.uniform() >= captionTagDropoutRate }
    }
    return (fixed + flexible + tail).joined(separator: ", ")
  }

  /// The tags that stay at the front, those that move, and those that stay at the end.
  private func tags(
    of caption: String
  ) -> (fixed: [String], flexible: [String], tail: [String]) {
    if let separator = keepTokensSeparator, !separator.isEmpty {
      let parts = caption.pieces(between: separator)
      if parts.count > 1 {
        let tags = parts.prefix(2).map(nonEmptyTags)
        // what follows a third separator stays with the tail
        let tail = parts.dropFirst(2).joined(separator: separator)
        return (tags[0], tags[1], nonEmptyTags(of: tail))
      }
    }
    let tags = trimmed(caption).pieces(between: captionSeparator).map { trimmed($0) }
    return (Array(tags.prefix(max(0, keepTokens))), Array(tags.dropFirst(max(0, keepTokens))), [])
  }

  private func nonEmptyTags(of text: String) -> [String] {
    text.pieces(between: captionSeparator).map { trimmed($0) }.filter { !$0.isEmpty }
  }

  private func warmUpCount(of tags: Int, at moment: Moment) -> Int? {
    let steps =
      tokenWarmupStep < 1
      ? (tokenWarmupStep * Double(moment.stepCount)).rounded(.down) : tokenWarmupStep
    guard steps > 0, Double(moment.step) < steps else { return nil }
    let grown = Double(moment.step) * (Double(tags - tokenWarmupMin) / steps)
    return max(0, Int(grown.rounded(.down)) + tokenWarmupMin)
  }
}

extension CaptionRules {
  /// One line of the caption, with one choice of each `{a|b|c}`; `{{` and `}}` are braces.
  private func chosen(from caption: String, _ generator: inout Philox) -> String {
    let lines = caption.split(separator: "\n", omittingEmptySubsequences: false)
    var rest = lines.count > 1 ? lines[generator.below(lines.count)] : caption[...]
    var result = ""
    while let first = rest.first {
      if rest.hasPrefix("{{") || rest.hasPrefix("}}") {
        result.append(first)
        rest = rest.dropFirst(2)
      } else if first == "{", let choices = Self.choices(rest) {
        result += choices[generator.below(choices.count)]
        rest = rest.dropFirst(choices.reduce(choices.count + 1) { $0 + $1.count })
      } else {
        result.append(first)
        rest = rest.dropFirst()
      }
    }
    return result
  }

  /// The text between an opening brace and the next closing one, split at bars; nil where it is empty.
  private static func choices(_ text: Substring) -> [Substring]? {
    guard let end = text.firstIndex(of: "}") else { return nil }
    let inside = text[text.index(after: text.startIndex)..<end]
    return inside.isEmpty ? nil : inside.split(separator: "|", omittingEmptySubsequences: false)
  }
}

extension String {
  /// The text before, between and after the occurrences of a separator.
  fileprivate func pieces(between separator: String) -> [String] {
    guard !separator.isEmpty else { return [self] }
    var pieces = [""]
    var rest = self[...]
    while let first = rest.first {
      if rest.hasPrefix(separator) {
        pieces.append("")
        rest = rest.dropFirst(separator.count)
      } else {
        pieces[pieces.count - 1].append(first)
        rest = rest.dropFirst()
      }
    }
    return pieces
  }
}

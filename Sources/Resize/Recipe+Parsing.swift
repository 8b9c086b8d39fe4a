/// An error in a list of recipes: its position and the reason.
struct RecipeError: Error, Hashable, CustomStringConvertible {
  let text: String

  /// The position, from 1.
  let character: Int
  let detail: String

  var description: String {
    "takes recipes such as fro_ckpt=1,thr=-3.5, not '\(text)': \(detail) at character \(character)"
  }
}

extension Recipe {
  /// Parses recipes separated by `:`, each a list of `key=value` pairs separated by commas; a
  /// reference without a value has the weight 1.
  static func list(_ text: String) throws(RecipeError) -> [Recipe] {
    var recipes: [Recipe] = []
    for part in pieces(text, separator: ":") { recipes.append(try Recipe(part, of: text)) }
    return recipes
  }

  private init(_ recipe: Piece, of whole: String) throws(RecipeError) {
    var parser = RecipeParser(whole: whole)
    for pair in pieces(recipe.text, separator: ",", from: recipe.character) {
      try parser.take(pair)
    }
    self = try parser.recipe(recipe)
  }

  fileprivate init(
    text: Substring, _ given: [Reference: Double], sum: Double, _ selection: Selection,
    rescale: Double
  ) {
    self.text = text.filter { $0 != " " }
    weights = given.filter { $0.value != 0 }.mapValues { $0 / sum }
    self.selection = selection
    self.rescale = rescale
  }
}

private struct Piece {
  let text: Substring

  /// The position in the whole text, from 1.
  let character: Int
}

private func pieces(
  _ text: some StringProtocol, separator: Character, from first: Int = 1
) -> [Piece] {
  var character = first
  return text.split(separator: separator, omittingEmptySubsequences: false).map { piece in
    defer { character += piece.count + 1 }
    return Piece(text: Substring(piece), character: character)
  }
}

private struct RecipeParser {
  let whole: String
  private var weights: [Recipe.Reference: Double] = [:]
  private var selection: Recipe.Selection?
  private var rescale: Double?

  init(whole: String) { self.whole = whole }

  private func error(_ detail: String, _ piece: Piece) -> RecipeError {
    RecipeError(text: whole, character: piece.character, detail: detail)
  }

  mutating func take(_ pair: Piece) throws(RecipeError) {
    let words = pair.text.split(
      separator: "=", maxSplits: 1, omittingEmptySubsequences: false
    ).map { $0.filter { $0 != " " } }
    if let reference = Recipe.Reference(rawValue: words[0]) {
      let weight = words.count == 1 ? 1 : try number(words[1], pair) { $0.isFinite }
      if weights.updateValue(weight, forKey: reference) != nil {
        throw error("\(words[0]) a second time", pair)
      }
      return
    }
    let known = Recipe.Reference.allCases.map(\.rawValue) + ["thr", "size", "rescale"]
    guard known.contains(words[0]) else {
      let what = words[0].isEmpty ? "nothing" : "'\(words[0])'"
      throw error("\(what) instead of one of \(known.joined(separator: ", "))", pair)
    }
    let text = words.count == 1 ? "" : words[1]
    switch words[0] {
    case "thr": try select(.threshold(try number(text, pair) { $0.isFinite }), pair)
    case "size":
      try select(.size(mebibytes: try number(text, pair) { $0 > 0 && $0 <= 1e9 }), pair)
    default:
      if rescale != nil { throw error("rescale a second time", pair) }
      rescale = try number(text, pair) { $0 > 0 && $0 <= 1e6 }
    }
  }

  private mutating func select(
    _ choice: Recipe.Selection, _ pair: Piece
  ) throws(RecipeError) {
    if selection != nil { throw error("a second thr or size", pair) }
    selection = choice
  }

  private func number(
    _ text: String, _ pair: Piece, _ isTaken: (Double) -> Bool
  ) throws(RecipeError) -> Double {
    guard let number = Double(text), isTaken(number) else {
      let key = pair.text.prefix { $0 != "=" }.filter { $0 != " " }
      let wanted =
        key == "size" || key == "rescale" ? "a number above 0" : "a finite number"
      throw error("\(key) takes \(wanted), not '\(text)',", pair)
    }
    return number
  }

  func recipe(_ piece: Piece) throws(RecipeError) -> Recipe {
    let sum = Recipe.Reference.allCases.reduce(0) { $0 + (weights[$1] ?? 0) }
    let most = weights.values.reduce(0) { max($0, abs($1)) }
    guard abs(sum) > 1e-9 * most else {
      throw error("no reference whose weight is not zero, in the recipe", piece)
    }
    guard let selection else { throw error("neither thr nor size in the recipe", piece) }
    return Recipe(text: piece.text, weights, sum: sum, selection, rescale: rescale ?? 1)
  }
}

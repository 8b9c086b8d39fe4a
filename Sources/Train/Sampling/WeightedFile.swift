import CommandSupport
import Files

/// An adapter with the weights it is used at: `FILE`, `FILE:0.5`, `FILE:-2..2/9`.
struct WeightedFile: Hashable {
  let path: String
  let weights: [Double]

  /// Reads an argument; a path that exists as written is taken as written, at weight 1.
  init(_ argument: String, exists: (String) -> Bool) throws(OptionsError) {
    guard !exists(argument), let colon = argument.lastIndex(of: ":") else {
      (path, weights) = (argument, [1])
      return
    }
    let text = argument[argument.index(after: colon)...]
    guard let weights = Self.weights(text) else {
      throw KeyedArguments.error(
        "\(argument): '\(text)' is no weight; write FILE:0.5, or FILE:-2..2/9 for nine from -2 to 2"
      )
    }
    (path, self.weights) = (String(argument[..<colon]), weights)
  }

  /// The file's name without folders and extension, for labels.
  var name: String { Path(path).stem }

  /// A number, or `FIRST..LAST/COUNT`; both ends are among the numbers.
  static func weights(_ text: some StringProtocol) -> [Double]? {
    func weight(_ text: some StringProtocol) -> Double? {
      Domain<Double>.weight.read(String(text))
    }
    if let number = weight(text) { return [number] }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let count = Int(parts[1]), (1...1000).contains(count),
      let dots = parts[0].firstRange(of: ".."), let first = weight(parts[0][..<dots.lowerBound]),
      let last = weight(parts[0][dots.upperBound...]),
      count > 1 || first == last
    else { return nil }
    // From both ends, so that the middle of a symmetric range is 0 and not nearly 0.
    let gaps = Double(max(1, count - 1))
    return (0..<count).map { (first * (gaps - Double($0)) + last * Double($0)) / gaps }
  }
}

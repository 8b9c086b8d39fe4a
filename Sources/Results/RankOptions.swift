import ArgumentParser
import CommandSupport
package import LinearAlgebra

/// Options that choose the rank of a result.
package struct RankOptions: ParsableArguments {
  @Option(.rank, help: ArgumentHelp("The rank of every module.", valueName: "n"))
  var rank: Int?

  @Option(.rank, help: ArgumentHelp("The rank of convolutions of k × k, k > 1.", valueName: "n"))
  var convRank: Int?

  @Option(
    .number(1...1e12),
    help: ArgumentHelp("Keep singular values of at least the largest / R.", valueName: "r"))
  var svRatio: Double?

  @Option(
    .positiveShare,
    help: ArgumentHelp("Keep this share of each module's Frobenius norm.", valueName: "f"))
  var svFro: Double?

  @Option(
    .positiveShare,
    help: ArgumentHelp("Keep this share of the sum of the singular values.", valueName: "c"))
  var svCumulative: Double?

  @Option(
    .rank, help: ArgumentHelp("The maximum rank that a rule of --sv-… can choose.", valueName: "n"))
  var maxRank: Int?

  package init() {}

  package func validate() throws {
    let rules = [rank == nil, svRatio == nil, svFro == nil, svCumulative == nil].count { !$0 }
    if rules > 1 { throw ValidationError("--rank and the rules of --sv-… exclude each other.") }
    if maxRank != nil && svRatio == nil && svFro == nil && svCumulative == nil {
      throw ValidationError("--max-rank goes with a rule of --sv-….")
    }
    if convRank != nil && rules == 0 {
      throw ValidationError("--conv-rank goes with --rank or a rule of --sv-….")
    }
  }

  /// The chosen ranks; `nil` if the user gave none.
  package var choice: RankChoice? {
    let rule: RankRule? =
      rank.map { .fixed($0) } ?? svRatio.map { .ratio($0) } ?? svFro.map { .frobenius($0) }
      ?? svCumulative.map { .cumulative($0) }
    return rule.map { RankChoice(rule: $0, convolutionRank: convRank, maximum: maxRank) }
  }

  /// The choice in a few words, for a result's metadata.
  package var text: String {
    let convolution = convRank.map { " (conv: \($0))" } ?? ""
    if let rank { return "\(rank)\(convolution)" }
    let rule =
      svRatio.map { "sv_ratio: \($0)" } ?? svFro.map { "sv_fro: \($0)" }
      ?? svCumulative.map { "sv_cumulative: \($0)" } ?? ""
    return "\(rule)\(convolution)"
  }
}

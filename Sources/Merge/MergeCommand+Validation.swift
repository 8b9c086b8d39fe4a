import ArgumentParser
import Results

extension MergeCommand {
  /// Refuses settings that the method does not use, and requires those that it needs.
  func checkMethod() throws {
    let (choice, type) = (method.choice, method.method.type)
    if compat != nil && !type.isSum {
      throw ValidationError("sd-scripts has no method \(type.name).")
    }
    let keepsRank = compat != nil && type.name == Linear.name
    if choice.rankUse == .required && rank.choice == nil && !keepsRank {
      throw ValidationError("--method \(type.name) needs --rank N, or a rule of --sv-….")
    }
    if choice.rankUse == .none && rank.choice != nil {
      throw ValidationError("--rank and --sv-… go with --method svd; concat keeps every rank.")
    }
    if keepsRank && rank.choice != nil {
      throw ValidationError("sd-scripts' linear merge keeps the rank: leave --rank out.")
    }
    if compat != nil && (weights.rule != nil || !weights.limits.isEmpty) {
      throw ValidationError(
        "--compat sd-scripts takes weights as they are: leave --average, --ema and limits out.")
    }
    try choice.check(fileCount: files.count)
  }
}

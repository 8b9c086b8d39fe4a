import Foundation
import Testing

@testable import Train

/// The list of rules beside the folder that holds them.
@Suite struct OptimizersTests {
  @Test func theListIsTheFolder() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let files = try FileManager.default.contentsOfDirectory(
      atPath: root.appending(path: "Sources/Train/Optimizers").path)
    #expect(
      Set(files) == Set(optimizers.map { "\($0).swift" } + ["Optimizer.swift"]),
      "a file of Sources/Train/Optimizers is missing in `optimizers`, or the other way round")
  }

  @Test func namesAreDistinct() {
    let names = optimizers.flatMap { $0.names.map { $0.lowercased() } }
    #expect(Set(names).count == names.count)
  }

  @Test(arguments: OptimizerType.allCases)
  func numbersAreAsManyAtEachStep(_ type: OptimizerType) throws {
    let rule = try OptimizerPlan(type, []).rule
    #expect(rule.numbers(rate: 0, step: 1).count == rule.numbers(rate: 0.1, step: 99).count)
    #expect(type.rule.keys.contains("weight_decay"))
  }
}

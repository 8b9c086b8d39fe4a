import ArgumentParser
import TestSupport
import Testing

@testable import Train

@Suite struct DivergenceWatchTests {
  private func warnings(_ losses: [Double], ofNothing nothing: Double = 1) -> [(Int, String)] {
    var watch = DivergenceWatch()
    return losses.enumerated().compactMap { index, loss in
      watch.warning(after: index + 1, loss: loss, ofNothing: nothing).map { (index + 1, $0) }
    }
  }

  /// Losses of a copier of one picture at a rate of 1.
  static let diverged = [
    0.0106, 0.7149, 1.4632, 1.3311, 1.1724, 1.4871, 1.0996, 1.3190, 1.2426, 1.1016, 1.2393,
  ]

  @Test func runThatDivergesIsNamedOnce() throws {
    let found = warnings(Self.diverged)
    #expect(found.count == 1)
    let (step, text) = try #require(found.first)
    #expect(step == 5)
    #expect(
      text
        == "the loss of steps 1 to 5 is about 1.17, that of the first was 0.0106: the run has diverged "
        + "and its result will be of no use; stop it and give a lower --learning-rate, a tenth of this "
        + "one for a start")
  }

  /// The scale of losses follows weights and distances; only their share of a wild guess counts.
  @Test func scaleOfLossesDoesNotMatter() {
    #expect(warnings(Self.diverged.map { $0 * 1e-3 }, ofNothing: 1e-3).count == 1)
    #expect(warnings(Self.diverged.map { $0 * 0.5 }).isEmpty)
  }

  /// Losses differ a hundredfold between timesteps, and single ones reach that of a wild guess.
  @Test func noiseOfTimestepsIsNoDivergence() {
    let losses = (0..<2000).map { step -> Double in
      let place = Double(step * 7919 % 1000) / 1000
      return step % 97 == 0 ? 1.02 : 0.004 + 0.5 * place * place * place
    }
    #expect(warnings(losses).isEmpty)
  }

  /// A model that predicts nothing yet is not judged by that.
  @Test func modelOfRandomWeightsIsNoDivergence() {
    #expect(warnings((0..<200).map { 1.1 + 0.4 * Double($0 % 5) / 5 }).isEmpty)
  }

  @Test func slowHarmShowsInTheMean() {
    let losses = (0..<300).map { step in 0.02 * (step < 100 ? 1 : min(8, Double(step - 92) / 8)) }
    let found = warnings(losses)
    #expect(found.count == 1)
    #expect((found.first?.0 ?? 0) > 110)
  }

  /// Real runs on the paper doll: a rate of 1, and a usual one.
  @Test(
    .enabled(if: TinyRun.canRun, "this processor lacks what the program needs"),
    arguments: [("1", true), ("0.001", false)])
  func ratesThatAreTooHighAreFound(_ rate: String, _ diverges: Bool) throws {
    let run = try TinyRun()
    let picture = Fixtures.path("paperdoll/small-head.png")
    let options = try TrainingOptions.parse([
      "--model", Fixtures.path("paperdoll/model"), "--image", picture, "--resolution", "64",
      "--max-train-steps", "12", "--learning-rate", rate, "--network-train-unet-only", "--seed",
      "1", "-o", run.folder["a.st"],
    ])
    let job = try TrainingJob(options, device: ComputeDevice(threads: 2), environment: { _ in nil })
    let outcome = try TrainingSession(job, quiet: true).run()
    #expect((outcome.divergedAt != nil) == diverges, "\(outcome)")
    #expect(outcome.loss.map { ($0 > 0.8) == diverges } == true)
  }

  /// What a prediction of zeros loses is what the loss operation makes of it.
  @Test(arguments: ["l2", "l1", "huber", "smooth_l1"])
  func lossOfNothingIsThatOfZeros(_ type: String) throws {
    let run = try TinyRun()
    let job = try run.job(
      steps: 3, ["--loss-type", type, "--min-snr-gamma", "5", "--network-train-unet-only"])
    let loop = try TrainingLoop(job)
    for _ in 0..<3 {
      let result = try loop.step()
      // A network of random weights predicts about as badly.
      #expect(result.lossOfNothing > 0)
      #expect(
        (0.5..<2).contains(result.loss / result.lossOfNothing),
        "\(result.loss) of \(result.lossOfNothing)")
    }
  }
}

import ArgumentParser
import Compute
import Diffusion
import Foundation
import Images
import Names
import Tensors
import TestSupport
import Testing

@testable import Train

@Suite(.enabled(if: TinyRun.canRun, "this processor lacks what the program needs"))
struct DirectTrainingTests {
  static let common = ["--network-train-unet-only", "--max-grad-norm", "0"]

  /// The targets are made in the networks' own spaces; the rule is about pictures.
  @Test(arguments: [Prediction.noise, .velocity])
  func targetsMoveThePictureByTheDifference(_ prediction: Prediction) throws {
    let shape = LatentShape(count: 2, height: 3, width: 5)
    func numbers(_ stream: UInt64) -> [Float] {
      Philox(seed: 9, stream: stream).normals(count: 2 * shape.sampleCount)
    }
    let context = Tensor([0], shape: [1, 1, 1], on: ComputeDevice(threads: 1).backend)
    let (before, after) = (numbers(1), numbers(2))
    func batch(_ latents: [Float]) -> TrainingBatch {
      TrainingBatch(
        shape: shape, latents: latents, context: context, pooled: nil, timeIDs: nil,
        weights: [1, 1], mask: nil, draws: nil)
    }
    let draws = StepDraws(timesteps: [120, 980], noise: numbers(3), inputNoise: nil)
    var recipe = LossRecipe()
    recipe.prediction = prediction
    let schedule = NoiseSchedule()
    guard
      case .pair(let low, let high, let span) = Lesson.pair(
        batch(before), batch(after), span: 0.5, draws, recipe, schedule)
    else { return }
    #expect(span == 0.5)

    let found = numbers(4)  // what the network finds alone
    func picture(_ input: Float, _ output: Float, _ index: Int) -> Double {
      let timestep = draws.timesteps[index / shape.sampleCount]
      let (a, s) = (
        Double(schedule.signalScale(at: timestep)), Double(schedule.noiseScale(at: timestep))
      )
      return prediction == .noise
        ? (Double(input) - s * Double(output)) / a : a * Double(input) - s * Double(output)
    }
    for index in before.indices {
      let move = Double(after[index]) - Double(before[index])
      for (own, sign) in [(low, 1.0), (high, -1.0)] {
        let wanted = picture(own.input[index], found[index], index) + sign * move
        let taught = picture(own.input[index], own.target[index] + found[index], index)
        #expect(abs(taught - wanted) < 2e-5 * (1 + abs(wanted)))
      }
    }
    // An answer that is wrong by 1 costs what the picture is wrong by, squared.
    for (sample, weight) in low.weights.enumerated() {
      let index = sample * shape.sampleCount
      let error = picture(low.input[index], 1, index) - picture(low.input[index], 0, index)
      #expect(abs(Double(weight) - error * error) < 1e-4 * error * error)
    }
  }

  /// With U = 0 the two orders of a pair have opposite gradients.
  @Test func orderOfThePicturesIsTheSignOfTheUpdate() throws {
    let run = try TinyRun()
    let pictures = try [run.picture(), run.picture("after.png", changed: 200)]
    let descent = Self.common + ["--optimizer-type", "SGDNesterov", "--learning-rate", "1"]
    let changes = try [(0, 1), (1, 0)].map { first, second in
      let options = try TrainingOptions.parse(run.arguments(steps: 1, descent))
      let pair = try PicturePair(
        before: pictures[first], after: pictures[second], options,
        resolution: PixelSize(width: 16, height: 16))
      let job = try TrainingJob(
        options, pairs: (DirectRecipe(), [pair]), device: ComputeDevice(threads: 1),
        environment: { _ in nil })
      let loop = try TrainingLoop(job)
      let before = loop.weights
      _ = try loop.step()
      return zip(before, loop.weights).map { Double($1) - Double($0) }
    }
    #expect(changes[0].contains { abs($0) > 1e-6 })
    for (a, b) in zip(changes[0], changes[1]) { #expect(abs(a + b) < 1e-4 * abs(a) + 1e-7) }
  }

  /// What is held still pulls back to no update, and leaves an update of nothing as it is.
  @Test func stillPicturesAloneTeachNothing() throws {
    let run = try TinyRun()
    var recipe = DirectRecipe()
    (recipe.stillness, recipe.stillCount) = (1, 2)
    let job = try run.job(
      steps: 2, Self.common, pairs: (recipe, [run.picture("after.png", changed: 300)]))
    let pairs = try #require(job.pairs)
    let lessons = try pairs.lessons(
      BatchNumber(seed: 7, total: 0), job.plan, job.plan.noiseSchedule)
    #expect(lessons.count == 2)
    guard case .still(let still, let weight) = lessons[0] else {
      Issue.record("no still picture")
      return
    }
    #expect(weight == 1 && still.weights.allSatisfy { $0 > 0 })
    // Where the pair differs there is no loss.
    let mask = try #require(still.batch.mask)
    #expect(mask.contains(0) || mask.allSatisfy { $0 == 0 })
    let tape = Tape()
    let adapters = DeviceAdapters(
      job.modules, values: job.initialValues, tape: tape, on: job.backend)
    let passes = TrainingPasses(job, adapters, tape)
    passes.send(share: 1)
    passes.accumulate(lessons[0])
    #expect(adapters.gradient?.values().allSatisfy { $0 == 0 } == true)
    #expect(passes.losses(of: lessons[0]) == nil)
  }

  /// Against its gradient the loss of a batch falls from that of no update at all.
  @Test(arguments: [[], ["--v-parameterization"], ["--debiased-estimation-loss"]])
  func lossOfABatchFallsFromThatOfNothing(_ more: [String]) throws {
    let run = try TinyRun()
    let job = try run.job(
      steps: 1, ["--network-train-unet-only"] + more,
      pairs: (DirectRecipe(), [run.picture("after.png", changed: 300)]))
    let lesson = try #require(
      job.pairs?.lessons(BatchNumber(seed: 7, total: 0), job.plan, job.plan.noiseSchedule).last)
    let tape = Tape()
    let adapters = DeviceAdapters(
      job.modules, values: job.initialValues, tape: tape, on: job.backend)
    let passes = TrainingPasses(job, adapters, tape)
    let gradient = try #require(adapters.gradient)
    var values = job.initialValues
    var shares: [Double] = []
    for _ in 0..<30 {
      gradient.write([Float](repeating: 0, count: values.count))
      passes.send(share: 1)
      passes.accumulate(lesson)
      let losses = try #require(passes.losses(of: lesson))
      shares.append(losses.own / losses.ofNothing)
      let slope = gradient.values()
      let norm = slope.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      for index in values.indices { values[index] -= 0.02 * slope[index] / Float(norm) }
      adapters.parameters.write(values)
    }
    #expect(abs(shares[0] - 1) < 1e-4)
    #expect(shares[29] < 0.9, "\(shares)")
  }

  /// The blocks of each choice in both kinds of model, and what is kept of them.
  @Test(arguments: [
    // Layer of SD 1 and 2; of SDXL: the choices that train it. Whether a slider keeps it.
    ("down_blocks_0_attentions_1_transformer_blocks_0_ff_net_2", "", "", true),
    ("down_blocks_1_attentions_1_transformer_blocks_0_ff_net_2", "middle", "middle", true),
    ("down_blocks_2_attentions_0_transformer_blocks_0_ff_net_0_proj", "deep", "deep", true),
    ("down_blocks_2_attentions_1_transformer_blocks_0_attn1_to_q", "deep", "deep", false),
    ("down_blocks_2_attentions_1_transformer_blocks_0_attn2_to_k", "", "", false),
    ("down_blocks_2_attentions_1_proj_in", "deep", "deep", false),
    ("mid_block_attentions_0_transformer_blocks_0_ff_net_2", "deep", "deep", true),
    ("up_blocks_0_attentions_2_transformer_blocks_9_ff_net_2", "", "deep", true),
    ("up_blocks_1_attentions_0_transformer_blocks_0_ff_net_2", "deep", "middle", true),
    ("up_blocks_2_attentions_2_transformer_blocks_0_ff_net_2", "middle", "", true),
    ("up_blocks_3_attentions_0_transformer_blocks_0_ff_net_2", "", "", true),
  ])
  func layersOfASliderAreChosenByBlock(
    _ key: String, ofSD: String, ofSDXL: String, isKept: Bool
  ) {
    let target = Target.parse("lora_unet_" + key).target
    for (kind, least) in [(PretrainedModel.Kind.sd1, ofSD), (.sd2, ofSD), (.sdxl, ofSDXL)] {
      #expect(SliderLayers.deep.trains(target, of: kind) == (least == "deep"))
      #expect(SliderLayers.middle.trains(target, of: kind) == !least.isEmpty)
      #expect(SliderLayers.all.trains(target, of: kind))
    }
    #expect(
      SliderLayers.deep.keeps(target) == isKept && SliderLayers.middle.keeps(target) == isKept)
    #expect(SliderLayers.all.keeps(target))
  }

  /// A change that fills cells of 32 pixels is left in their means; one that is thin is not.
  @Test func layersAreChosenByTheSizeOfTheChange() {
    func picture(_ isChanged: (Int, Int) -> Bool) -> Picture {
      let bytes = (0..<80 * 70).flatMap { index -> [UInt8] in
        isChanged(index % 80, index / 80) ? [200, 40, 90] : [100, 100, 100]
      }
      return Picture(width: 80, height: 70, bytes: bytes)
    }
    let plain = picture { _, _ in false }
    let cases: [((Int, Int) -> Bool, Double)] = [
      ({ _, _ in false }, 0), ({ _, _ in true }, 1), ({ x, y in x < 32 && y < 64 }, 1),
      ({ x, y in x >= 64 && y >= 64 }, 1),  // a smaller cell at the edges
      ({ x, _ in x < 8 }, 0.25),
      ({ x, y in x == 3 && y == 5 }, 1 / 1024.0),
    ]
    for (isChanged, share) in cases {
      let found = SliderLayers.coarseShare(from: plain, to: picture(isChanged))
      #expect(abs(found - share) < 1e-12, "\(found), not \(share)")
    }
    for layers in [SliderLayers.deep, .middle, .all] {
      #expect(layers.resolved(for: []) == layers)
    }
    #expect(SliderLayers.auto.resolved(for: []) == .all)
  }

  /// What is written is what is kept, with the weights that training gave it.
  @Test func resultHasTheLayersThatAreKept() throws {
    let run = try TinyRun()
    let job = try run.job(
      steps: 1, Self.common, pairs: (DirectRecipe(), [run.picture("after.png", changed: 300)]))
    let weights = (0..<job.modules.parameterCount).map { Float($0) }
    let result = job.result(weights)
    #expect(!result.modules.modules.isEmpty)
    #expect(result.modules.modules.count < job.modules.modules.count)
    for module in result.modules.modules {
      #expect(LayerKind.kinds(of: module.layer.name.target).contains(.feedForward))
      let source = try #require(job.modules.module(for: module.layer)?.module)
      #expect(result.values[module.down] == weights[source.down])
      #expect(
        result.values[module.up + module.upCount - 1] == weights[source.up + source.upCount - 1])
    }
  }

  @Test func timestepsOfARunAreSpreadEvenly() {
    var recipe = NoiseRecipe(timesteps: 500..<1000)
    recipe.spreadsTimesteps = true
    let shape = LatentShape(count: 2, height: 1, width: 1)
    let latents = [Float](repeating: 0, count: 2 * shape.sampleCount)
    let steps = (0..<20).flatMap {
      recipe.draws(for: latents, shape, of: BatchNumber(seed: 3, total: $0)).timesteps
    }
    for tenth in 0..<10 {
      let count = steps.count { (500 + 50 * tenth..<550 + 50 * tenth).contains($0) }
      #expect((3...5).contains(count), "\(count) of 40 in tenth \(tenth)")
    }
    #expect(steps.allSatisfy { (500..<1000).contains($0) })
  }

  /// An option on captions and pictures is read for pairs, or named where it does nothing.
  @Test func everyOptionOfPicturesIsReadOrNamed() {
    let keys = Set(Setting.declarations(in: SubsetOptions.self).map(\.key))
    #expect(keys.subtracting(SliderCommand.unread) == ["background", "resize_interpolation"])
    let known = keys.union(Setting.declarations(in: TrainingOptions.self).map(\.key))
    #expect(SliderCommand.unread.subtracting(known) == [])
  }

  /// Three pictures at places of the slider are three pairs, each with its share of the way.
  @Test func picturesAtPlacesAreAllPairs() throws {
    let options = try SliderOptions.parse(
      ["--pair", "a", "b", "c", "--steps-of", "0,0.25,1", "--caption", "x"])
    let pairs = try options.pairFiles()
    #expect(pairs.map(\.before) == ["a", "a", "b"] && pairs.map(\.after) == ["b", "c", "c"])
    #expect(pairs.map(\.span) == [0.25, 1, 0.75] && pairs.allSatisfy { $0.caption == "x" })
    for text in ["0", "1,0", "0,0", "0,x", "0,nan"] {
      #expect(SliderPlaces(argument: text) == nil, "\(text)")
    }
  }

  @Test func folderOfPairsIsReadByItsNames() throws {
    let run = try TinyRun()
    for name in ["b.png", "b_after.png", "a.png", "a_after.png", "alone.png"] {
      try run.picture(name)
    }
    _ = try run.folder.write("a head\n".utf8, to: "a.txt")
    let options = try SliderOptions.parse(["--pairs", run.folder.path])
    var notes: [String] = []
    let pairs = try options.pairFiles { notes.append($0) }
    #expect(notes == ["\(run.folder.path): left out, since they are in no pair: alone.png"])
    #expect(pairs.map { $0.before.suffix(6) } == ["/a.png", "/b.png"])
    #expect(pairs.map(\.caption) == ["a head", ""])
    try run.picture("c_after.png")
    #expect(throws: TrainingError.self) { try options.pairFiles() }
  }

  /// A variation moves and mirrors both pictures alike; the first is the picture itself.
  @Test func variationsMoveColoursAndMirror() {
    let limits = PictureVariation.Limits(count: 50, colours: 0.2, shift: 2, mirrors: true)
    let values = (0..<5 * 4 * 3).map { Float($0) / 60 }
    #expect(PictureVariation(0, of: limits, seed: 3).coloured(values) == values)
    #expect(PictureVariation(0, of: limits, seed: 3).moved(values, width: 5, height: 4) == values)
    let all = (1..<50).map { PictureVariation($0, of: limits, seed: 3) }
    #expect(all.contains(where: \.isMirrored) && !all.allSatisfy(\.isMirrored))
    #expect(
      Set(all.map(\.right)) == [-2, -1, 0, 1, 2] && Set(all.map(\.down)) == [-2, -1, 0, 1, 2])
    for variation in all {
      let moved = variation.moved(values, width: 5, height: 4)
      for y in 0..<4 {
        for x in 0..<5 {
          let column = min(4, max(0, x - variation.right))
          let row = min(3, max(0, y - variation.down))
          let source = (row * 5 + (variation.isMirrored ? 4 - column : column)) * 3
          #expect(moved[(y * 5 + x) * 3] == values[source])
        }
      }
      #expect(variation.coloured(values).allSatisfy { abs($0) <= 1 })
    }
  }

  /// The factor is found for effects that grow as powers of the weight, and is let be where nothing helps.
  @Test(arguments: [(0.3, 1.0), (2.5, 0.7), (0.9, 1.2), (0.05, 1.0)])
  func calibrationFindsTheFactor(_ strength: Double, _ power: Double) {
    var trials: [SliderCheck.Calibration] = []
    var factor: Double? = 1
    while let tried = factor {
      let reached = strength * pow(tried, power)
      trials.append(SliderCheck.Calibration(factor: tried, reached: reached))
      factor = SliderCheck.next(after: trials)
    }
    let best = trials.map { abs(log2($0.reached)) }.min() ?? 9
    #expect(best < (strength < 0.1 ? 1.2 : 0.2), "\(trials)")
    #expect(trials.count <= 4)
  }

  @Test func rankCorrelationIsSpearmans() {
    #expect(rankCorrelation([1, 2, 3], [2, 4, 9]) == 1)
    #expect(rankCorrelation([1, 2, 3], [9, 4, 2]) == -1)
    #expect(rankCorrelation([1, 2, 3], [5, 5, 5]) == 0)
    // Ranks 0, 1, 2, 3 and 0, 1.5, 1.5, 3: 4.5 / sqrt(5 · 4.5).
    #expect(abs(rankCorrelation([1, 2, 3, 4], [1, 2, 2, 3]) - 0.948_683_298) < 1e-8)
  }
}

import CommandSupport
import Compute
import Datasets
import Diffusion
import Files
import Glibc
import Images
import Names
import Results
import Tensors

/// A run that is ready to begin: the plan, the model on its device, the data and the adapters.
struct TrainingJob {
  let plan: TrainingPlan
  let kind: PretrainedModel.Kind
  let device: ComputeDevice
  let unet: UNet

  /// The device of the U-Net and of the weights that are trained.
  var backend: any Backend { device.backend }

  /// The trained layers, and the places of their weights.
  let modules: AdaptedModules
  let initialValues: [Float]
  let source: any BatchSource

  /// The source, where it has pairs whose difference is learned; nil where pictures are.
  var pairs: PairSource? { source as? PairSource }

  /// nil for a `--replay`.
  let data: TrainingData?
  let text: TextConditioner?
  let vae: VAE?
  let metadata: TrainingMetadata

  /// The state that the run goes on from.
  let resumed: (folder: StateFolder, state: TrainingState)?

  /// Notes for the user, before the run begins.
  let warnings: [String]
}

extension TrainingJob {
  /// Opens everything that the options name.
  ///
  /// - Parameters:
  ///   - copy: An adapter that the model is changed by before anything is trained.
  ///   - pairs: Where the difference of pictures is learned; the first of each are in the options.
  ///   - device: What it runs on.
  ///   - environment: The value of a variable.
  init(
    _ options: TrainingOptions, on copy: TrainedAdapter? = nil,
    pairs: (recipe: DirectRecipe, pairs: [PicturePair])? = nil, device: ComputeDevice,
    environment: (String) -> String?
  ) throws {
    var options = options
    try options.check()
    let resumedFolder = options.saving.resume.map { StateFolder(path: $0) }
    let resumedState = try resumedFolder?.state()
    if options.run.seed == nil { options.run.seed = resumedState?.seed }

    let model = try PretrainedModel(
      path: options.run.pretrainedModelNameOrPath, random: options.machine.randomWeights)
    kind = model.kind
    if options.model.v2, model.kind != .sd2 {
      throw TrainingError.unsupported(
        "\(model.path): --v2 is given, but this is \(model.kind.rawValue)")
    }
    let base = TrainingMetadata.BaseSummary(model, options)
    let resolution = try model.usualSize(options.model)
    let layout: BlockLayout = model.kind == .sdxl ? .stableDiffusionXL : .stableDiffusion
    _ = try TrainingPlan.rules(options, layout)
    self.device = device
    var unet = try model.unet(on: device.backend)
    var warnings: [String] = []
    let parts = try TrainingParts(
      model, options, resolution: resolution, on: device, environment,
      warnings: &warnings)
    (data, text, vae) = (parts.data, parts.text, parts.vae)
    warnings += try Self.addBaseWeights(options, of: model, to: &unet, parts.text, on: device)
    if let copy { unet.merge(copy.modules, values: copy.values, multiplier: 1) }
    self.unet = unet

    let replay = try options.machine.replay.map {
      try ReplaySource(path: $0, for: unet.configuration, on: device.backend)
    }
    // A file of contexts has no captions: nothing of the text encoders can be trained.
    if replay != nil { options.network.networkTrainUnetOnly = true }
    let plan = try TrainingPlan(
      options, layout: layout, prediction: base.predictsVelocity ? .velocity : .noise,
      batchesPerEpoch: replay?.batchesPerEpoch ?? parts.data?.batchesPerEpoch ?? 0,
      randomSeed: UInt32.random(in: .min ... .max), spreadsTimesteps: pairs != nil)
    (modules, initialValues) = try Self.adapters(options, plan, unet, parts.text) { [kind] in
      pairs?.recipe.layers.trains($0, of: kind) ?? true
    }
    if let resumedFolder, let resumedState {
      try resumedState.check(against: plan, folder: resumedFolder.path)
      resumed = (resumedFolder, resumedState)
    } else {
      resumed = nil
    }
    if let (recipe, pairs) = pairs, let text, let vae {
      let maker = PictureMaker(
        unet: unet, vae: vae, text: text, kind: kind, prediction: plan.loss.prediction,
        backend: device.backend)
      source = PairSource(pairs, recipe, maker, plan)
    } else {
      source = try replay ?? parts.source(plan, kind: model.kind, on: device.backend)
    }
    metadata = TrainingMetadata(
      options: options, plan: plan, base: base,
      dataset: parts.data?.metadata(isConfigured: options.data.datasetConfig != nil) ?? [],
      resolution: parts.data?.datasets.first?.settings.resolution ?? options.run.resolution
        ?? resolution,
      clock: RunClock(
        Clock(sourceDateEpoch: environment("SOURCE_DATE_EPOCH")),
        session: UInt32.random(in: .min ... .max)),
      thumbnail: try options.metadata.metadataThumbnail.map(dataURL))
    self.plan = plan
    self.warnings =
      options.origins.settingNote + device.notes + warnings + (parts.data?.warnings ?? [])
      + plan.warnings(options)
  }

  /// Adds the adapters of `--base-weights` to the model, for good.
  ///
  /// - Returns: One sentence per adapter that has modules without a layer in the model.
  private static func addBaseWeights(
    _ options: TrainingOptions, of model: PretrainedModel, to unet: inout UNet,
    _ text: TextConditioner?, on device: ComputeDevice
  ) throws -> [String] {
    let (paths, weights) = (options.network.baseWeights, options.network.baseWeightsMultiplier)
    if paths.isEmpty { return [] }
    let stack = try AdapterStack(paths, for: (text?.layers ?? []) + unet.layers, of: model)
    let uses = paths.indices.map {
      SampleGrid.Use(file: $0, weight: $0 < weights.count ? weights[$0] : 1)
    }
    if let change = try stack.change(uses) {
      unet = try model.unet(on: device.backend, changing: change)
      try text?.replaceEncoders(
        TrainingParts.textEncoders(model, options, on: device, changing: change))
    }
    for use in uses { stack.merge(use, into: unet, text) }
    return stack.leftOut.compactMap { file, items in items.text.map { "\(file): \($0)" } }
  }

  /// The layers that are trained, with the weights they begin with.
  private static func adapters(
    _ options: TrainingOptions, _ plan: TrainingPlan, _ unet: UNet, _ text: TextConditioner?,
    where isTrained: (Target) -> Bool
  ) throws -> (AdaptedModules, [Float]) {
    let layers = ((text?.layers ?? []) + unet.layers).filter { isTrained($0.name.target) }
    let start = try options.network.networkWeights.map {
      try TrainedAdapter(
        continuing: $0, for: layers, in: options.run.pretrainedModelNameOrPath ?? "")
    }
    if options.network.dimFromWeights, let start { return (start.modules, start.values) }
    let modules = AdaptedModules(of: layers) { layer in
      guard layer.name.isDefault || plan.network.adaptsResnets else { return nil }
      let extent = plan.network.extent(
        of: layer.name.module, isLargeConvolution: layer.kind == .convolution)
      return extent.map { ($0.rank, Float($0.alpha)) }
    }
    try plan.network.checkRanks(of: modules, options)
    guard !modules.modules.isEmpty else {
      throw TrainingError.unsupported("no layer is left to train; look at the ranks by block")
    }
    var values = modules.initialValues(seed: UInt64(plan.seed))
    if let start, let path = options.network.networkWeights {
      try copy(start, into: &values, of: modules, path)
    }
    return (modules, values)
  }

  /// Puts an adapter's weights where the same modules of another lie; others keep their start.
  private static func copy(
    _ start: TrainedAdapter, into values: inout [Float], of modules: AdaptedModules, _ path: String
  ) throws(TrainingError) {
    for module in modules.modules {
      guard let (_, source) = start.modules.module(for: module.layer) else { continue }
      guard source.rank == module.rank else {
        throw .unsupported(
          "\(path): \(module.name) has rank \(source.rank), not \(module.rank); give "
            + "--network-dim \(source.rank), or --dim-from-weights")
      }
      start.copy(source, to: module, in: &values)
    }
  }
}

extension TrainingPlan {
  /// Notes on options that do nothing, or more than they seem to.
  fileprivate func warnings(_ options: TrainingOptions) -> [String] {
    var warnings: [String] = []
    let discountIsSet =
      options.noise.multiresNoiseDiscount != 0.3
      || options.origins.place(of: ["multires_noise_discount"]) != nil
    if discountIsSet, noise.multiresolutionIterations == 0 {
      warnings.append("--multires-noise-discount does nothing without --multires-noise-iterations")
    }
    if !options.run.image.isEmpty { warnings += rateWarning(options).map { [$0] } ?? [] }
    if options.buckets.bucketNoUpscale, !options.buckets.enableBucket,
      options.data.datasetConfig == nil
    {
      warnings.append("--bucket-no-upscale does nothing without --enable-bucket")
    }
    if options.optimizer.optimizerType.rawValue == AdamW.eightBit {
      warnings.append("AdamW8bit runs as AdamW, with 32-bit moments")
    }
    if options.data.cacheTextEncoderOutputsToDisk, network.trainsTextEncoders {
      warnings.append(
        "--cache-text-encoder-outputs-to-disk does nothing where text encoders are trained")
    }
    if hasZeroTerminalSNR, loss.prediction == .noise {
      warnings.append("--zero-terminal-snr is meant for models that predict velocity")
    }
    return warnings
  }

  /// A warning where the learning rate is far below the one that learns a picture by heart.
  private func rateWarning(_ options: TrainingOptions) -> String? {
    let rate = options.optimizer.unetLr ?? options.run.learningRate
    let name = options.optimizer.unetLr == nil ? "--learning-rate" : "--unet-lr"
    guard let needed = type(of: optimizer.rule).copyingRate, rate < needed / 10, rate > 0 else {
      return nil
    }
    return
      "\(name) \(PythonText.of(rate)) is some \(significant(needed / rate, digits: 1)) times too "
      + "low to learn a picture by heart; give \(name) \(PythonText.of(needed))"
  }
}

/// A picture file as a `data:` URL.
private func dataURL(_ path: String) throws -> String {
  let bytes = try readFile(path, atMost: settingsLimit)
  let format = try unsafe PictureHeader(bytes.span.bytes, file: path).format
  return "data:image/\(format.name.lowercased());base64,\(base64(bytes))"
}

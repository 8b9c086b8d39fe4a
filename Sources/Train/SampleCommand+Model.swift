import CommandSupport
import Compute
import ComputeCPU
import Diffusion
import Files
import Images
import Results

extension SampleCommand {
  /// The model as it is read, its adapters, and the settings of every picture.
  func gridMaker(_ grid: SampleGrid, on computing: ComputeDevice) throws -> PictureGridMaker {
    if !common.quiet { for note in computing.notes { Terminal.note(note) } }
    let (backend, exact) = (computing.backend, computing.exact)
    let model = try PretrainedModel(path: model, random: randomWeights)
    let unet = try model.unet(on: backend)
    // Adapters beside its layers are rounded as the U-Net's are.
    let textDevice = lora.isEmpty ? exact : backend
    let encoders = try model.textEncoders(on: textDevice)
    let tokenizer = try Tokenizer(
      path: options.tokenizer, environment: environment("LORA_TOKENIZER"), besideModel: model.path)
    let text = try conditioner(encoders, tokenizer, model, on: backend)
    let vae =
      try options.vae.map { try VAE(path: $0, for: model.kind, on: exact) }
      ?? model.vae(on: exact)
    let velocity = options.vParameterization || model.predictsVelocity == true
    let prompts = try prompts(model.usualSize(options).width)
    if let prompt = prompts.first {
      try MachineMemory.check(
        vae.decodingBytes(width: prompt.width, height: prompt.height), on: exact,
        remedy: "lower --width or --height")
    }
    try text.check(prompts.flatMap { [$0.prompt, $0.negativePrompt] })
    func maker(_ unet: UNet, _ text: TextConditioner) -> PictureMaker {
      PictureMaker(
        unet: unet, vae: vae, text: text, kind: model.kind,
        prediction: velocity ? .velocity : .noise, backend: backend)
    }
    let stack = try AdapterStack(
      grid.files.map(\.path), for: text.layers + unet.layers, of: model)
    if !common.quiet {
      for (file, items) in stack.leftOut { items.text.map { Terminal.note("\(file): \($0)") } }
    }
    return PictureGridMaker(
      maker(unet, text), stack, grid, prompts: prompts, spacing: spacing
    ) { change in
      maker(
        try model.unet(on: backend, changing: change),
        try conditioner(
          model.textEncoders(on: textDevice, changing: change), tokenizer, model, on: backend))
    }
  }

  private func conditioner(
    _ encoders: [TextEncoder], _ tokenizer: Tokenizer, _ model: PretrainedModel,
    on backend: any Backend
  ) throws -> TextConditioner {
    try TextConditioner(
      encoders, tokenizer, kind: model.kind, clipSkip: options.clipSkip,
      maximumTokens: options.maxTokenLength, on: backend)
  }

  /// - Parameter side: Where none is asked for.
  private func prompts(_ side: Int) throws -> [SamplePrompt] {
    var base = SamplePrompt()
    do throws(OptionsError.Reason) {
      try base.set("width", to: "\(width ?? side)")
      try base.set("height", to: "\(height ?? side)")
      try base.set("sample_steps", to: "\(steps)")
      try base.set("sample_sampler", to: sampler)
    } catch {
      throw OptionsError(place: nil, reason: error)
    }
    base.scale = scale
    base.negativePrompt = negativePrompt
    return (prompt.isEmpty ? [""] : prompt).map { text in
      var prompt = base
      prompt.prompt = text
      return prompt
    }
  }
}

/// An adapter with the weights it is used at, and the steps: `FILE`, `FILE:0.5`, `FILE:-2..2/9`,
/// `FILE:0.5@0.2-0.8`.
struct WeightedFile: Hashable {
  let path: String
  let weights: [Double]

  /// The steps in which it is on; nil where the argument says nothing of them.
  let window: StepWindow?

  /// Reads an argument; a path that exists as written is taken as written, at weight 1.
  init(_ argument: String, exists: (String) -> Bool) throws(OptionsError) {
    guard !exists(argument), let colon = argument.lastIndex(of: ":") else {
      (path, weights, window) = (argument, [1], nil)
      return
    }
    let text = argument[argument.index(after: colon)...]
    let mark = text.firstIndex(of: "@")
    guard let weights = Self.weights(text[..<(mark ?? text.endIndex)]) else {
      throw KeyedArguments.error(
        "\(argument): '\(text)' is no weight; write FILE:0.5, or FILE:-2..2/9 for nine from -2 to 2"
      )
    }
    (path, self.weights) = (String(argument[..<colon]), weights)
    window = try mark.map { mark throws(OptionsError) in
      let text = text[text.index(after: mark)...]
      if let window = StepWindow(text) { return window }
      throw KeyedArguments.error(
        "\(argument): '\(text)' are no steps; write FILE:0.5@0.2-0.8 for shares of the steps, or "
          + "FILE:0.5@5-20 for those behind 5 and up to 20")
    }
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

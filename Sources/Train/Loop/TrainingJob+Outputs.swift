import Datasets
import Diffusion
import Files
import Tensors

extension TrainingJob {
  /// The adapter that weights of the run make: of a slider the layers that it keeps.
  func result(_ weights: [Float]) -> TrainedAdapter {
    let whole = TrainedAdapter(modules: modules, values: weights)
    guard let layers = pairs?.recipe.layers else { return whole }
    return whole.keeping { layers.keeps($0.name.target) }
  }

  /// All outputs of the run: one that is not named here may fail after hours.
  var outputs: PlannedOutputs {
    var outputs = PlannedOutputs()
    let output = plan.saves.output
    outputs.addFile(output.directory + output.final, byteCount: savedByteCount)
    outputs.addFile(plan.logPath)
    if plan.samples != nil { outputs.addFolder(output.directory + "sample") }
    if plan.caches.latentFiles || plan.caches.captionFiles {
      for folder in data?.folders ?? [] { outputs.addFolder(folder) }
    }
    return outputs
  }

  /// The most bytes that the saves of the run take up at once.
  var savedByteCount: Int {
    // A tensor's line in the header has some 120 bytes.
    let adapter =
      modules.parameterCount * plan.saves.type.bitCount / 8 + modules.modules.count * 3 * 120 + 8192
    let memory = plan.optimizer.rule.memory(of: modules).reduce(0) { $0 + $1.count }
    let state =
      (modules.parameterCount + memory) * 4 + 8192
    var (held, most) = (0, 0)
    for save in plan.saves.all {
      held += adapter + (save.state == nil ? 0 : state)
      most = max(most, held)
      held -= (save.removedFile == nil ? 0 : adapter) + (save.removedState == nil ? 0 : state)
    }
    return most
  }
}

extension TrainingData {
  /// The folders that pictures lie in, sorted.
  fileprivate var folders: [String] {
    Set(datasets.flatMap(\.pictures).map { Path($0.file).folder }).sorted()
  }

  /// Each caption with its prefix and suffix, as a tokenizer reads it.
  var wholeCaptions: [String] {
    datasets.flatMap { dataset in
      dataset.pictures.map { picture in
        let rules = dataset.subset(of: picture).caption
        return [rules.captionPrefix, picture.caption, rules.captionSuffix].compactMap { $0 }
          .filter { !$0.isEmpty }.joined(separator: " ")
      }
    }
  }
}

import Adapters
import Diffusion
import Files
import LinearAlgebra
import Names
import Tensors

/// An adapter on disk.
struct SavedAdapter: Hashable {
  let file: String

  /// Before any compression.
  let byteCount: Int

  /// sd-scripts' `sshs_model_hash`.
  let modelHash: String
}

extension SavedAdapter {
  /// Writes an adapter as sd-scripts writes those that it trained.
  ///
  /// - Parameter entries: The metadata, without hashes.
  init(
    writing plan: ResultPlan, to path: String, as type: ElementType,
    metadata entries: [(key: String, value: String)]
  ) throws {
    let writer = AdapterWriter(
      naming: .kohya, model: .unknown, type: type, alphaType: type, threads: 1)
    let written = try writer.write(
      plan, metadata: ResultMetadata(ofTraining: entries), to: OutputFile(path: path))
    file = path
    byteCount = written.byteCount
    modelHash = written.sshsModelHash
  }
}

extension TrainedAdapter {
  /// The adapter as it is to be written, under sd-scripts' names.
  var plan: ResultPlan {
    ResultPlan(
      modules: modules.modules.map { module in
        ResultModule(
          target: module.layer.name.target, extents: module.layer.extents,
          kind: module.layer.kind == .linear ? .linear : .conv,
          content: .lowRank(
            rank: module.rank, scale: Double(module.alpha) / Double(module.rank)
          ) { .lowRank(factors(of: module), asked: nil) },
          names: [.kohya: module.name])
      })
  }

  private func factors(of module: AdaptedModules.Module) -> LowRank {
    func matrix(down: Bool, _ rows: Int) -> Matrix {
      let numbers = modules.fileValues(of: module, down: down, in: values)
      return Matrix(rows: rows, columns: numbers.count / rows, elements: numbers.map(Double.init))
    }
    return LowRank(
      up: matrix(down: false, module.layer.outputs), down: matrix(down: true, module.rank))
  }
}

extension SavePrecision {
  var elementType: ElementType {
    switch self {
    case .float: .float32
    case .fp16: .float16
    case .bf16: .bfloat16
    }
  }
}

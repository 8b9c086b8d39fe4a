/// Why a run cannot go on.
enum TrainingError: Error, Hashable {
  case noModel
  case replay(file: String, String)
  /// - Parameter quantity: `loss`.
  case notFinite(_ quantity: String, step: Int, lastSave: String?)
  case latents(file: String)
  case state(folder: String, String)
  case unsupported(String)
}

extension TrainingError: CustomStringConvertible {
  var description: String {
    switch self {
    case .noModel: "no base model is named; give --model PATH"
    case .replay(let file, let sentence): "\(file): \(sentence)"
    case .notFinite(let quantity, let step, let lastSave):
      "the \(quantity) of step \(step) is not a number; nothing was saved from it"
        + (lastSave.map { ", the last good save is \($0)" } ?? "")
        + "; try a lower --learning-rate, and float32 in place of fp16"
    case .latents(let file):
      "\(file): the VAE gives NaN for it; try another VAE (--vae)"
    case .state(let folder, let sentence): "\(folder): \(sentence)"
    case .unsupported(let sentence): sentence
    }
  }
}

import Compute
import Diffusion
import Files
import Safetensors

/// Adapter files that are used together, each at a weight of its own.
struct AdapterStack {
  let layers: [AdaptableLayer]
  let files: [WeightedFile]
  private let parts: [(modules: AdaptedModules, values: [Float])]

  init(_ files: [WeightedFile], for layers: [AdaptableLayer]) throws {
    self.files = files
    self.layers = layers
    parts = try files.map {
      try AdaptedModules.reading(SafetensorsFile(path: $0.path), for: layers)
    }
  }

  /// How many weights a range gives; those of several files go in step.
  var weightCount: Int { files.map(\.weights.count).max() ?? 1 }

  /// The adapters at one place of a range.
  ///
  /// - Parameters:
  ///   - weight: Which of a file's weights; a file with one weight keeps it.
  ///   - only: The one file that is used, or nil for all together.
  func adapters(
    weight: Int, only: Int?, on backend: any Backend
  ) -> Diffusion.Adapters? {
    let chosen = parts.indices.filter { only == nil || $0 == only }
    guard !chosen.isEmpty else { return nil }
    let joined = AdaptedModules.joined(
      chosen.map { (parts[$0].modules, parts[$0].values, Float(self.weight(weight, of: $0))) },
      for: layers)
    return Diffusion.Adapters(joined.modules, values: joined.values, on: backend)
  }

  /// Which files are used, and at which weights.
  ///
  /// - Parameters: As of `adapters`.
  func uses(weight: Int, only: Int?) -> [SampleReport.Use] {
    files.indices.filter { only == nil || $0 == only }.map {
      SampleReport.Use(file: files[$0].path, weight: self.weight(weight, of: $0))
    }
  }

  func weight(_ place: Int, of file: Int) -> Double {
    let weights = files[file].weights
    return weights[min(place, weights.count - 1)]
  }
}

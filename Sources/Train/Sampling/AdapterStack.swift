import Compute
import Diffusion
import Files
import Safetensors

/// Adapter files that are used together, each at a weight of its own.
struct AdapterStack {
  let layers: [AdaptableLayer]
  private let parts: [(modules: AdaptedModules, values: [Float])]

  init(_ files: [WeightedFile], for layers: [AdaptableLayer]) throws {
    self.layers = layers
    parts = try files.map {
      try AdaptedModules.reading(SafetensorsFile(path: $0.path), for: layers)
    }
  }

  /// The adapters of some files, each at its weight; nil where there are none.
  func adapters(_ uses: [SampleGrid.Use], on backend: any Backend) -> Diffusion.Adapters? {
    guard !uses.isEmpty else { return nil }
    let joined = AdaptedModules.joined(
      uses.map { (parts[$0.file].modules, parts[$0.file].values, Float($0.weight)) }, for: layers)
    return Diffusion.Adapters(joined.modules, values: joined.values, on: backend)
  }
}

import Diffusion

extension AdaptedModules {
  /// The adapters whose update is exactly that of `after` less that of `before`.
  ///
  /// Both are of these modules. Ranks and alphas are doubled, so that the scale stays; D are put
  /// one under the other, U side by side with the second negated: no number is rounded.
  func difference(
    _ after: [Float], less before: [Float]
  ) -> TrainedAdapter {
    let joined = AdaptedModules(of: modules.map(\.layer)) { layer in
      self.module(for: layer).map { ($0.module.rank * 2, $0.module.alpha * 2) }
    }
    var values = [Float](repeating: 0, count: joined.parameterCount)
    for module in joined.modules {
      guard let (_, source) = self.module(for: module.layer) else { continue }
      let down = source.down..<source.down + source.downCount
      values.replaceSubrange(
        module.down..<module.down + module.downCount, with: after[down] + before[down])
      for output in 0..<module.layer.outputs {
        for rank in 0..<source.rank {
          let place = module.up + output * module.rank + rank
          let origin = source.up + output * source.rank + rank
          values[place] = after[origin]
          values[place + source.rank] = -before[origin]
        }
      }
    }
    return TrainedAdapter(modules: joined, values: values)
  }
}

import ArgumentParser

/// How a slider is made of two pictures.
enum SliderMethod: String, CaseIterable, ExpressibleByArgument, Encodable {
  /// Two adapters trained on the same model; the slider is their exact difference.
  case difference

  /// The second is trained on the model with the first one added to its weights, and is the slider
  /// itself: half the rank.
  case merged
}

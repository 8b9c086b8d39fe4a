/// Which of the two adapters that a slider is made of.
enum SliderCopy: String, Hashable, Codable {
  case before
  case after
}

import Adapters

/// The report of `lora sample`.
struct SampleReport: Encodable {
  struct Use: Encodable {
    let file: String
    let weight: Double

    /// Counted from 1; nil where it is on in all steps.
    let firstStep: Int?
    let steps: Int?

    enum CodingKeys: String, CodingKey {
      case file
      case weight
      case firstStep = "first_step"
      case steps
    }
  }

  struct Entry: Encodable {
    let seed: UInt32
    let prompt: String
    let adapters: [Use]
  }

  let output: String?
  let page: String?

  /// The axes of columns and rows.
  let columns: PictureAxis?
  let rows: PictureAxis?

  /// Row by row.
  let pictures: [[Entry]]

  /// The modules and tensors of each adapter that the model has no place for.
  let leftOut: [String: LeftOut]

  private enum CodingKeys: String, CodingKey {
    case output, page, columns, rows, pictures
    case leftOut = "left_out"
  }
}

/// What `lora sample` has drawn.
struct SampleReport: Encodable {
  /// One adapter of a picture.
  struct Use: Encodable {
    let file: String
    let weight: Double
  }

  /// One picture.
  struct Entry: Encodable {
    let seed: UInt32
    let prompt: String
    let adapters: [Use]
  }

  let output: String

  /// What changes along columns and rows.
  let columns: PictureAxis?
  let rows: PictureAxis?

  /// Row by row.
  let pictures: [[Entry]]
}

package import Names
package import Safetensors

/// Rows of a table that were trained alone and stand in the place of the model's.
///
/// Source: PEFT, `tuners/trainable_tokens`.
package struct TokenRows: Sendable {
  /// As the file spells the table's module.
  package let module: String
  package let target: Target
  package let file: SafetensorsFile
  package let entry: Header.Entry

  /// The row of the table that each of them is; `nil` where no configuration tells.
  package let indices: [Int]?

  init(_ module: String, _ entry: Header.Entry, in file: SafetensorsFile, indices: [Int]?) {
    self.module = module
    self.file = file
    target = Target.parse(module).target
    self.entry = entry
    self.indices = indices
  }
}

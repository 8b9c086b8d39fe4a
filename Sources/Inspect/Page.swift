/// A page of inspections.
struct Page {
  private let inspections: [Inspection]

  init(_ inspections: [Inspection]) { self.inspections = inspections }

  var html: String { "<!doctype html>" }
}

import Foundation
import TestSupport
import Testing

@Suite struct OperationFilesTests {
  /// An operation of Compute has a file of its name in both backends.
  @Test func everyOperationHasItsFiles() throws {
    let sources = Fixtures.directory.deletingLastPathComponent().appending(path: "Sources")
    func files(_ folder: String) throws -> Set<String> {
      Set(try FileManager.default.contentsOfDirectory(atPath: sources.appending(path: folder).path))
    }
    let operations = try files("Compute/Operations")
    #expect(!operations.isEmpty)
    #expect(operations.subtracting(try files("ComputeCPU")) == [])
    #expect(operations.subtracting(try files("ComputeCUDA/Operations")) == [])
  }
}

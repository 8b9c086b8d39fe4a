import Foundation
import TestSupport
import Testing

/// What is found differs from machine to machine; that it looks everywhere, and how it tells, does
/// not.
@Suite struct DevicesCommandTests {
  private struct Report: Decodable {
    struct Library: Decodable {
      let name: String
      let path: String?
      let missing: String?
    }

    let processors: Int
    let noDevice: String?
    let libraries: [Library]
  }

  @Test func eachLibraryIsFoundOrMissing() throws {
    let outcome = try Program.run("devices", "--json")
    #expect(outcome.status == 0)
    let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
    #expect(report.processors > 0)
    #expect(report.libraries.map(\.name) == ["driver", "NVRTC", "cuBLASLt", "cuDNN"])
    for library in report.libraries {
      #expect((library.path == nil) != (library.missing == nil), "\(library.name)")
    }
    if report.libraries[0].path == nil { #expect(report.noDevice != nil) }
  }

  @Test func textNamesTheProcessorsAndTheLibraries() throws {
    let outcome = try Program.run("devices")
    #expect(outcome.status == 0)
    for word in ["cpu", "driver", "NVRTC", "cuBLASLt", "cuDNN"] {
      #expect(outcome.output.contains(word))
    }
  }
}

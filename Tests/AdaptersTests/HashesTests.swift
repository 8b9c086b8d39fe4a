import Foundation
import Safetensors
import TestSupport
import Testing

@testable import Adapters

@Suite struct HashesTests {
  /// The file of `fixtures/adapters/make.py`, whose checksums Python's hashlib computed.
  private func file(metadata: String) throws -> TemporaryFile {
    var header =
      "{\(metadata)\"t\":{\"dtype\":\"U8\",\"shape\":[1200000],\"data_offsets\":[0,1200000]}}"
    header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    let data = (0..<1_200_000).map { UInt8($0 * $0 % 251) }
    let file = TemporaryFile()
    try Data(length + header.utf8 + data).write(to: URL(filePath: file.path))
    return file
  }

  @Test func checksumsAreThoseOfHashlib() throws {
    let known = try JSONDecoder().decode(
      [String: String].self,
      from: Data(contentsOf: URL(filePath: Fixtures.path("adapters/hashes.json"))))
    let file = try file(metadata: "\"__metadata__\":{\"note\":\"x\",\"ss_a\":\"12\"},")
    let hashes = Hashes(of: try file.file)
    for (name, value) in hashes.listed { #expect(value == known[name], "\(name)") }
    #expect(hashes.sshsLegacyHashUnpadded == known["sshs_legacy_hash_unpadded"])
  }

  /// A read past the end gives the digest of nothing, as real files under 1 MiB have it.
  @Test func legacyHashOfASmallFileIsThatOfNothing() throws {
    let hashes = Hashes(
      of: try SafetensorsFile(path: Fixtures.path("adapters/algorithms.safetensors")))
    #expect(hashes.sshsLegacyHash == "e3b0c442")
    #expect(hashes.autov1 == "e3b0c442")
  }
}

import Foundation
import TestSupport
import Testing

@Suite final class MetadataCommandTests {
  /// A copy that may be edited.
  private let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path

  init() throws {
    try FileManager.default.copyItem(
      atPath: Fixtures.path("inspect/small.safetensors"), toPath: path)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
    try? FileManager.default.removeItem(atPath: path + ".out")
  }

  private func metadata(_ arguments: String...) throws -> Program.Outcome {
    try Program.run(["metadata", path] + arguments)
  }

  private func value(_ key: String) throws -> String? {
    let outcome = try metadata("get", key)
    return outcome.status == 0 ? String(outcome.output.dropLast()) : nil
  }

  /// Everything behind the header.
  private func data(_ path: String) throws -> Data {
    let bytes = try Data(contentsOf: URL(filePath: path))
    let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    return bytes.dropFirst(8 + length)
  }

  @Test(arguments: [
    ("note=x", "note", "x"), ("note=a=b=c", "note", "a=b=c"), ("note=", "note", ""),
    ("ノート=猫 🐈", "ノート", "猫 🐈"), ("note=two\nlines", "note", "two\nlines"),
    ("note=\"quoted\" \\ and \u{7}", "note", "\"quoted\" \\ and \u{7}"),
    ("ss_training_comment=new", "ss_training_comment", "new"),
  ])
  func valuesComeBackAsTheyWereSet(pair: String, key: String, value: String) throws {
    let before = try data(path)
    #expect(try metadata("set", pair).status == 0)
    #expect(try self.value(key) == value)
    #expect(try data(path) == before)
  }

  @Test func aValueLargerThanTheHeadersRoomIsKeptToo() throws {
    let before = try data(path)
    let long = String(repeating: "long ", count: 4000)
    #expect(try metadata("set", "note=" + long).status == 0)
    #expect(try value("note") == long)
    #expect(try data(path) == before)
    #expect(try metadata("remove", "note").status == 0)
    #expect(try value("note") == nil)
    #expect(try data(path) == before)
  }

  @Test func patternsRemoveAllThatBeginSo() throws {
    #expect(try metadata("remove", "ss_*").status == 0)
    #expect(try metadata("--json").output.contains("sshs_model_hash"))
    #expect(try !metadata("--json").output.contains("\"ss_"))
    #expect(try metadata("remove", "ss_*").status == 0, "a pattern may match nothing")
    #expect(try metadata("remove", "sshs_model_hash").status == 0)
    #expect(try metadata("remove", "sshs_model_hash").status == 1, "a name may not")
  }

  @Test func anotherFileIsWrittenAndThisOneLeft() throws {
    let before = try Data(contentsOf: URL(filePath: path))
    #expect(try metadata("remove", "ss_*", "-o", path + ".out").status == 0)
    #expect(try Data(contentsOf: URL(filePath: path)) == before)
    #expect(try data(path + ".out") == data(path))
    #expect(try Program.run("metadata", path + ".out", "copy-from", path).status == 0)
    #expect(try Program.run("metadata", path + ".out").output == metadata().output)
  }

  /// Eight edits at once, of a plain file and of a compressed one: all of them are in the result.
  @Test(arguments: [false, true]) func noEditIsLost(isCompressed: Bool) throws {
    let before = try data(path)
    if isCompressed {
      #expect(
        try Program.run(
          "convert", path, "--to", "kohya", "--zstd", "-q", "-o", path + ".out"
        ).status == 0)
      try FileManager.default.removeItem(atPath: path)
      try FileManager.default.moveItem(atPath: path + ".out", toPath: path)
    }
    let outcome = try Program.run(
      script: """
        for i in 1 2 3 4 5 6 7 8; do "$LORA" metadata "$1" set "edit$i=$i" & edits+=($!); done
        for edit in "${edits[@]}"; do wait $edit || exit 1; done
        """, path)
    #expect(outcome.status == 0, "\(outcome.errors)")
    for index in 1...8 { #expect(try value("edit\(index)") == "\(index)") }
    if !isCompressed { #expect(try data(path) == before) }
  }

  @Test func modeAndLinksAreKept() throws {
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
    try FileManager.default.createSymbolicLink(
      atPath: path + ".out", withDestinationPath: path)
    #expect(try Program.run("metadata", path + ".out", "set", "a=b").status == 0)
    #expect(try value("a") == "b")
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o640)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path + ".out") == path)
  }

  /// What does not fit on the disk leaves the file as it is, though its header has room.
  @Test func aFullDiskLeavesTheFile() throws {
    let before = try Data(contentsOf: URL(filePath: path))
    let outcome = try Program.run(
      script: "ulimit -f 2; \"$LORA\" metadata \"$1\" remove 'ss_*'", path)
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("cannot write"))
    #expect(try Data(contentsOf: URL(filePath: path)) == before)
  }

  @Test func namesThatAreNotUTF8AreEdited() throws {
    let folder = try TemporaryFolder()
    let outcome = try Program.run(
      script: """
        name=$1/$(printf 'b\\xff\\x93.st')
        cp "$2" "$name"
        "$LORA" metadata "$name" set a=b || exit 1
        "$LORA" metadata "$name" get a || exit 1
        "$LORA" convert "$name" --to kohya -q -o "$1/$(printf '\\xe9.st')" || exit 1
        "$LORA" inspect "$1"/*.st | grep -c '\\xff.x93.st$'
        ls "$1" | wc -l
        """, folder.path, path)
    #expect(outcome.output == "b\n1\n2\n", "\(outcome)")
  }

  @Test func storedHashStaysRight() throws {
    #expect(try metadata("set", "a=b").status == 0)
    let outcome = try Program.run("verify", path)
    #expect(outcome.status == 0, "\(outcome.output)")
  }

  @Test func filesWithoutMetadataGetSome() throws {
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.copyItem(
      atPath: Fixtures.path("adapters/algorithms.safetensors"), toPath: path)
    #expect(try metadata().output.isEmpty)
    #expect(try metadata("get", "a").status == 1)
    #expect(try metadata("set", "a=1").status == 0)
    #expect(try metadata().output == "a: 1\n")
  }

  @Test(arguments: [
    ["get"], ["get", "a", "b"], ["set"], ["set", "a"], ["set", "=a"], ["remove"], ["copy-from"],
    ["rename", "a"], ["get", "a", "-o", "x"], ["-o", "x"],
  ])
  func wrongUsageIsSaid(arguments: [String]) throws {
    let outcome = try Program.run(["metadata", path] + arguments)
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains("Usage: lora metadata FILE"))
  }

  @Test func whatCannotBeReadIsOneLine() throws {
    for file in ["inspect/none.safetensors", "inspect", "inspect/make.py"] {
      let outcome = try Program.run("metadata", file, "set", "a=b")
      #expect(outcome.status == 1)
      #expect(outcome.errors.hasPrefix("lora: \(file): "))
      #expect(outcome.errors.split(separator: "\n").count == 1)
    }
  }
}

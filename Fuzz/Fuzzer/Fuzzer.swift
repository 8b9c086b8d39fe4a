// Fuzzer — inputs that no one thought of, by libFuzzer.
//
//     make fuzz                  the header parser, ten minutes
//     make fuzz TARGET=models    another reader: see Reader.all

import FuzzReaders
import Glibc

/// Called by libFuzzer, whose library holds `main`.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  reader.complaint(about: unsafe Array(UnsafeBufferPointer(start: data, count: count)))
  return 0
}

/// The reader that `LORA_FUZZ` names.
private let reader: Reader = {
  let name = unsafe getenv("LORA_FUZZ").map { unsafe String(cString: $0) } ?? ""
  guard let reader = Reader.named(name) else {
    preconditionFailure("LORA_FUZZ is '\(name)', not \(Reader.all.map(\.name))")
  }
  return reader
}()

// Fuzz — inputs that no one thought of, by libFuzzer.
//
//     make fuzz                  the header parser, ten minutes
//     make fuzz TARGET=names     the reader of adapters' names
//
// What is thrown is fine, what traps is not; what is accepted is held against
// what it promises. `Fuzz/corpus` holds where to begin: small files, our own.

import Glibc

/// Called by libFuzzer, whose library holds `main`.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  if readsNames {
    unsafe readNames(data, count)
  } else {
    unsafe readHeader(data, count)
  }
  return 0
}

private let readsNames = unsafe getenv("LORA_FUZZ").map { unsafe strcmp($0, "names") == 0 } ?? false

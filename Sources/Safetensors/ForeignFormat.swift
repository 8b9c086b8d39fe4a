/// The kind of a file whose first 8 bytes cannot be the length of a header, and a remedy; `nil` where
/// it is not recognised.
func foreignFormat(_ file: RawSpan) -> String? {
  let beginning = unsafe file.extracting(first: foreignBeginningByteCount).withUnsafeBytes {
    unsafe Array($0)
  }
  return formats.first { beginning.starts(with: $0.beginning) }?.what
}

/// The number of bytes that tell the formats apart.
let foreignBeginningByteCount = 32

private let formats: [(beginning: [UInt8], what: String)] =
  [
    ("version https://git-lfs", "is a pointer of Git LFS, not the file itself; git lfs pull"),
    ("PK\u{3}\u{4}", "is a zip file, as PyTorch saves .pt and .ckpt; convert it to safetensors"),
    (
      "GGUF",
      "is a GGUF file, which is read as a checkpoint alone: by inspect, verify, diff, --base and merge --into"
    ),
  ].map { (Array($0.utf8), $1) }
  // Two bytes each: one byte alone is what every 256th file of noise begins with.
  + ["<!", "<?", "<h", "<H"].map {
    (Array($0.utf8), "is a web page; did the download need a login?")
  }
  + ["{\"", "{}", "{ ", "{\n", "{\r", "{\t"].map {
    (Array($0.utf8), "is JSON, not safetensors; name the file that it tells of")
  }
  + (2...5).map {
    ([0x80, $0], "is a Python pickle, as PyTorch saves it; convert it to safetensors")
  }
  + [
    ([0x93] + Array("NUMPY".utf8), "is an array of NumPy; save it as safetensors"),
    ([0x1F, 0x8B], "is compressed by gzip; gunzip it first"),
  ]

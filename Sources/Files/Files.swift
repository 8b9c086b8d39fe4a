// Files — bytes in, bytes out, and nothing lost on the way.
//
//     path, `-`, pipe ─▶ MappedFile ─▶ RawSpan          (zstd is undone here)
//     bytes at offsets ─▶ OutputFile ─▶ path, `-`, pipe  (zstd is done here)
//
// The only module that makes system calls on files. It knows paths, maps,
// compression and checksums of bytes; it does not know what the bytes mean.

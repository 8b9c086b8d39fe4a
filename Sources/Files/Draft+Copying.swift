import CFiles
import Glibc

extension Draft {
  /// Takes over a range of another file's bytes: shared with it where the file system can and they
  /// keep their place to the end, else copied by the system, else through memory.
  func copy(_ range: Range<Int>, of source: MappedFile, to offset: Int) throws(FileError) {
    var done = 0
    if let descriptor = source.reopened() {
      defer { close(descriptor) }
      let keepsPlace = offset == range.lowerBound && range.upperBound == source.byteCount
      if keepsPlace && ioctl(self.descriptor, shareAll, descriptor) == 0 { return }
      while done < range.count {
        let count = uninterrupted {
          lora_copy_range(
            descriptor, off_t(range.lowerBound + done), self.descriptor, off_t(offset + done),
            range.count - done)
        }
        // What the system does not copy, and why, the next lines find out.
        if count <= 0 { break }
        done += count
      }
    }
    while done < range.count {
      let start = range.lowerBound + done
      let piece = start..<min(start + (32 << 20), range.upperBound)
      try source.withBytes { bytes throws(FileError) in
        try write(bytes.extracting(piece), at: offset + done)
      }
      source.release(piece)
      done += piece.count
    }
  }
}

/// `FICLONE`, whose macro Swift does not import: one file's blocks, all of them, for another's.
private let shareAll: UInt = 0x4004_9409

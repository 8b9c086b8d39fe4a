import CFiles
import Glibc

/// Bytes outside of Swift's heap, freed with the last reference: a map of a file, or allocated.
@safe final class Memory: Sendable {
  private nonisolated(unsafe) let region: UnsafeMutableRawBufferPointer
  private let isMap: Bool

  /// The map's place among those that a fault may lie in.
  private nonisolated(unsafe) let entry: OpaquePointer?

  /// - Parameter path: Named where the file is cut short.
  /// - Returns: `nil` where the file cannot be mapped.
  init?(mapping descriptor: Int32, byteCount: Int, path: String) {
    let address = unsafe mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else { return nil }
    unsafe region = UnsafeMutableRawBufferPointer(start: address, count: byteCount)
    isMap = true
    unsafe entry = lora_map_list(address, byteCount, path.systemName, escaped(path))
  }

  fileprivate init(allocated region: UnsafeMutableRawBufferPointer) {
    unsafe self.region = region
    isMap = false
    unsafe entry = nil
  }

  deinit {
    if isMap {
      unsafe lora_map_forget(entry)
      unsafe munmap(region.baseAddress, region.count)
    } else {
      unsafe free(region.baseAddress)
    }
  }

  var byteCount: Int { unsafe region.count }

  func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(unsafe UnsafeRawBufferPointer(region).bytes)
  }

  /// Drops the whole pages inside a range of a map: they are read from disk when next touched.
  func release(_ range: Range<Int>) {
    guard isMap, let base = unsafe region.baseAddress else { return }
    let pageBytes = sysconf(Int32(_SC_PAGESIZE))
    let start = (range.lowerBound + pageBytes - 1) / pageBytes * pageBytes
    let end = range.upperBound / pageBytes * pageBytes
    if start < end { unsafe madvise(base + start, end - start, MADV_DONTNEED) }
  }
}

/// Bytes that come in pieces, their number not known before the end.
@safe struct GrowingBytes: ~Copyable {
  private var region = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
  private(set) var count = 0

  /// Lends free memory to `fill`, which says how much of it it filled.
  ///
  /// - Returns: What `fill` returned; nothing is added where that is below 1.
  mutating func append(
    atMost byteCount: Int, path: String, _ fill: (UnsafeMutableRawBufferPointer) -> Int
  ) throws(FileError) -> Int {
    if unsafe region.count - count < byteCount {
      // realloc moves pages, not bytes, for blocks of this size.
      try reserve(unsafe max(region.count * 2, count + byteCount), path: path)
    }
    let added = unsafe fill(UnsafeMutableRawBufferPointer(rebasing: region[count...]))
    count += max(added, 0)
    return added
  }

  /// Makes room for this many bytes in all; what is not used of it takes no memory.
  mutating func reserve(_ byteCount: Int, path: String) throws(FileError) {
    if unsafe byteCount <= region.count { return }
    guard let address = unsafe realloc(region.baseAddress, byteCount) else {
      throw .lastCall("get \(byteCount) bytes of memory", on: path)
    }
    unsafe region = UnsafeMutableRawBufferPointer(start: address, count: byteCount)
  }

  func withBytes<Result>(_ body: (RawSpan) -> Result) -> Result {
    body(unsafe UnsafeRawBufferPointer(rebasing: region[..<count]).bytes)
  }

  consuming func finish() -> Memory {
    let address = unsafe realloc(region.baseAddress, max(count, 1)) ?? region.baseAddress
    let filled = unsafe UnsafeMutableRawBufferPointer(start: address, count: count)
    unsafe region = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    return unsafe Memory(allocated: filled)
  }

  deinit { unsafe free(region.baseAddress) }
}

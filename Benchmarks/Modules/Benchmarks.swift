// Benchmarks — how fast the modules are, apart from any command.
//
//     swift run -c release Benchmarks [what]
//
// Whole commands are timed by `Benchmarks/run`, which runs these too.

import Glibc

@main
struct Benchmarks {
  static func main() throws {
    let wanted = CommandLine.arguments.dropFirst().first ?? ""
    for (name, benchmark) in [
      ("header", headers), ("layout", layouts), ("hash", hashes),
      ("decode", conversions), ("encode", roundings),
    ] where name.hasPrefix(wanted) {
      try benchmark()
    }
  }
}

/// Prints the least of several times of `work`, after one that does not count.
///
/// - Parameter byteCount: What one call reads or writes, for a figure in GB/s.
func measure(_ name: String, byteCount: Int? = nil, _ work: () throws -> Void) rethrows {
  try work()
  var least = Double.infinity
  for _ in 0..<7 {
    let start = now()
    try work()
    least = min(least, now() - start)
  }
  let time = "\((least * 1e6).rounded() / 1e3) ms"
  let rate = byteCount.map { ", \((Double($0) / least / 1e7).rounded() / 100) GB/s" } ?? ""
  print("\(name): \(time)\(rate)")
}

/// Seconds of processor time since the start, which others on the machine change less than the
/// clock's.
private func now() -> Double {
  var time = timespec()
  unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

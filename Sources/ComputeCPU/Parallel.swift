extension CPUBackend {
  /// The number of threads that pay off for work that takes one core `cost` nanoseconds.
  func threads(for cost: Float) -> Int {
    cost >= grain * Float(workers.count) ? workers.count : Int(cost / grain) + 1
  }

  /// Calls `body` with each number below `parts`: on all threads where the whole pays.
  func perform(_ parts: Int, cost: Float, _ body: (Int) -> Void) {
    if threads(for: cost) > 1 {
      workers.perform(parts, body)
    } else {
      for part in 0..<parts { body(part) }
    }
  }

  /// Calls `body` with ranges that together are `0 ..< count`, on as many threads as pay.
  ///
  /// - Parameters:
  ///   - cost: Nanoseconds that one element takes on one core, roughly; what takes less than some
  ///     microseconds in all stays on the calling thread.
  ///   - step: Ranges begin at multiples of it.
  func forRanges(_ count: Int, cost: Float, step: Int = 1, _ body: (Range<Int>) -> Void) {
    let worthwhile = threads(for: Float(count) * cost)
    let steps = (count + step - 1) / step
    let parts = min(worthwhile, steps)
    if parts <= 1 {
      if count > 0 { body(0..<count) }
      return
    }
    workers.perform(parts) { part in
      let first = steps * part / parts * step
      let end = min(count, steps * (part + 1) / parts * step)
      if first < end { body(first..<end) }
    }
  }

  /// Calls `body` with blocks that together are a product's result, on as many threads as pay.
  ///
  /// The longer side is cut, so that what each thread brings into order for itself is the factor
  /// of the shorter one: the weights of a wide layer, or the many pixels of a large picture, once
  /// in all.
  ///
  /// - Parameters:
  ///   - cost: Nanoseconds that one element of the result takes on one core, roughly.
  ///   - body: Its first argument is the range of rows, its second that of columns.
  func forBlocks(
    rows: Int, columns: Int, cost: Float, _ body: (Range<Int>, Range<Int>) -> Void
  ) {
    if columns > rows {
      forRanges(columns, cost: Float(rows) * cost, step: 16) { body(0..<rows, $0) }
    } else {
      forRanges(rows, cost: Float(columns) * cost, step: 8) { body($0, 0..<columns) }
    }
  }
}

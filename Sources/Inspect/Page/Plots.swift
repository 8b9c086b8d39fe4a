import CommandSupport
import Glibc
import Pages

/// The share of energy kept by rank, one line per series, with the ranks of 90, 95 and 99 %.
func energyPlot(_ curves: [(energy: [Double], series: Series)]) -> HTML {
  let (left, top, width, height) = (44.0, 10.0, 690.0, 230.0)
  let last = Double(max(1, (curves.map(\.energy.count).max() ?? 1) - 1))
  let x = { (rank: Int) in left + Double(rank) / last * width }
  let y = { (share: Double) in top + (1 - share) * height }
  let levels = [0.0, 0.5, 0.9, 0.95, 0.99, 1].map { share -> HTML in
    let label: HTML = share == 1 ? "" : "\(Int(share * 100)) %"
    return """
      <line class="grid" x1="\(left)" x2="\(left + width)" y1="\(y(share))" y2="\(y(share))"/>
      <text class="tick end" x="\(left - 6)" y="\(y(share) + (share == 0.99 ? 1 : 4))">\(label)</text>
      """
  }
  let ticks = rankTicks(upTo: Int(last)).map { rank -> HTML in
    """
    <text class="tick middle" x="\(x(rank))" y="\(top + height + 16)">\(rank)</text>
    """
  }
  let lines = curves.filter { $0.energy.count > 1 }.map { curve -> HTML in
    let points = curve.energy.enumerated().map { "\(number(x($0)))" + "," + number(y($1)) }
    let marks = [0.9, 0.95, 0.99].compactMap { share -> HTML? in
      guard let rank = curve.energy.firstIndex(where: { $0 >= share }) else { return nil }
      return """
        <circle class="\(curve.series.style)" cx="\(x(rank))" cy="\(y(curve.energy[rank]))" r="3.5">\
        <title>\(curve.series.name): rank \(rank) keeps \(percent(curve.energy[rank]))</title></circle>
        """
    }
    return """
      <polyline class="line \(curve.series.style)" points="\(points.joined(separator: " "))"/>\(marks)
      """
  }
  return """
    <div class="scroll"><svg class="wide" viewBox="0 0 760 \(top + height + 38)" role="img" \
    aria-label="Share of energy kept by rank">\(levels)\(ticks)\(lines)
    <text class="tick middle" x="\(left + width / 2)" y="\(top + height + 33)">rank kept in every module</text></svg></div>
    """
}

/// The singular values of a block relative to the largest, on a logarithmic scale: the median over
/// its modules, with a band from minimum to maximum.
///
/// - Parameter decades: The number of decades on the scale: 2 goes down to a hundredth.
func decayPlot(_ spectra: Spectra, decades: Int) -> HTML {
  let (left, top, width, height) = (34.0, 6.0, 148.0, 78.0)
  let decay = spectra.decay
  let last = Double(max(1, decay.count - 1))
  let x = { (index: Int) in left + (decay.count == 1 ? 0.5 : Double(index) / last) * width }
  let y = { (value: Double) in
    top + min(1, max(0, -log10(max(value, 1e-9)) / Double(decades))) * height
  }
  let points = { (values: [Double]) in
    values.enumerated().map { number(x($0)) + "," + number(y($1)) }
  }
  let band = points(decay.map(\.maximum)) + points(decay.map(\.minimum)).reversed()
  let median = points(decay.map(\.median)).joined(separator: " ")
  let levels = (0...decades).map { decade -> HTML in
    let level = y(pow(10, -Double(decade)))
    let label = decade == 0 ? "1" : "0." + String(repeating: "0", count: decade - 1) + "1"
    return """
      <line class="grid" x1="\(left)" x2="\(left + width)" y1="\(level)" y2="\(level)"/>\
      <text class="tick end" x="\(left - 4)" y="\(level + 3.5)">\(label)</text>
      """
  }
  let dot: HTML =
    decay.count == 1 ? "<circle class=\"s0\" cx=\"\(x(0))\" cy=\"\(y(1))\" r=\"2.5\"/>" : ""
  return """
    <figure><figcaption>\(spectra.label)</figcaption>\
    <svg viewBox="0 0 186 102" role="img" aria-label="Singular values of \(spectra.label)">\(levels)\
    <polygon class="band" points="\(band.joined(separator: " "))"/>\
    <polyline class="line s0" points="\(median)"/>\(dot)\
    <text class="tick" x="\(left)" y="98">1</text>\
    <text class="tick end" x="\(left + width)" y="98">\(decay.count)</text></svg></figure>
    """
}

/// The number of decades that the medians of all blocks need, 1 to 4.
func decades(of spectra: [Spectra]) -> Int {
  let minimum = spectra.compactMap { $0.decay.map(\.median).filter { $0 > 0 }.min() }.min() ?? 1
  return min(4, max(1, Int((-log10(minimum)).rounded(.up))))
}

private func number(_ coordinate: Double) -> String { decimal(coordinate, places: 1) }

/// Ticks of a rank axis: 0, the last rank, and round numbers between.
private func rankTicks(upTo last: Int) -> [Int] {
  let step = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512].first { last / $0 <= 10 } ?? 1024
  return Array(stride(from: 0, through: last, by: step))
}

package import Compute
import Glibc

extension CPUBackend {
  package func embedTokens(
    _ tokens: Tensor, table: Tensor, positions: Tensor, into y: Tensor
  ) {
    let (length, channels, vocabulary) = (tokens.channels, table.channels, table.rows)
    let (ids, table, places, y) = (Integers(tokens), Floats(table), Floats(positions), Floats(y))
    for index in 0..<ids.count {
      let id = Int(ids[index])
      precondition(id >= 0 && id < vocabulary, "token \(id) of \(vocabulary)")
      let place = index % length * channels
      forVectors(0..<channels) {
        y[index * channels + $0, $1] = table[id * channels + $0, $1] + places[place + $0, $1]
      }
    }
  }

  package func takeRows(_ x: Tensor, at places: Tensor, into y: Tensor) {
    let (channels, rows) = (x.channels, x.rows)
    let (places, x, y) = (Integers(places), Floats(x), Floats(y))
    for index in 0..<places.count {
      let row = Int(places[index])
      precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
      forVectors(0..<channels) { y[index * channels + $0, $1] = x[row * channels + $0, $1] }
    }
  }

  package func addRows(_ dy: Tensor, at places: Tensor, to dx: Tensor) {
    let (channels, rows) = (dx.channels, dx.rows)
    let (places, dy, dx) = (Integers(places), Floats(dy), Floats(dx))
    for index in 0..<places.count {
      let row = Int(places[index])
      precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
      forVectors(0..<channels) { dx[row * channels + $0, $1] += dy[index * channels + $0, $1] }
    }
  }

  package func embedTimesteps(_ timesteps: Tensor, into y: Tensor) {
    let half = y.channels / 2
    let (timesteps, y) = (Floats(timesteps), Floats(y))
    for index in 0..<timesteps.count {
      for frequency in 0..<half {
        let angle = timesteps[index] * expf(-logf(10000) * Float(frequency) / Float(half))
        y[(2 * index) * half + frequency] = cosf(angle)
        y[(2 * index + 1) * half + frequency] = sinf(angle)
      }
    }
  }
}

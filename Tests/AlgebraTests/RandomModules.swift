import Tensors

/// What a random module of a test is stored as.
enum Storage: CaseIterable {
  case lora
  case tucker
  case loha
  case lokr
}

extension AdapterFile {
  /// Adds a module of random numbers, as LyCORIS stores its algorithm.
  ///
  /// - Returns: Its update by the formula of the algorithm's paper, in plain loops.
  mutating func addModule(
    _ name: String, _ outputs: Int, _ inputs: Int, kernel: [Int], storage: Storage, rank: Int,
    alpha: Double, type: String, seed: UInt64
  ) -> Dense {
    let taps = kernel.reduce(1, *)
    func tensor(_ part: String, _ shape: [Int], _ number: UInt64) -> Dense {
      let count = shape.reduce(1, *)
      add("\(name).\(part)", shape, uniform(count, seed: seed &* 16 &+ number), type: type)
      return matrix("\(name).\(part)") ?? Dense(0, 0)
    }
    add(name + ".alpha", [], [alpha])
    let scale = alpha / Double(rank)
    let ones = kernel.map { _ in 1 }
    switch storage {
    case .lora:
      let up = tensor("lora_up.weight", [outputs, rank] + ones, 1)
      return (up * tensor("lora_down.weight", [rank, inputs] + kernel, 2)).scaled(by: scale)
    case .tucker:
      let up = tensor("lora_up.weight", [outputs, rank, 1, 1], 1)
      let down = tensor("lora_down.weight", [rank, inputs, 1, 1], 2)
      let core = tensor("lora_mid.weight", [rank, rank] + kernel, 3)
      var update = Dense(outputs, inputs * taps)
      for tap in 0..<taps {
        var slice = Dense(rank, rank)
        for i in 0..<rank { for j in 0..<rank { slice[i, j] = core[i, j * taps + tap] } }
        let part = up * slice * down
        for p in 0..<outputs { for q in 0..<inputs { update[p, q * taps + tap] = part[p, q] } }
      }
      return update.scaled(by: scale)
    case .loha:
      let columns = inputs * taps
      let first =
        tensor("hada_w1_a", [outputs, rank], 1) * tensor("hada_w1_b", [rank, columns], 2)
      let second =
        tensor("hada_w2_a", [outputs, rank], 3) * tensor("hada_w2_b", [rank, columns], 4)
      return Dense(outputs, columns, zip(first.elements, second.elements).map { $0 * $1 * scale })
    case .lokr:
      let (a, c) = (outputs % 2 == 0 ? 2 : 1, inputs % 2 == 0 ? 2 : 1)
      let first = tensor("lokr_w1", [a, c], 1)
      let second =
        tensor("lokr_w2_a", [outputs / a, rank], 2)
        * tensor("lokr_w2_b", [rank, inputs / c * taps], 3)
      var update = Dense(outputs, inputs * taps)
      for i in 0..<outputs {
        for j in 0..<inputs * taps {
          update[i, j] =
            scale * first[i / second.rows, j / second.columns]
            * second[i % second.rows, j % second.columns]
        }
      }
      return update
    }
  }
}

package import Compute
import Tensors

extension CPUBackend {
  /// Three draws a step from one stream: word 0 decides on the module, words of the second range
  /// on samples' ranks, of the third on elements; steps take ranges of 2³² words.
  package func fillMask(_ mask: Tensor, _ dropout: AdapterDropout) {
    let extents = mask.shape.extents
    let (samples, tokens, width) = (extents[0], extents[1], extents[2])
    let generator = Philox(seed: dropout.seed, stream: dropout.stream)
    let start = UInt64(Integers(dropout.step)[0]) << 32
    let values = Floats(mask)
    let module = keep(generator, start, 0, dropout.module, scaled: false)
    for sample in 0..<samples {
      for rank in 0..<width {
        let number = UInt64(1 + sample * width + rank)
        let factor = module * keep(generator, start, number, dropout.rank, scaled: true)
        for token in 0..<tokens {
          let index = (sample * tokens + token) * width + rank
          let number = UInt64(1 + samples * width + index)
          values[index] = factor * keep(generator, start, number, dropout.network, scaled: true)
        }
      }
    }
  }

  /// 0 with the given probability, otherwise 1, or what keeps the mean at 1.
  private func keep(
    _ generator: Philox, _ start: UInt64, _ number: UInt64, _ probability: Float, scaled: Bool
  ) -> Float {
    if probability <= 0 { return 1 }
    let word = generator.words(block: start + number / 4)[Int(number % 4)]
    let drawn = Float(word >> 8) * 0x1p-24
    return drawn < probability ? 0 : scaled ? 1 / (1 - probability) : 1
  }
}

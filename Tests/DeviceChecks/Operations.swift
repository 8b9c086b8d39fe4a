import Compute
import Tensors

extension DeviceCheck {
  /// All operations at sizes of a real model, and at some that tiles do not divide.
  ///
  /// - Parameter isSmall: Only the latter, for a device that is emulated.
  package static func all(isSmall: Bool) -> [DeviceCheck] {
    products(isSmall) + convolutions(isSmall) + attentions(isSmall) + norms(isSmall)
      + elementwise(isSmall) + losses + optimizers
  }

  private static func products(_ isSmall: Bool) -> [DeviceCheck] {
    let sizes =
      [[7, 33, 65], [77, 40, 24]] + (isSmall ? [] : [[8192, 320, 1280], [154, 768, 640]])
    return sizes.flatMap { size in
      [1, 4, 19].map { rank in
        DeviceCheck(name: "linear \(size[0])×\(size[1])→\(size[2]), rank \(rank)") { make in
          let weight = make.activations(
            [size[2], size[1]], seed: 2, deviation: 1 / Float(size[1]).squareRoot())
          var branch: LowRankBranch?
          let outcomes = make.forwardAndBackward([
            make.activations([1, size[0], size[1]], seed: 1),
            make.activations([1, size[0], size[2]], seed: 3),
          ]) { tape, inputs in
            branch = make.branch(inputs: size[1], outputs: [size[2]], rank: rank, seed: 4, tape)
            return inputs[0].linear(
              weight, bias: make.activations([size[2]], seed: 5), adding: inputs[1],
              branch: branch)
          }
          return outcomes + [branch?.gradient].compactMap { $0 }
        }
      }
    } + [
      DeviceCheck(name: "queries, keys, values joined, rank 4") { make in
        let width = isSmall ? 24 : 640
        let weight = make.activations([3 * width, width], seed: 2, deviation: 0.1)
        var branch: LowRankBranch?
        let outcomes = make.forwardAndBackward([make.activations([2, 50, width], seed: 1)]) {
          tape, inputs in
          branch = make.branch(
            inputs: width, outputs: [width, width, width], rank: 4, seed: 4, tape)
          return inputs[0].linear(weight, branch: branch)
        }
        return outcomes + [branch?.gradient].compactMap { $0 }
      }
    ]
  }

  private static func convolutions(_ isSmall: Bool) -> [DeviceCheck] {
    // Batch, height, width, inputs, outputs, stride.
    let sizes =
      [[2, 5, 7, 3, 6, 1], [1, 8, 6, 16, 8, 2]]
      + (isSmall
        ? [] : [[2, 64, 64, 320, 320, 1], [2, 64, 64, 4, 320, 1], [2, 33, 31, 640, 640, 2]])
    return sizes.map { size in
      DeviceCheck(name: "convolution \(size.map(String.init).joined(separator: "×"))") { make in
        let (inputs, outputs, stride) = (size[3], size[4], size[5])
        let weight = make.activations(
          [outputs, 3, 3, inputs], seed: 2, deviation: 1 / Float(9 * inputs).squareRoot())
        var branch: LowRankBranch?
        let outcomes = make.forwardAndBackward([
          make.activations([size[0], size[1], size[2], inputs], seed: 1),
          make.activations([size[0], outputs], seed: 3),
        ]) { tape, given in
          branch = make.branch(inputs: 9 * inputs, outputs: [outputs], rank: 4, seed: 4, tape)
          return given[0].convolution(
            weight, bias: make.activations([outputs], seed: 5), sampleBias: given[1],
            stride: stride, branch: branch)
        }
        return outcomes + [branch?.gradient].compactMap { $0 }
      }
    }
  }

  private static func attentions(_ isSmall: Bool) -> [DeviceCheck] {
    // Heads, columns of a head, queries, keys.
    let sizes =
      [[2, 8, 5, 5], [1, 40, 33, 77], [2, 64, 17, 17]]
      + (isSmall
        ? []
        : [[8, 40, 4096, 4096], [8, 80, 1024, 77], [8, 160, 256, 256], [10, 64, 1024, 77]])
    return sizes.map { size in
      let (heads, width, queries, keys) = (size[0], size[0] * size[1], size[2], size[3])
      return DeviceCheck(name: "attention of \(heads) × \(size[1]), \(queries) over \(keys)") {
        make in
        guard queries != keys else {
          return make.forwardAndBackward([make.activations([2, queries, 3 * width], seed: 1)]) {
            $1[0].selfAttention(heads: heads)
          }
        }
        return make.forwardAndBackward([
          make.activations([2, queries, width], seed: 1),
          make.activations([2, keys, 2 * width], seed: 2),
        ]) { $1[0].crossAttention($1[1], heads: heads) }
      }
    } + [
      DeviceCheck(name: "causal attention of 4 × 64 over 77") { make in
        make.forwardAndBackward([make.activations([1, 77, 3 * 256], seed: 1)]) {
          $1[0].selfAttention(heads: 4, isCausal: true)
        }
      }
    ]
  }

  private static func norms(_ isSmall: Bool) -> [DeviceCheck] {
    let pixels = isSmall ? 35 : 4096
    return [nil, Activation.silu].map { activation in
      DeviceCheck(name: "group norm\(activation == nil ? "" : " and SiLU")") { make in
        make.forwardAndBackward([make.activations([2, pixels, 96], seed: 1)]) {
          $1[0].groupNorm(
            groups: 32, weight: make.parameters([96], seed: 2, deviation: 0.2, mean: 1),
            bias: make.parameters([96], seed: 3), epsilon: 1e-5, activation: activation)
        }
      }
    } + [
      DeviceCheck(name: "layer norm") { make in
        make.forwardAndBackward([make.activations([2, pixels, 72], seed: 1)]) {
          $1[0].layerNorm(
            weight: make.parameters([72], seed: 2, deviation: 0.2, mean: 1),
            bias: make.parameters([72], seed: 3), epsilon: 1e-5)
        }
      }
    ]
  }

  private static func elementwise(_ isSmall: Bool) -> [DeviceCheck] {
    let pixels = isSmall ? 9 : 1000
    return [
      DeviceCheck(name: "gated GELU") { make in
        make.forwardAndBackward([make.activations([2, pixels, 88], seed: 1)]) {
          $1[0].gatedGELU()
        }
      },
      DeviceCheck(name: "SiLU") { make in
        make.forwardAndBackward([make.activations([2, pixels, 7], seed: 1)]) {
          $1[0].activated(.silu)
        }
      },
      DeviceCheck(name: "concatenation") { make in
        make.forwardAndBackward([
          make.activations([2, pixels, 24], seed: 1), make.activations([2, pixels, 8], seed: 2),
        ]) { $1[0].concatenated($1[1]) }
      },
      DeviceCheck(name: "upsampling") { make in
        make.forwardAndBackward([make.activations([2, 5, 7, 24], seed: 1)]) {
          $1[0].upsampled(height: 10, width: 13)
        }
      },
      DeviceCheck(name: "rows by their places") { make in
        make.forwardAndBackward([make.activations([2, 5, 20], seed: 1)]) {
          $1[0].rows(at: Tensor(integers: [9, 0, 4], shape: [3], on: make.backend))
        }
      },
      DeviceCheck(name: "timesteps") { make in
        [
          Tensor([0, 1, 499.5, 999], shape: [4], on: make.backend)
            .sinusoids(width: 320, elementType: make.backend.activationType)
        ]
      },
    ]
  }
}

import Synchronization
package import Tensors

/// A device that computes nothing: it counts the memory that tensors would take.
///
/// All values are 0. A run that goes through on it shows the most that it would hold.
package final class CountingBackend: Backend {
  package let name: String
  package let activationType: ElementType
  private let memory: CountedMemory

  /// - Parameter memory: Shared by the backends of one device.
  package init(name: String, activationType: ElementType, memory: CountedMemory) {
    self.name = name
    self.activationType = activationType
    self.memory = memory
  }

  package var heldByteCount: Int { memory.heldByteCount }

  package func allocate(byteCount: Int) -> Storage {
    memory.take(byteCount)
    return Storage(address: 0, byteCount: byteCount, backend: self)
  }

  package func release(address: UInt, byteCount: Int) { memory.giveBack(byteCount) }

  package func values(of tensor: Tensor) -> [Float] { [Float](repeating: 0, count: tensor.count) }

  package func repeating(_ work: RepeatedWork, _ body: () -> Void) { body() }
  package func check() {}
}

/// The memory of tensors that are only counted.
///
/// As in `ComputeCPU`, blocks that are given back may be kept for tensors of their size; or, as in
/// `ComputeCUDA`, their memory is free for any tensor.
package final class CountedMemory: Sendable {
  private struct State {
    var free: [Int: Int] = [:]
    var freeByteCount = 0
    var usedByteCount = 0
    var heldByteCount = 0
  }

  private let state = Mutex(State())
  private let keepsBlocks: Bool

  package init(keepsBlocks: Bool) { self.keepsBlocks = keepsBlocks }

  /// The peak of the bytes that were in use or kept for later.
  package var heldByteCount: Int { state.withLock { $0.heldByteCount } }

  fileprivate func take(_ byteCount: Int) {
    let size = Self.blockSize(of: byteCount)
    state.withLock { state in
      state.usedByteCount += size
      guard keepsBlocks else {
        state.heldByteCount = max(state.heldByteCount, state.usedByteCount)
        return
      }
      if let count = state.free[size], count > 0 {
        state.free[size] = count - 1
        state.freeByteCount -= size
      } else {
        state.heldByteCount = max(
          state.heldByteCount, state.usedByteCount + state.freeByteCount)
      }
    }
  }

  fileprivate func giveBack(_ byteCount: Int) {
    let size = Self.blockSize(of: byteCount)
    state.withLock { state in
      state.usedByteCount -= size
      // Large blocks go back to the system where much memory is free.
      if !keepsBlocks || size >= Self.unpooled && state.freeByteCount + size > Self.unpooled * 8 {
        return
      }
      state.free[size, default: 0] += 1
      state.freeByteCount += size
    }
  }

  /// The size from which a processor's pool gives blocks back: 64 MiB.
  package static let unpooled = 1 << 26

  /// The size of a block: one of eight steps between powers of two.
  package static func blockSize(of byteCount: Int) -> Int {
    let size = max(byteCount, 64)
    let step = max(64, 1 << max(0, Int.bitWidth - size.leadingZeroBitCount - 4))
    return (size + step - 1) / step * step
  }
}

// MARK: - Work that is not done

extension CountingBackend {
  package func write(_ values: [Float], to tensor: Tensor) {}
  package func write(_ values: [Int32], to tensor: Tensor) {}
  package func fill(_ tensor: Tensor, with value: Float) {}
  package func copy(_ source: Tensor, into target: Tensor) {}
  package func add(_ a: Tensor, _ b: Tensor, into sum: Tensor) {}
  package func scale(_ x: Tensor, by factor: Tensor, into y: Tensor) {}

  package func linear(
    _ operands: LinearOperands, into y: Tensor, saving: BranchActivations?
  ) {}
  package func linearBackward(
    _ operands: LinearOperands, saved: BranchActivations?, gradient dy: Tensor, into dx: Tensor?,
    accumulating: Bool
  ) {}
  package func convolution(
    _ operands: ConvolutionOperands, into y: Tensor, saving: BranchActivations?
  ) {}
  package func convolutionBackward(
    _ operands: ConvolutionOperands, saved: BranchActivations?, gradient dy: Tensor,
    into dx: Tensor?, accumulating: Bool
  ) {}
  package func fillMask(_ mask: Tensor, _ dropout: AdapterDropout) {}
  package func sumOverPixels(_ x: Tensor, into sums: Tensor, accumulating: Bool) {}

  package func groupNorm(_ x: Tensor, _ norm: NormOperands, into y: Tensor, statistics: Tensor) {}
  package func groupNormBackward(
    _ x: Tensor, _ norm: NormOperands, statistics: Tensor, gradient dy: Tensor, into dx: Tensor,
    accumulating: Bool
  ) {}
  package func layerNorm(_ x: Tensor, _ norm: NormOperands, into y: Tensor, statistics: Tensor) {}
  package func layerNormBackward(
    _ x: Tensor, _ norm: NormOperands, statistics: Tensor, gradient dy: Tensor, into dx: Tensor,
    accumulating: Bool
  ) {}
  package func attention(_ operands: AttentionOperands, into y: Tensor, logSums: Tensor) {}
  package func attentionBackward(
    _ operands: AttentionOperands, output: Tensor, logSums: Tensor, gradient dy: Tensor,
    into gradients: AttentionGradients
  ) {}

  package func activate(_ x: Tensor, _ activation: Activation, into y: Tensor) {}
  package func activateBackward(
    _ x: Tensor, _ activation: Activation, gradient dy: Tensor, into dx: Tensor, accumulating: Bool
  ) {}
  package func gatedGELU(_ x: Tensor, into y: Tensor) {}
  package func gatedGELUBackward(
    _ x: Tensor, gradient dy: Tensor, into dx: Tensor, accumulating: Bool
  ) {}
  package func copyColumns(
    of x: Tensor, from: Int, to y: Tensor, at to: Int, width: Int, accumulating: Bool
  ) {}
  package func upsample(_ x: Tensor, into y: Tensor) {}
  package func upsampleBackward(_ dy: Tensor, into dx: Tensor, accumulating: Bool) {}
  package func embedTokens(_ tokens: Tensor, table: Tensor, positions: Tensor, into y: Tensor) {}
  package func takeRows(_ x: Tensor, at places: Tensor, into y: Tensor) {}
  package func addRows(_ dy: Tensor, at places: Tensor, to dx: Tensor) {}
  package func embedTimesteps(_ timesteps: Tensor, into y: Tensor) {}
  package func loss(
    _ operands: LossOperands, into loss: Tensor, perSample: Tensor, gradient dx: Tensor
  ) {}

  package func norm(of gradient: Tensor, into norm: Tensor) {}
  package func clip(_ gradient: Tensor, norm: Tensor, to limit: Float) {}
  package func adamW(_ state: AdamState, rates: Tensor) {}
  package func lion(
    _ parameters: Tensor, gradient: Tensor, momentum: Tensor, rates: Tensor
  ) {}
  package func momentumSGD(
    _ parameters: Tensor, gradient: Tensor, momentum: Tensor, rates: Tensor
  ) {}
  package func prodigy(_ state: ProdigyState, settings: ProdigySettings) {}
  package func adafactor(_ state: AdafactorState, rates: Tensor) {}
  package func limitNorms(
    _ parameters: Tensor, of products: [LowRankProduct], to limit: Float
  ) {}
}

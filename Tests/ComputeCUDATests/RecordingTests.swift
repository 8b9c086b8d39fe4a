import CUDAEmulation
import Compute
import EmulatedDevice
import Tensors
import TestSupport
import Testing

@testable import ComputeCUDA

/// Work that is recorded, memory that runs out, and faults.
@Suite struct RecordingTests {
  @Test func whatIsRecordedReadsWhatTensorsHold() {
    let cuda = emulatedBackend()
    let (x, sum) = (Tensor(zeros: [100], on: cuda), Tensor(zeros: [100], on: cuda))
    var calls = 0
    let work = RepeatedWork()
    for step in 1...5 {
      x.write([Float](repeating: Float(step), count: 100))
      cuda.repeating(work) {
        calls += 1
        let twice = Tensor(shape: [100], elementType: .float32, on: cuda)
        cuda.add(x, x, into: twice)
        cuda.add(sum, twice, into: sum)
      }
      // Memory of what is recorded must not be given to others between its runs.
      _ = Tensor([Float](repeating: .nan, count: 100), shape: [100], on: cuda)
    }
    #expect(calls == 2)
    #expect(sum.values() == [Float](repeating: 30, count: 100))
    #expect(throws: Never.self) { try cuda.check() }
  }

  @Test func recordsOfTwoShapesShareMemory() {
    let cuda = emulatedBackend()
    let sums = [10, 1000].map { Tensor(zeros: [$0], on: cuda) }
    let works = sums.map { _ in RepeatedWork() }
    for _ in 1...4 {
      for (sum, work) in zip(sums, works) {
        cuda.repeating(work) {
          let one = Tensor(shape: sum.shape, elementType: .float32, on: cuda)
          cuda.fill(one, with: 1)
          cuda.add(sum, one, into: sum)
        }
      }
    }
    #expect(sums.allSatisfy { $0.values().allSatisfy { $0 == 4 } })
  }

  @Test func readingBackIsAFaultWhileRecording() {
    let cuda = emulatedBackend()
    let x = Tensor(zeros: [4], on: cuda)
    let work = RepeatedWork()
    for _ in 1...2 { cuda.repeating(work) { _ = x.values() } }
    #expect(throws: CUDAError.self) { try cuda.check() }
  }

  @Test func memoryThatRunsOutIsAFaultWithItsNumbers() {
    lora_emulation_limit_memory(64 << 20)
    defer { lora_emulation_limit_memory(.max) }
    let cuda = emulatedBackend()
    let tensor = Tensor(shape: [1 << 28], elementType: .float32, on: cuda)
    cuda.fill(tensor, with: 1)
    let error = #expect(throws: CUDAError.self) { try cuda.check() }
    guard case .outOfMemory(let wanted, let free)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(wanted == 1 << 30 && free <= 64 << 20)
  }
}

@Suite struct DeviceMemoryTests {
  private func memory(minPiece: Int) throws -> DeviceMemory {
    let driver = unsafe Driver(functions: lora_emulated_driver())
    return DeviceMemory(
      try Context(driver.devices()[0], driver), minPiece: minPiece)
  }

  @Test func blocksAreUsedAgainAndJoined() throws {
    let memory = try memory(minPiece: 1 << 20)
    let blocks = (0..<8).map { _ in memory.allocate(64 << 10) }
    #expect(Set(blocks).count == 8 && blocks.allSatisfy { $0 % 256 == 0 })
    let held = memory.heldByteCount
    for block in [blocks[2], blocks[4], blocks[3]] { memory.release(block) }
    let large = memory.allocate(192 << 10)
    #expect(large == blocks[2])
    #expect(memory.heldByteCount == held)
    #expect(memory.peakByteCount(.tensors) == 512 << 10)
  }

  /// Random sizes against a plain account: no two blocks overlap.
  @Test func blocksNeverOverlap() throws {
    let memory = try memory(minPiece: 1 << 20)
    var generator = Philox(seed: 1, stream: 1)
    var blocks: [Range<UInt>] = []
    for _ in 0..<2000 {
      if blocks.count > 40 || (!blocks.isEmpty && Bool.random(using: &generator)) {
        memory.release(blocks.remove(at: .random(in: blocks.indices, using: &generator)).lowerBound)
        continue
      }
      let size = UInt.random(in: 1...200_000, using: &generator)
      let start = memory.allocate(Int(size))
      let block = start..<start + size
      #expect(!blocks.contains { $0.overlaps(block) })
      blocks.append(block)
    }
    for block in blocks { memory.release(block.lowerBound) }
    memory.trim(.tensors)
    #expect(memory.heldByteCount == 0)
  }
}

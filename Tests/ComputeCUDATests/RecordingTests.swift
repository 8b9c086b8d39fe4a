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

  /// Work that reads back cannot be recorded; nor can any on a device that refuses at some stage.
  @Test(arguments: [0, 1, 2, 3])
  func whatCannotBeRecordedIsDoneEachTime(_ stage: Int32) throws {
    lora_emulation_refuse_recording(stage)
    defer { lora_emulation_refuse_recording(0) }
    let cuda = emulatedBackend()
    let sum = Tensor([1], shape: [1], on: cuda)
    let work = RepeatedWork()
    for _ in 1...4 {
      cuda.repeating(work) {
        if stage == 0 { _ = sum.values() }
        cuda.add(sum, sum, into: sum)
      }
    }
    try cuda.check()
    #expect(sum.values() == [16])
    let notes = cuda.takeNotes()
    #expect(notes.count == 1 && notes[0].contains("cannot be recorded"), "\(notes)")
  }

  @Test func aFaultWhileRecordingIsFoundAfterIt() {
    let cuda = emulatedBackend()
    let sum = Tensor([1], shape: [1], on: cuda)
    let work = RepeatedWork()
    for _ in 1...2 {
      cuda.repeating(work) {
        cuda.kernels.launch("scale", .float32, threads: 1)(
          x: 1 as UInt64, factor: sum, y: sum, count: 1)
      }
    }
    #expect(throws: CUDAError.self) { try cuda.check() }
  }

  /// Blocks of many sizes in turn: recording them takes nothing more from the driver.
  @Test func onePieceHoldsAllBlocksOfRecordedWork() throws {
    let driver = unsafe Driver(functions: lora_emulated_driver())
    let memory = DeviceMemory(
      try Context(driver.devices()[0], driver), minPiece: 1 << 20)
    func work() {
      var generator = Philox(seed: 3, stream: 1)
      var blocks: [UInt] = []
      for _ in 0..<400 {
        if blocks.count > 30 || (!blocks.isEmpty && Bool.random(using: &generator)) {
          memory.release(
            blocks.remove(at: .random(in: blocks.indices, using: &generator)))
        } else {
          blocks.append(memory.allocate(.random(in: 1...3_000_000, using: &generator)))
        }
      }
      for block in blocks { memory.release(block) }
    }
    let extent = memory.extent(of: .recordedSteps, work)
    #expect(extent >= memory.peakByteCount(.recordedSteps))
    memory.gather(.recordedSteps, byteCount: extent)
    let held = memory.heldByteCount
    #expect(held < extent + (2 << 20))
    for _ in 1...2 { memory.with(.recordedSteps, work) }
    #expect(memory.heldByteCount == held)
  }

  @Test func aPieceThatCannotBeHadIsNoFault() throws {
    lora_emulation_limit_memory(8 << 20)
    defer { lora_emulation_limit_memory(.max) }
    let driver = unsafe Driver(functions: lora_emulated_driver())
    let context = try Context(driver.devices()[0], driver)
    let memory = DeviceMemory(context, minPiece: 1 << 20)
    memory.gather(.recordedSteps, byteCount: 16 << 20)
    #expect(memory.heldByteCount == 0)
    try context.check()
    #expect(memory.with(.recordedSteps) { memory.allocate(1 << 20) } != 0)
  }

  /// Longer lists than the memory that they go through, and short ones while it is in use.
  @Test func whatIsSentArrivesWhole() throws {
    let driver = unsafe Driver(functions: lora_emulated_driver())
    let context = try Context(driver.devices()[0], driver)
    let memory = DeviceMemory(context, minPiece: 0)
    let staging = Staging(context, halfByteCount: 256)
    for count in [1, 63, 64, 65, 1000, 3] {
      let values = Philox(seed: 1, stream: 2).normals(count: count)
      let address = memory.allocate(4 * count)
      defer { memory.release(address) }
      unsafe values.withUnsafeBytes { unsafe staging.send($0, to: UInt64(address)) }
      let promised = try #require(
        PromisedValues(context, address: UInt64(address), count: count))
      #expect(promised.values() == values)
    }
    try context.check()
  }

  @Test func promisedValuesAreThoseOfTheirTime() throws {
    let cuda = emulatedBackend()
    let x = Tensor([1, 2], shape: [2], on: cuda)
    let promise = cuda.promise(of: x)
    cuda.add(x, x, into: x)
    #expect(promise() == [1, 2])
    #expect(cuda.promise(of: x)() == [2, 4])
    try cuda.check()
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

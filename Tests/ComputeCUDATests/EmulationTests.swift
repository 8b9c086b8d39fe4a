import CCUDA
import CUDAEmulation
import Compute
import EmulatedDevice
import Tensors
import TestSupport
import Testing

@testable import ComputeCUDA

/// The emulated device notices what a device would do without a word: each guard is broken here.
@Suite struct EmulationTests {
  private static let add: Kernel = "add"

  /// A count in an address's place has the type of one, but lies in no memory.
  @Test(arguments: [true, false])
  func addressesOfNoMemoryAreAFault(isAllocated: Bool) {
    let cuda = emulatedBackend()
    let x = Tensor([1, 2, 3, 4], shape: [4], on: cuda)
    let y = isAllocated ? x.deviceAddress : 4
    cuda.launch(Self.add, packsOf: x)(x: x, y: y, z: x, count: 4)
    if isAllocated {
      #expect(throws: Never.self) { try cuda.check() }
    } else {
      #expect(throws: CUDAError.self) { try cuda.check() }
    }
  }

  @Test(arguments: [-1, 10, 300])
  func writingBesideABlockIsAFaultOnce(place: Int) throws {
    let driver = unsafe lora_emulated_driver().pointee
    var address: CUdeviceptr = 0
    #expect(unsafe driver.cuMemAlloc_v2(&address, 10) == 0)
    #expect(driver.cuStreamSynchronize(nil) == 0)
    let byte = try unsafe #require(
      UnsafeMutablePointer<UInt8>(bitPattern: UInt(address) &+ UInt(bitPattern: place)))
    unsafe byte.pointee = 0
    #expect(driver.cuStreamSynchronize(nil) == 700)
    #expect(driver.cuStreamSynchronize(nil) == 0)
    #expect(driver.cuMemFree_v2(address) == 0)
    #expect(driver.cuMemFree_v2(address) == 1)
  }

  @Test func freeingABlockThatWasWrittenBesideEndsTheProgram() async {
    await #expect(processExitsWith: .failure) {
      let driver = unsafe lora_emulated_driver().pointee
      var address: CUdeviceptr = 0
      _ = unsafe driver.cuMemAlloc_v2(&address, 10)
      unsafe UnsafeMutablePointer<UInt8>(bitPattern: UInt(address) + 10)?.pointee = 0
      _ = driver.cuMemFree_v2(address)
    }
  }

  @Test func copiesBeyondABlockAreAFault() {
    let driver = unsafe lora_emulated_driver().pointee
    var address: CUdeviceptr = 0
    _ = unsafe driver.cuMemAlloc_v2(&address, 10)
    defer { _ = driver.cuMemFree_v2(address) }
    #expect(driver.cuMemsetD8Async(address, 0, 10, nil) == 0)
    #expect(driver.cuMemsetD8Async(address, 0, 11, nil) == 700)
    #expect(driver.cuMemcpyDtoDAsync_v2(address + 5, address, 5, nil) == 0)
    #expect(driver.cuMemcpyDtoDAsync_v2(address + 6, address, 5, nil) == 700)
  }

  /// One wrong element among twenty thousand is far below bf16's tolerance of the whole.
  @Test func oneWrongElementIsSeenInEveryPrecision() {
    let right = Philox(seed: 1, stream: 1).normals(count: 20_000)
    var wrong = right
    wrong[19_999] += 1
    for precision in Precision.all {
      #expect(precision.complaint(about: right, right) == nil)
      #expect(precision.complaint(about: wrong, right) != nil)
    }
    let halves = Precision(type: .bfloat16, tolerance: 1e-2)
    #expect(halves.complaint(about: wrong, right)?.hasPrefix("element 19999 is") == true)
  }
}

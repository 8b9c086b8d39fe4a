import Images
import TestSupport
import Testing

@testable import Datasets

@Suite struct PreparedSampleTests {
  /// A picture whose red is its column and whose green is its row.
  private static func ramp(_ width: Int, _ height: Int, channels: Int = 3) -> Picture {
    let bytes = (0..<height).flatMap { y in
      (0..<width).flatMap { x -> ArraySlice<UInt8> in
        [UInt8(x), UInt8(y), 0, UInt8(x)].prefix(channels)
      }
    }
    return Picture(width: width, height: height, channels: channels, bytes: bytes)
  }

  private func data(
    _ folder: TemporaryFolder, _ change: (inout DatasetConfiguration.Subset) -> Void = { _ in }
  ) throws -> TrainingData {
    var subset = DatasetConfiguration.Subset(source: .files([folder.path + "/a.png"]))
    change(&subset)
    return try TrainingData(
      DatasetConfiguration(datasets: [
        DatasetConfiguration.Dataset(
          resolution: PixelSize(width: 64, height: 64),
          subsets: [subset])
      ]))
  }

  private func first(_ data: TrainingData) throws -> TrainingData.Sample {
    try #require(data.batches(epoch: 1, seed: 1).first?.first)
  }

  private func value(_ byte: Int) -> Float { Float(byte) / 127.5 - 1 }

  @Test func cropIsCentred() throws {
    let folder = try TemporaryFolder()
    try folder.add("a.png", Self.ramp(69, 66).png())
    let data = try data(folder) { $0.classTokens = "girl" }
    #expect(data.datasets[0].pictures[0].choice.resized == PixelSize(width: 67, height: 64))
    #expect(data.constantCaptions == ["girl"])
    #expect(
      data.placement(of: try first(data), seed: 1) == Placement(left: 1, top: 0, isFlipped: false))
    try folder.add("a.png", Self.ramp(64, 64).png())
    let whole = try self.data(folder)
    let sample = try first(whole)
    let prepared = try whole.prepare(sample, whole.placement(of: sample, seed: 1))
    #expect(prepared.values.count == 64 * 64 * 3)
    #expect(abs(prepared.values[3 * (64 * 5 + 7)] - value(7)) < 1e-6)
    #expect(abs(prepared.values[3 * (64 * 5 + 7) + 1] - value(5)) < 1e-6)
    #expect(prepared.mask == nil)
  }

  @Test func mirroringAndMasksGoTogether() throws {
    let folder = try TemporaryFolder()
    try folder.add("a.png", Self.ramp(64, 64, channels: 4).png())
    let data = try data(folder) { $0.alphaMask = true }
    let sample = try first(data)
    let flipped = try data.prepare(sample, Placement(left: 0, top: 0, isFlipped: true))
    let mask = try #require(flipped.mask)
    for x in [0, 1, 40, 63] {
      #expect(abs(flipped.values[3 * x] - value(63 - x)) < 1e-6)
      #expect(abs(mask.values[x] - Float(63 - x) / 255) < 1e-6)
    }
  }

  @Test func maskPicturesAreRead() throws {
    let folder = try TemporaryFolder()
    try folder.add("a.png", Self.ramp(64, 64).png())
    #expect(throws: DatasetError.noMask(file: folder.path + "/a.png", folder: folder.path + "/m")) {
      try self.data(folder) { $0.conditioningDataDir = folder.path + "/m" }
    }
    try folder.addPicture("m/a.png", 32, 32, 255)
    let data = try self.data(folder) { $0.conditioningDataDir = folder.path + "/m" }
    let sample = try first(data)
    let prepared = try data.prepare(sample, data.placement(of: sample, seed: 1))
    #expect(prepared.mask?.values == Array(repeating: 1, count: 64 * 64))
  }

  @Test func randomPlacesCoverTheWhole() throws {
    let folder = try TemporaryFolder()
    try folder.add("a.png", Self.ramp(67, 64).png())
    let data = try data(folder) {
      $0.randomCrop = true
      $0.flipAug = true
      $0.numRepeats = 200
    }
    let samples = data.batches(epoch: 1, seed: 3).flatMap(\.self)
    let places = samples.map { data.placement(of: $0, seed: 3) }
    let spare = data.datasets[0].pictures[0].choice.resized.width - 64
    #expect(Set(places.map(\.left)) == Set(0...spare))
    #expect(abs(places.count(where: \.isFlipped) - 100) < 35)
    #expect(!data.hasConstantPixels)
    let keys = Set(zip(samples, places).map { data.latentsKey(of: $0, $1) })
    #expect(keys.count == 2 * (spare + 1))
  }

  @Test func sizeConditioningFollowsTheMirror() throws {
    let folder = try TemporaryFolder()
    try folder.add("a.png", Self.ramp(60, 68).png())
    let data = try data(folder) { $0.randomCrop = true }
    let sample = try first(data)
    let picture = data.picture(of: sample)
    let place = Placement(left: 0, top: 2, isFlipped: true)
    let size = data.sizeConditioning(of: sample, place)
    #expect(size.original == PixelSize(width: 60, height: 68))
    #expect(size.cropLeft == picture.choice.resized.width - picture.choice.bucket.width)
    #expect(size.cropTop == 2)
  }
}

import Foundation
import Images
import TestSupport
import Testing

@testable import Datasets

/// Pictures that are not of the size and kind that is trained on: each is used as it looks, and a
/// note says what became of it.
@Suite struct PictureKindsTests {
  private func data(
    _ files: [String], bucket: Bool = false, noUpscale: Bool = false, resolution: Int = 64,
    _ change: (inout DatasetConfiguration.Subset) -> Void = { _ in }
  ) throws -> TrainingData {
    var subset = DatasetConfiguration.Subset(source: .files(files))
    change(&subset)
    return try TrainingData(
      DatasetConfiguration(datasets: [
        DatasetConfiguration.Dataset(
          resolution: PixelSize(width: resolution, height: resolution), enableBucket: bucket,
          bucketNoUpscale: noUpscale, minBucketReso: 64, maxBucketReso: 128, subsets: [subset])
      ]))
  }

  @Test func enlargedAndCroppedPicturesAreNamed() throws {
    let folder = try TemporaryFolder()
    let small = try folder.addPicture("small.png", 16, 16)
    let tall = try folder.addPicture("tall.png", 64, 128)
    let fits = try folder.addPicture("fits.png", 66, 64)
    #expect(try data([fits]).warnings == [])
    #expect(
      try data([small, small]).warnings == [
        "2 pictures, \(small) first: 16 × 16, enlarged to 64 × 64; a lower --resolution, or "
          + "--enable-bucket with --bucket-no-upscale, trains it as it is"
      ])
    #expect(
      try data([tall, fits]).warnings == [
        "\(tall): 64 × 128, cropped to its middle, 64 × 64 of 64 × 128; --enable-bucket keeps its "
          + "shape"
      ])
    #expect(try data([tall], bucket: true, noUpscale: true, resolution: 128).warnings == [])
    #expect(
      try data([fits], noUpscale: true).warnings == [
        "--bucket-no-upscale does nothing without --enable-bucket"
      ])
  }

  @Test(arguments: [
    (Color.white, 1.0), (.black, -1.0), (Color(128, 128, 128), 128 / 127.5 - 1),
  ])
  func transparencyIsTheBackground(_ background: Color, _ value: Double) throws {
    let folder = try TemporaryFolder()
    let bytes = (0..<64 * 64).flatMap { _ -> [UInt8] in [10, 20, 30, 0] }
    let file = try folder.add(
      "a.png", Picture(width: 64, height: 64, channels: 4, bytes: bytes).png())
    let data = try data([file]) { $0.background = background }
    #expect(data.warnings.count == 1)
    #expect(
      data.warnings[0].hasPrefix(
        "\(file): transparent in parts, which are trained on as \(background)"))
    let (sample, placement) = try #require(data.everyPlacement.first)
    let values = try data.prepare(sample, placement).values
    #expect(values.allSatisfy { abs(Double($0) - value) < 1e-6 })
    // As a mask it weighs the loss, and the hidden colours stay.
    let masked = try self.data([file]) { $0.alphaMask = true }
    #expect(masked.warnings == [])
    let kept = try masked.prepare(sample, placement)
    #expect(kept.mask?.values.allSatisfy { $0 == 0 } == true)
    #expect(abs(Double(kept.values[0]) - (10 / 127.5 - 1)) < 1e-6)
    #expect(data.latentsKey(of: sample, placement) != masked.latentsKey(of: sample, placement))
  }

  @Test func opaqueAlphaNeedsNoNote() throws {
    let folder = try TemporaryFolder()
    let bytes = (0..<64 * 64).flatMap { _ -> [UInt8] in [10, 20, 30, 255] }
    let file = try folder.add(
      "a.png", Picture(width: 64, height: 64, channels: 4, bytes: bytes).png())
    #expect(try data([file]).warnings == [])
  }

  /// sd-scripts finds pictures by a shell's `*`, which passes over names that begin with a dot.
  @Test func hiddenFilesAreNotSeen() throws {
    let folder = try TemporaryFolder()
    try folder.addPicture("1_x/a.png", 64, 64)
    try folder.add("1_x/._a.png", [0, 5, 0x16, 7])
    try folder.add("1_x/.hidden.gif", [0])
    try folder.addPicture(".ipynb_checkpoints/a.png", 64, 64)
    try folder.add("._loose.png", [0])
    var warnings: [String] = []
    let subsets = try ImageFolder.subsets(
      in: folder.path, like: DatasetConfiguration.Subset(source: .files([])), warnings: &warnings)
    #expect(warnings == [])
    #expect(subsets.map(\.classTokens) == ["x"])
    let found = try ImageFolder.pictures(in: folder.path + "/1_x", warnings: &warnings)
    #expect(found == [folder.path + "/1_x/a.png"])
    #expect(warnings == [])
  }

  @Test func foreignPicturesInFoldersAreNamed() throws {
    let folder = try TemporaryFolder()
    for name in ["a.GIF", "b.avif", "c.tiff", "d.png", "notes.txt"] { try folder.add(name, [0]) }
    var warnings: [String] = []
    let found = try ImageFolder.pictures(in: folder.path, warnings: &warnings)
    #expect(found == [folder.path + "/d.png"])
    #expect(
      warnings == [
        "\(folder.path)/a.GIF and 2 more: left out; PNG, JPEG, WebP and BMP pictures are read, "
          + "save others as PNG"
      ])
  }
}

import Foundation
import Images
import TestSupport
import Testing

@testable import Datasets

extension TemporaryFolder {
  @discardableResult
  func add(_ name: String, _ bytes: [UInt8]) throws -> String {
    let url = URL(filePath: self[name])
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    return try write(bytes, to: name)
  }

  @discardableResult
  func addPicture(_ name: String, _ width: Int, _ height: Int, _ color: UInt8 = 9) throws -> String
  {
    let color = Color(color, color, color)
    return try add(name, Picture(width: width, height: height, filledWith: color).png())
  }
}

@Suite struct TrainingDataTests {
  private func settings(
    _ subsets: [DatasetConfiguration.Subset], batchSize: Int = 2, enableBucket: Bool = true
  ) -> DatasetConfiguration {
    DatasetConfiguration(datasets: [
      DatasetConfiguration.Dataset(
        resolution: PixelSize(width: 128, height: 128), batchSize: batchSize,
        enableBucket: enableBucket, minBucketReso: 64, maxBucketReso: 256, subsets: subsets)
    ])
  }

  private func subsets(
    _ folder: TemporaryFolder, isReg: Bool = false
  ) throws -> [DatasetConfiguration.Subset] {
    var warnings: [String] = []
    return try ImageFolder.subsets(
      in: folder.path, like: DatasetConfiguration.Subset(source: .files([]), isReg: isReg),
      warnings: &warnings)
  }

  @Test(arguments: [
    ("100_girl", 100, "girl"), ("3_a_b", 3, "a_b"), ("100", 100, ""), ("100_", 100, ""),
    ("0_a", 0, "a"),
  ])
  func folderNames(name: String, repeats: Int, classTokens: String) throws {
    let parsed = try #require(ImageFolder.parse(name))
    #expect(parsed == (repeats, classTokens))
  }

  @Test(arguments: ["girl", "_girl", "1x_girl", "", "1.5_girl"])
  func otherFolderNamesAreLeftOut(name: String) {
    #expect(ImageFolder.parse(name) == nil)
  }

  @Test func foldersAreRead() throws {
    let folder = try TemporaryFolder()
    for name in ["10_girl/b.png", "10_girl/a.PNG", "2_boy/c.png", "loose.png", "x_y/d.png"] {
      try folder.addPicture(name, 128, 128)
    }
    try folder.add("10_girl/a.txt", Array(" Red Hair, smile\nsecond".utf8))
    try folder.add("10_girl/notes.md", [])
    var warnings: [String] = []
    let subsets = try ImageFolder.subsets(
      in: folder.path, like: DatasetConfiguration.Subset(source: .files([])), warnings: &warnings)
    #expect(subsets.map(\.numRepeats) == [10, 2])
    #expect(warnings.count == 2)
    let data = try TrainingData(settings(subsets))
    let dataset = try #require(data.datasets.first)
    #expect(dataset.pictures.map { $0.file.suffix(5) } == ["a.PNG", "b.png", "c.png"])
    #expect(dataset.pictures.map(\.caption) == ["Red Hair, smile", "girl", "boy"])
    #expect(data.trainImageCount == 22)
    #expect(data.batchesPerEpoch == 11)
    let tags = dataset.tagFrequency(ofSubset: 0)
    #expect(tags.map(\.tag) == ["red hair", "smile", "girl"])
    #expect(tags.map(\.count) == [1, 1, 1])
    #expect(data.warnings.contains("\(folder.path)/10_girl: 1 caption from .txt"))
    #expect(data.warnings.contains { $0.contains("1 picture without a caption file") })
  }

  @Test func captionExtensions() throws {
    let folder = try TemporaryFolder()
    let picture = try folder.addPicture("1_x/a.png", 128, 128)
    try folder.addPicture("1_x/face_1_2_3_4.png", 128, 128)
    try folder.add("1_x/a.txt", Array("from txt".utf8))
    try folder.add("1_x/face.txt", Array("from face".utf8))
    func captions(_ fileExtension: String?) throws -> [String] {
      var subsets = try subsets(folder)
      subsets[0].captionExtension = fileExtension
      return try TrainingData(settings(subsets)).datasets[0].pictures.map(\.caption)
    }
    #expect(try captions(nil) == ["from txt", "from face"])
    #expect(try captions("txt") == ["from txt", "from face"])
    #expect(try captions(".caption") == ["x", "x"])
    try folder.add("1_x/a.caption", [])
    #expect(try captions(nil) == ["", "from face"])
    try folder.add("1_x/a.caption", [0xFF, 0xFE])
    #expect(throws: DatasetError.caption(file: picture.dropLast(4) + ".caption")) {
      try captions(nil)
    }
  }

  @Test func epochsShowEachPictureAsOftenAsItIsRepeated() throws {
    let folder = try TemporaryFolder()
    for (name, width, height) in [
      ("5_a/1.png", 128, 128), ("5_a/2.png", 256, 128), ("3_b/3.png", 100, 300),
    ] {
      try folder.addPicture(name, width, height)
    }
    let data = try TrainingData(settings(subsets(folder)))
    #expect(data.datasets[0].buckets.count == 2)
    #expect(data.batchesPerEpoch == 5 + 2)
    for epoch in 1...4 {
      let batches = data.batches(epoch: epoch, seed: 7)
      #expect(batches.count == data.batchesPerEpoch)
      let samples = batches.flatMap(\.self)
      #expect(samples.map(\.position) == Array(0..<13))
      for (picture, repeats) in [(0, 3), (1, 5), (2, 5)] {
        #expect(samples.count { $0.picture == picture } == repeats)
      }
      for batch in batches {
        #expect(batch.allSatisfy { data.picture(of: $0).choice.bucket == data.size(of: batch) })
      }
      #expect(data.batches(epoch: epoch, seed: 7) == batches)
      #expect(data.batches(epoch: epoch, seed: 8) != batches)
    }
    #expect(
      data.batches(epoch: 1, seed: 7).map(data.size)
        != data.batches(epoch: 2, seed: 7).map(data.size))
  }

  @Test func regularizationPicturesFillUp() throws {
    let training = try TemporaryFolder()
    try training.addPicture("8_girl/a.png", 128, 128)
    let other = try TemporaryFolder()
    for name in ["1_person/a.png", "2_person/b.png", "1_person/c.png"] {
      try other.addPicture(name, 128, 128)
    }
    let data = try TrainingData(settings(subsets(training) + subsets(other, isReg: true)))
    #expect(data.regImageCount == 4)
    #expect(data.datasets[0].pictures.map(\.repeats) == [8, 3, 2, 3])
    let few = try TemporaryFolder()
    try few.addPicture("2_girl/a.png", 128, 128)
    let cut = try TrainingData(settings(subsets(few) + subsets(other, isReg: true)))
    #expect(cut.datasets[0].pictures.map(\.repeats) == [2, 1, 1])
  }

  @Test func nothingToTrainOnIsAnError() throws {
    let folder = try TemporaryFolder()
    #expect(throws: DatasetError.self) { try TrainingData(settings(self.subsets(folder))) }
    try folder.add("1_girl/a.txt", [])
    let subsets = try subsets(folder)
    do {
      _ = try TrainingData(settings(subsets))
      Issue.record("no error")
    } catch {
      #expect("\(error)".hasPrefix("\(folder.path)/1_girl: no pictures to train on"))
    }
  }

  @Test func wrongFilesAreNamed() throws {
    let folder = try TemporaryFolder()
    let path = try folder.add("1_girl/a.png", Array("not a picture".utf8))
    let subsets = try subsets(folder)
    do {
      _ = try TrainingData(settings(subsets))
      Issue.record("no error")
    } catch {
      #expect("\(error)".hasPrefix("\(path): not a picture"))
    }
    let missing = DatasetConfiguration.Subset(source: .files(["/nowhere.png"]))
    #expect(throws: DatasetError.self) { try TrainingData(settings([missing])) }
  }

  @Test func folderNamedTwiceCountsOnce() throws {
    let folder = try TemporaryFolder()
    try folder.addPicture("4_girl/a.png", 128, 128)
    let data = try TrainingData(settings(subsets(folder) + subsets(folder)))
    #expect(data.trainImageCount == 4)
    #expect(data.warnings.contains("\(folder.path)/4_girl: named twice; the second is left out"))
  }
}

import ArgumentParser
import Foundation
import Images
import TestSupport
import Testing

@testable import Datasets
@testable import Train

extension TemporaryFolder {
  /// Adds a grey picture, with the folders above it.
  @discardableResult
  func addPicture(_ name: String, _ width: Int, _ height: Int) throws -> String {
    try FileManager.default.createDirectory(
      at: URL(filePath: self[name]).deletingLastPathComponent(), withIntermediateDirectories: true)
    let picture = Picture(width: width, height: height, filledWith: Color(9, 9, 9))
    return try write(picture.png(), to: name)
  }
}

@Suite struct DatasetOptionsTests {
  /// What a command with these options trains on.
  private func configuration(
    _ arguments: [String], warnings: inout [String]
  ) throws -> DatasetConfiguration {
    try DatasetConfiguration(
      TrainingOptions.parse(["--model", "m", "-o", "x"] + arguments),
      resolution: PixelSize(width: 128, height: 128), warnings: &warnings)
  }

  @Test func foldersWithoutSubfoldersAreRefusedByName() throws {
    let folder = try TemporaryFolder()
    try folder.addPicture("loose.png", 128, 128)
    var warnings: [String] = []
    do {
      _ = try configuration(["--data", folder.path], warnings: &warnings)
      Issue.record("no error")
    } catch {
      #expect("\(error)".hasPrefix("\(folder.path): holds no folder named like 100_girl"))
    }
    #expect(warnings.count == 1)
  }

  @Test func trainingAndRegularizationFoldersAreOneDataset() throws {
    let folder = try TemporaryFolder()
    for name in ["train/4_girl/a.png", "reg/1_person/b.png"] {
      try folder.addPicture(name, 128, 128)
    }
    var warnings: [String] = []
    let configuration = try configuration(
      ["--data", folder.path + "/train", "--reg-data-dir", folder.path + "/reg"],
      warnings: &warnings)
    #expect(configuration.datasets.count == 1)
    #expect(configuration.datasets[0].subsets.map(\.isReg) == [false, true])
    #expect(try TrainingData(configuration).datasets[0].pictures.map(\.repeats) == [4, 4])
  }

  @Test func picturesByNameHaveNoCaption() throws {
    let folder = try TemporaryFolder()
    let path = try folder.addPicture("a.png", 128, 128)
    try folder.write(Array("unused".utf8), to: "a.txt")
    var warnings: [String] = []
    let data = try TrainingData(
      configuration(
        ["--image", path, "--repeats", "30", "--train-batch-size", "2"], warnings: &warnings))
    #expect(data.constantCaptions == [""])
    #expect(data.trainImageCount == 30 && data.batchesPerEpoch == 15)
    #expect(data.warnings.isEmpty && warnings.isEmpty)
  }
}

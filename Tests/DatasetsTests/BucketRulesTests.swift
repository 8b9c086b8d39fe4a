import Foundation
import Images
import TestSupport
import Testing

@testable import Datasets

@Suite struct BucketRulesTests {
  private struct Case: Decodable {
    struct Choice: Decodable {
      let picture: [Int]
      let nearest: [[Int]]
      let single: [[Int]]
      let shrunk: [[Int]]?
    }
    let resolution: [Int]
    let step: Int
    let least: Int
    let most: Int
    let sizes: [[Int]]
    let choices: [Choice]

    static func all() throws -> [Case] {
      let url = Fixtures.directory.appending(path: "train/buckets.json")
      return try JSONDecoder().decode([Case].self, from: Data(contentsOf: url))
    }

    func rules(enableBucket: Bool, noUpscale: Bool) throws -> BucketRules {
      try BucketRules(
        DatasetConfiguration.Dataset(
          resolution: PixelSize(width: resolution[0], height: resolution[1]),
          enableBucket: enableBucket, bucketNoUpscale: noUpscale, bucketResoSteps: step,
          minBucketReso: least, maxBucketReso: most))
    }
  }

  private func pair(_ size: PixelSize) -> [Int] { [size.width, size.height] }

  private func choose(_ rules: BucketRules, _ picture: [Int]) throws -> [[Int]] {
    let choice = try rules.choice(
      for: PixelSize(width: picture[0], height: picture[1]), file: "a.png")
    return [pair(choice.bucket), pair(choice.resized)]
  }

  @Test func listsAndChoices() throws {
    for one in try Case.all() {
      let listed = try one.rules(enableBucket: true, noUpscale: false)
      let single = try one.rules(enableBucket: false, noUpscale: false)
      let shrinking = try one.rules(enableBucket: true, noUpscale: true)
      #expect(listed.sizes.map(pair) == one.sizes)
      for choice in one.choices {
        #expect(try choose(listed, choice.picture) == choice.nearest)
        #expect(try choose(single, choice.picture) == choice.single)
        if let shrunk = choice.shrunk {
          #expect(try choose(shrinking, choice.picture) == shrunk)
        } else {
          #expect(throws: DatasetError.self) { try choose(shrinking, choice.picture) }
        }
      }
    }
  }

  @Test func knownLists() throws {
    func count(_ side: Int, _ most: Int = 1024) throws -> Int {
      try BucketRules(
        DatasetConfiguration.Dataset(
          resolution: PixelSize(width: side, height: side), enableBucket: true,
          maxBucketReso: most)
      ).sizes.count
    }
    #expect(try [count(512), count(768), count(1024), count(1024, 2048)] == [17, 19, 25, 41])
  }

  @Test func sidesAreRoundedToSteps() throws {
    let rules = try BucketRules(
      DatasetConfiguration.Dataset(
        resolution: PixelSize(width: 512, height: 512), enableBucket: true, minBucketReso: 300,
        maxBucketReso: 1000))
    #expect(rules.warnings == ["bucket sides from 256 to 1024, the nearest multiples of 64"])
    #expect(rules.sizes.count == 17)
  }

  @Test(arguments: [
    (500, 64, 256, 1024), (128, 64, 256, 1024), (512, 64, 256, 448), (512, 12, 256, 1024),
  ])
  func impossibleSettingsAreRefused(side: Int, step: Int, least: Int, most: Int) {
    #expect(throws: DatasetError.self) {
      try BucketRules(
        DatasetConfiguration.Dataset(
          resolution: PixelSize(width: side, height: side), enableBucket: true,
          bucketResoSteps: step, minBucketReso: least, maxBucketReso: most))
    }
  }
}

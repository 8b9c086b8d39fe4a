import Foundation
import Testing

@testable import Names

extension Family: CustomTestStringConvertible {
  package var testDescription: String { model.rawValue }
}

@Suite struct FamilyTests {
  static let families = Family.all.filter(\.hasTable)

  @Test func everyFamilyIsListed() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/Names/Families")
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    let defined = try files.flatMap {
      try String(contentsOf: $0, encoding: .utf8).matches(of: /static let (\w+) = Family\(/)
    }
    #expect(defined.count == Family.all.count)
    #expect(Set(Family.all.map(\.model)).count == Family.all.count)
  }

  @Test(arguments: FamilyTests.families)
  func everyWorldHasTheSameNumbersOfBlocks(family: Family) {
    for layer in family.layers {
      let parts = layer.parts.values.joined() + layer.others
      #expect(
        Set(parts.map(\.pattern.blockCount)).count == 1, "\(parts.map(\.pattern.path))")
      for (world, parts) in layer.parts {
        #expect(
          parts.flatMap { Array($0.shares) } == Array(0..<layer.count),
          "\(world): \(parts.map(\.pattern.path))")
      }
    }
  }

  /// A flattened name leads to one layer, and to the same rows of it.
  @Test(arguments: FamilyTests.families)
  func flatteningIsInjective(family: Family) {
    for world in World.allCases {
      var seen: [String: String] = [:]
      for layer in family.layers {
        for part in layer.parts(in: world, trainer: family.trainerWorld) {
          let name = flattened(part.pattern.path)
          #expect(seen[name] == nil, "\(part.pattern.path) and \(seen[name] ?? "")")
          seen[name] = part.pattern.path
        }
      }
    }
    for layer in family.layers {
      for part in layer.parts.values.joined() + layer.others {
        let path = part.pattern.path(blocks: blocks(part.pattern))
        let found = family.find(NumberedName(flattened(path)), path: nil)
        #expect(found?.part.shares == part.shares, "\(path)")
        #expect(
          found.map { $0.layer.parts.mapValues { $0.map(\.pattern) } }
            == layer.parts.mapValues { $0.map(\.pattern) }, "\(path)")
      }
    }
  }

  private func blocks(_ pattern: PathPattern) -> [Int] {
    Array([3, 1, 0, 2].prefix(pattern.blockCount))
  }

  /// Rows that go to another world and come back are where they were.
  @Test(arguments: FamilyTests.families, World.allCases)
  func rowsLeadBack(family: Family, world: World) throws {
    for layer in family.layers {
      guard layer.parts(in: world, trainer: family.trainerWorld).isEmpty == false else { continue }
      for part in layer.parts(in: .original, trainer: family.trainerWorld) {
        let path = part.pattern.path(blocks: blocks(part.pattern))
        let target = Target(network: .denoiser, key: flattened(path), path: path)
        let rows = 6 * part.shares.count
        let places = try #require(family.places(of: target, in: world), "\(path)")
        var reached: [Int] = []
        for place in places {
          let outputs = place.outputs(ofOwn: rows)
          var there = [Int?](repeating: nil, count: outputs)
          for (own, row) in place.moves(ofOwn: rows, inputs: 3) {
            for (offset, index) in own.enumerated() { there[row + offset] = index }
          }
          for back in try #require(family.places(of: place.target, in: .original))
          where back.target == target {
            #expect(back.outputs(ofOwn: outputs) == rows)
            for (own, row) in back.moves(ofOwn: outputs, inputs: 3) {
              for (offset, index) in own.enumerated() {
                guard let from = there[index] else { continue }
                #expect(from == row + offset, "\(path) in \(place.target)")
                reached.append(from)
              }
            }
          }
        }
        #expect(reached.sorted() == Array(0..<rows), "\(path)")
      }
    }
  }

  /// A whole model of the published widths is told from all others.
  @Test(arguments: FamilyTests.families, [World.original, .diffusers])
  func publishedModelsAreRecognised(family: Family, world: World) {
    guard let width = family.widths.max() else { return }
    let layers = family.layers.flatMap { layer in
      layer.parts(in: world, trainer: family.trainerWorld).map { part in
        let path = part.pattern.path(blocks: blocks(part.pattern).map { _ in 0 })
        let share = Double(part.shares.count) / Double(layer.count)
        return BaseModel.Layer(
          target: Target(network: .denoiser, key: flattened(path), path: path),
          outputs: layer.size.map { Int($0.outputs * Double(width) * share) } ?? 1,
          inputs: layer.size.map { Int($0.inputs * Double(width)) } ?? 1)
      }
    }
    #expect(Family.recognising(layers)?.model == family.model)
  }

  /// Attention of Flux.1 and of Flux.2 klein 4B has the same names and widths; all of klein's five
  /// blocks, or Flux.1's depth, tell which it is.
  @Test(arguments: [
    ([0, 1, 2, 3, 4], BaseModel.flux2, [BaseModel.flux1]), ([0, 4], .flux1, [.flux2]),
    (Array(0..<19), .flux1, []), ([0, 1, 2, 3, 4, 7], .flux1, [.flux2]),
  ])
  func allOfFewBlocksTellAModel(blocks: [Int], model: BaseModel, others: [BaseModel]) {
    let layers = blocks.map { block in
      let name = "lora_unet_double_blocks_\(block)_img_attn_qkv"
      return BaseModel.Layer(target: Target.parse(name).target, outputs: 9216, inputs: 3072)
    }
    #expect(BaseModel(recognising: layers) == model)
    let alternatives = BaseModel.alternatives(to: model, for: layers)
    #expect(Set(others).isSubset(of: alternatives) && others.isEmpty == alternatives.isEmpty)
  }

  @Test func lastContextBlockOfSD3HasTheOtherOrder() throws {
    let target = Target.parse("lora_unet_joint_blocks_23_context_block_adaLN_modulation_1").target
    let place = try #require(Family.sd3.places(of: target, in: .diffusers)?.first)
    #expect(place.moves(ofOwn: 6, inputs: 3).map(\.theirs) == [3, 0])
    #expect(place.moves(ofOwn: 18, inputs: 3).map(\.theirs) == [0])
  }

  /// Names of other models, and what nobody calls a layer.
  @Test(arguments: [
    "double_blocks_x_img_attn_qkv", "double_blocks_1", "single_blocks_0_linear3", "",
    "double_blocks_01_img_attn_qkv", "img.in", "double.blocks.0.img_attn.qkv",
  ])
  func otherNamesAreNone(name: String) {
    let path = name.contains(".") ? name : nil
    #expect(Family.flux1.find(NumberedName(name), path: path) == nil)
  }
}

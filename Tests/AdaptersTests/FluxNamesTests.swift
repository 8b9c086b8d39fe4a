import Names
import Tensors
import TestSupport
import Testing

@testable import Adapters

@Suite struct FluxNamesTests {
  static let fused: [(key: String, shares: Int)] = [
    ("double_blocks_18_img_attn_qkv", 3), ("double_blocks_0_txt_attn_qkv", 3),
    ("double_blocks_3_img_attn_proj", 1), ("double_blocks_3_txt_mlp_2", 1),
    ("double_blocks_3_img_mod_lin", 1), ("single_blocks_37_linear1", 4),
    ("single_blocks_37_linear2", 1), ("single_blocks_0_modulation_lin", 1),
    ("time_in_in_layer", 1), ("final_layer_linear", 1), ("final_layer_adaLN_modulation_1", 1),
  ]

  @Test(arguments: fused)
  func everySplitLayerLeadsBack(_ layer: (key: String, shares: Int)) throws {
    let shares = FluxNames.shares(ofFused: layer.key)
    #expect(shares.count == layer.shares)
    for share in shares { #expect(FluxNames.share(ofSplit: share.splitKey) == share) }
  }

  @Test(arguments: fused)
  func rowsAreCoveredOnce(_ layer: (key: String, shares: Int)) {
    let outputs = 7 * 3 * 8
    let rows = FluxNames.shares(ofFused: layer.key).flatMap { share in
      share.moves(ofFused: outputs).flatMap { Array($0.fused..<$0.fused + $0.split.count) }
    }
    #expect(rows.sorted() == Array(0..<outputs))
  }

  @Test(arguments: [
    "double_blocks_x_img_attn_qkv", "double_blocks_1", "single_blocks_0_linear3", "",
  ])
  func otherNamesAreNone(key: String) {
    #expect(FluxNames.shares(ofFused: key).isEmpty)
    #expect(FluxNames.share(ofSplit: key) == nil)
  }

  @Test func rowsMoveAndRanksThatReachNothingGo() {
    let factors = LowRank(up: .random(6, 4, seed: 1), down: .random(4, 5, seed: 2))
    let placement = Placement(
      outputs: 4, moves: [.init(from: 1..<3, to: 2), .init(from: 4..<5, to: 0)], ranks: [0, 3])
    let placed = placement.applied(to: factors)
    #expect(placed.rank == 2)
    #expect(placed.up[2, 1] == factors.up[1, 3] && placed.up[0, 0] == factors.up[4, 0])
    #expect(placed.up[1, 0] == 0)
    #expect(placed.down.rows(in: 1..<2) == factors.down.rows(in: 3..<4))
  }
}

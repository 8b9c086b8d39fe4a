import Tensors
import TestSupport
import Testing

@testable import Adapters

@Suite struct PlacementTests {
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

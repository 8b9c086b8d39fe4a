import Testing

@testable import Train

/// A label stands for what each picture beside it is drawn of.
@Suite struct SampleGridTests {
  private static func grid(
    _ files: [String], columns: PictureAxis? = nil, rows: PictureAxis? = nil, seeds: [UInt32] = [1],
    starts: [StepMark] = [.share(0)]
  ) throws -> SampleGrid {
    try SampleGrid(
      files: files.map { try WeightedFile($0) { _ in false } },
      prompts: ["", "a girl"].prefix(1).map { $0 },
      seeds: seeds, starts: starts, columns: columns, rows: rows)
  }

  /// What labels and drawn weights must be, cell by cell: `A 0, B -1` as `A 0`, `B -1`.
  static let grids: [(files: [String], columns: PictureAxis?, rows: PictureAxis?)] = [
    (["a/A.st:0..1/3"], nil, nil), (["A.st:0..1/3", "B.st"], nil, nil),
    (["A.st:0..1/3", "B.st:-1..1/3"], nil, nil),
    (["A.st:0..1/3", "B.st:-1..1/3", "C.st:0.5"], nil, .weight),
    (["A.st:0..1/3", "B.st:-1..1/5"], .weightOf(1), .weightOf(2)),
    (["A.st:0..1/3", "B.st:-1..1/5"], .weightOf(2), nil),
    (["A.st:0..1/3", "B.st"], .weightOf(1), .seed),
    (["A.st", "B.st", "C.st"], .file, nil), (["A.st:0.5", "B.st:1", "C.st:0.5"], .file, nil),
    (["A.st:0..1/3", "B.st:0..1/3"], .file, .weight),
    (["A.st:0..1/3", "B.st:0..1/3"], .weight, .file),
    (["x/A.st:0..1/3", "y/A.st:1..0/3"], .weight, nil),
    (["A.st:0.0001..0.0003/3"], nil, nil),
  ]

  @Test(arguments: grids)
  func labelsAreThoseOfTheCells(
    _ example: (files: [String], columns: PictureAxis?, rows: PictureAxis?)
  ) throws {
    let grid = try Self.grid(
      example.files, columns: example.columns, rows: example.rows,
      seeds: example.rows == .seed ? [4, 5] : [4])
    let (columns, rows) = (grid.columnLabels, grid.rowLabels)
    #expect(Set(columns).count == columns.count && Set(rows).count == rows.count)
    for (row, places) in grid.plan.places.enumerated() {
      for (column, place) in places.enumerated() {
        let labels = [
          columns.isEmpty ? nil : columns[column], rows.isEmpty ? nil : rows[row],
        ].compactMap { $0 }
        try check(labels, grid, place)
      }
    }
  }

  private func check(
    _ labels: [String], _ grid: SampleGrid, _ place: [PictureAxis: Int]
  ) throws {
    let uses = grid.uses(at: place)
    let facts = labels.flatMap { $0.split(separator: ", ").map(String.init) }
    for fact in facts {
      if fact.hasPrefix("seed ") {
        #expect(fact == "seed \(grid.seed(at: place))")
      } else if let weight = Double(fact) {
        // A bare weight is that of all adapters with a range.
        let ranged = uses.filter { grid.files[$0.file].weights.count > 1 }
        #expect(
          ranged.allSatisfy {
            abs($0.weight - weight) < 5e-4 * max(1e-4, abs($0.weight)) + 5e-4 * abs(weight)
          })
        #expect(!ranged.isEmpty)
      } else {
        let words = fact.split(separator: " ").map(String.init)
        let use = try #require(
          uses.first { use in
            let name = grid.files[use.file].name
            return words[0] == name
              && (words.count < 2 || !words[1].hasPrefix("#") || words[1] == "#\(use.file + 1)")
          }, "\(fact) is not drawn")
        if let last = words.last, words.count > 1, !last.hasPrefix("#") {
          #expect(PythonText.short(use.weight) == last)
        }
      }
    }
  }

  @Test func axesOfTwoAdaptersTryEachWithEach() throws {
    let grid = try Self.grid(
      ["A.st:0..1/3", "B.st:-1..1/5"], columns: .weightOf(1), rows: .weightOf(2))
    #expect(grid.columnLabels == ["A 0", "A 0.5", "A 1"])
    #expect(grid.rowLabels == ["B -1", "B -0.5", "B 0", "B 0.5", "B 1"])
    #expect(
      grid.uses(at: grid.plan.places[4][0]) == [
        SampleGrid.Use(file: 0, weight: 0), SampleGrid.Use(file: 1, weight: 1),
      ])
  }

  @Test func equalListsGoInStepAndSayBoth() throws {
    let grid = try Self.grid(["A.st:0..1/3", "B.st:-1..1/3"])
    #expect(grid.columnLabels == ["A 0, B -1", "A 0.5, B 0", "A 1, B 1"])
  }

  static let refused: [(files: [String], columns: PictureAxis?, rows: PictureAxis?, part: String)] =
    [
      (["A.st:0..1/3", "B.st:-1..1/5"], nil, nil, "A.st has 3 weights and B.st 5"),
      (["A.st:0..1/3", "B.st:-1..1/3"], .file, .weight, "A.st and B.st have different weights"),
      (["A.st:0..1/3", "B.st"], .file, .weight, "A.st and B.st have different weights"),
      (["A.st:0..1/3"], .weight, .weight, "--columns and --rows are both weight"),
      (["A.st:0..1/3", "B.st"], .seed, .seed, "--columns and --rows are both seed"),
      (["A.st:0..1/3", "B.st"], .weightOf(1), .weightOf(1), "are both weight1"),
      (["A.st:0..1/3", "B.st:0..1/3"], .weight, .weightOf(2), "give weight1 and weight2"),
      (["A.st:0..1/3", "B.st:0..1/3"], .file, .weightOf(2), "give weight1 and weight2"),
      (["A.st:0..1/3"], .weightOf(2), nil, "but there are 1"),
      (
        ["A.st:0..1/3", "B.st:0..1/3", "C.st:0..1/3"], .weightOf(1), .weightOf(2),
        "weight1, weight2, weight3 have more than one"
      ),
    ]

  @Test(arguments: refused)
  func whatCannotBeLabelledIsRefused(
    _ example: (files: [String], columns: PictureAxis?, rows: PictureAxis?, part: String)
  ) {
    let error = #expect(throws: OptionsError.self) {
      try Self.grid(example.files, columns: example.columns, rows: example.rows)
    }
    #expect(error?.description.contains(example.part) == true, "\(error?.description ?? "")")
  }

  @Test func startsAreAnAxis() throws {
    let grid = try Self.grid(
      ["A.st:0..1/3", "B.st:1@0-0.5"], starts: [.share(0), .share(0.25), .step(5)])
    #expect(grid.plan.columns == .weight && grid.plan.rows == .start)
    #expect(grid.rowLabels == ["from 0", "from 0.25", "from 5"])
    let uses = grid.uses(at: grid.plan.places[1][2])
    #expect(uses.map { $0.window.steps(of: 8) } == [2..<8, 0..<4])
    #expect(grid.slidingAxis == .weight)
    #expect(try Self.grid(["A.st"], seeds: [1, 2]).slidingAxis == .seed)
    #expect(try Self.grid(["A.st"]).slidingAxis == nil)
    let turned = try Self.grid(["A.st:0..1/3", "B.st:0..1/3"], columns: .file, rows: .weight)
    #expect(turned.slidingAxis == .weight)
  }

  @Test func filesOfOtherStepsHaveOtherLabels() throws {
    let grid = try Self.grid(["A.st", "A.st:1@0.5"], columns: .file)
    #expect(grid.columnLabels == ["A #1 1", "A #2 1@0.5-1"])
  }

  @Test(arguments: ["0.8-0.2", "5-5", "1", "10-20", "6-0.2"])
  func stepsThatAreNoneAreRefused(_ window: String) throws {
    let grid = try Self.grid(["A.st:1@\(window)"])
    let error = #expect(throws: OptionsError.self) { try grid.checkWindows(steps: 10) }
    #expect(error?.description.contains("is none of the 10 steps") == true)
  }

  @Test(arguments: ["weight", "weight1", "weight12", "from", "seed", "file", "prompt"])
  func axesAreReadAsTheyAreWritten(_ text: String) {
    #expect(PictureAxis(argument: text)?.name == text)
  }

  @Test(arguments: ["weight0", "weight-1", "weightx", "weights", ""])
  func otherAxesAreNot(_ text: String) { #expect(PictureAxis(argument: text) == nil) }
}

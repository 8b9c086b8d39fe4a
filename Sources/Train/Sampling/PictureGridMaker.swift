import CommandSupport
import Diffusion
import Files
import Images

/// Draws the pictures of a grid, each under the same noise as its neighbours of one seed.
final class PictureGridMaker {
  let stack: AdapterStack
  private let grid: SampleGrid
  private let spacing: NoiseGrid.Spacing?

  /// The settings of the pictures of each of the grid's prompts.
  let prompts: [SamplePrompt]

  /// Reads the model, changed.
  private let read: (TensorChange?) throws -> PictureMaker

  /// A maker with the model as `changes` make it; nil while that is read.
  private var maker: PictureMaker?
  private let canvas: Canvas
  private var changes: [SampleGrid.Use] = []

  /// - Parameters:
  ///   - maker: With the model as it is.
  ///   - read: Reads the model again, where adapters change its tensors.
  init(
    _ maker: PictureMaker, _ stack: AdapterStack, _ grid: SampleGrid, prompts: [SamplePrompt],
    spacing: NoiseGrid.Spacing?, read: @escaping (TensorChange?) throws -> PictureMaker
  ) {
    self.maker = maker
    canvas = maker.canvas
    self.stack = stack
    self.grid = grid
    self.prompts = prompts
    self.spacing = spacing
    self.read = read
  }

  /// Draws one picture of the grid.
  func picture(
    at place: [PictureAxis: Int], progress: (Int) -> Void
  ) throws -> Picture {
    let (uses, prompt) = (grid.uses(at: place), prompts[grid.prompt(at: place)])
    let parts = StepWindow.parts(of: uses.map(\.window), steps: prompt.steps).map { steps in
      DrawingPart(steps: steps) { [self] in
        let uses = uses.compactMap { $0.always(if: steps.lowerBound, of: prompt.steps) }
        let maker = try maker(with: uses)
        return try maker.network(for: prompt, stack.adapters(uses, on: maker.backend))
      }
    }
    return try canvas.picture(
      of: prompt, seed: grid.seed(at: place), by: parts, spacing: spacing, progress: progress)
  }

  /// Only one of two models is held at a time.
  private func maker(with uses: [SampleGrid.Use]) throws -> PictureMaker {
    let needed = stack.changing(uses)
    if let maker, needed == changes { return maker }
    maker = nil
    let made = try read(stack.change(needed))
    (maker, changes) = (made, needed)
    return made
  }
}

/// The pictures of a grid that were drawn before the user wanted an end.
///
/// It is saved under a name of its own beside the result: the result's name is that of a whole grid.
struct UnfinishedGrid {
  let count: Int
  let total: Int

  /// Row by row; what was not drawn is blank.
  ///
  /// Empty where nothing was drawn.
  let rows: [[Picture]]

  /// - Parameter drawn: In the order of the rows; those behind the last cell do not count.
  init(_ drawn: [Picture], columns: Int, rows: Int) {
    total = columns * rows
    count = min(drawn.count, total)
    guard let first = drawn.first else {
      self.rows = []
      return
    }
    let blank = Picture(
      width: first.width, height: first.height, filledWith: Color(224, 224, 224))
    self.rows = (0..<rows).map { row in
      (0..<columns).map { column in
        let place = row * columns + column
        return place < drawn.count ? drawn[place] : blank
      }
    }
  }

  /// Writes the grid beside a path where there is something to write.
  ///
  /// - Parameter draw: Makes one picture of the rows.
  /// - Returns: What was written, as a sentence.
  func write(
    beside path: String, texts: [(keyword: String, value: String)] = [],
    _ draw: ([[Picture]]) -> Picture
  ) throws -> String {
    let stopped = "stopped with \(count) of \(counted(total, "picture")) drawn"
    guard !rows.isEmpty else { return "\(stopped); \(path) is not written" }
    guard let free = Self.freePath(beside: path) else {
      return "\(stopped); nothing is sent to \(path)"
    }
    try draw(rows).write(to: free, texts: texts)
    return "\(stopped); \(free) has them, the others are blank"
  }

  /// `grid-partial.png`, or the first of `grid-partial-2.png` and so on that is free; nil beside a
  /// stream.
  static func freePath(beside path: String) -> String? {
    guard path != "-", FileKind(path: path) != .stream else { return nil }
    let parts = Path(path)
    return (1...).lazy.map { number in
      "\(parts.withoutExtension)-partial\(number == 1 ? "" : "-\(number)")\(parts.fileExtension)"
    }.first { FileKind(path: $0) == .missing }
  }
}

import Diffusion
import Images

/// Draws the pictures of a grid, each under the same noise as its neighbours of one seed.
final class PictureGridMaker {
  private let stack: AdapterStack
  private let grid: SampleGrid
  private let spacing: NoiseGrid.Spacing?

  /// Beside the grid's prompts.
  let prompts: [SamplePrompt]

  /// Reads the model, changed.
  private let read: (TensorChange?) throws -> PictureMaker

  /// With the model as `changes` make it; nil while it is read.
  private var maker: PictureMaker?
  private var changes: [SampleGrid.Use] = []

  /// - Parameters:
  ///   - maker: With the model as it is.
  ///   - read: Reads the model again, where adapters change its tensors.
  init(
    _ maker: PictureMaker, _ stack: AdapterStack, _ grid: SampleGrid, prompts: [SamplePrompt],
    spacing: NoiseGrid.Spacing?, read: @escaping (TensorChange?) throws -> PictureMaker
  ) {
    self.maker = maker
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
    let uses = grid.uses(at: place)
    let maker = try maker(with: uses)
    return try maker.picture(
      of: prompts[grid.prompt(at: place)], seed: grid.seed(at: place),
      adapters: stack.adapters(uses, on: maker.backend), spacing: spacing, progress: progress)
  }

  /// Of two models one is held at a time.
  private func maker(with uses: [SampleGrid.Use]) throws -> PictureMaker {
    let needed = stack.changing(uses)
    if let maker, needed == changes { return maker }
    maker = nil
    let made = try read(stack.change(needed))
    (maker, changes) = (made, needed)
    return made
  }
}

import Diffusion
import Images

/// Draws the pictures of a grid, each under the same noise as its neighbours of one seed.
struct PictureGridMaker {
  let maker: PictureMaker
  let stack: AdapterStack
  let grid: SampleGrid

  /// Beside the grid's prompts.
  let prompts: [SamplePrompt]
  let spacing: NoiseGrid.Spacing?

  /// Draws one picture of the grid.
  func picture(
    at place: [PictureAxis: Int], progress: (Int) -> Void
  ) throws -> Picture {
    try maker.picture(
      of: prompts[grid.prompt(at: place)], seed: grid.seed(at: place),
      adapters: stack.adapters(grid.uses(at: place), on: maker.backend), spacing: spacing,
      progress: progress)
  }
}

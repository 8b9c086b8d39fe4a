package import Images
import Tensors

/// All pictures of a run, and the order in which an epoch shows them.
package struct TrainingData: Hashable, Sendable {
  package let datasets: [Dataset]

  /// The most pictures in an epoch: its order is held in memory, some 30 bytes per picture.
  package static let epochLimit = 10_000_000

  /// Notes for the user, in the order in which they were found.
  package let warnings: [String]

  /// Reads every header and caption; no pixels.
  package init(_ configuration: DatasetConfiguration) throws(DatasetError) {
    var warnings: [String] = []
    let configuration = configuration.withoutRepeatedFolders(&warnings)
    var datasets: [Dataset] = []
    for settings in configuration.datasets {
      datasets.append(try Dataset(settings, warnings: &warnings))
    }
    self.datasets = datasets
    self.warnings = warnings
    guard datasets.contains(where: { $0.trainImageCount > 0 }) else {
      throw .noPictures(configuration.nothingFound(warnings))
    }
  }

  package var batchesPerEpoch: Int { datasets.map(\.batchesPerEpoch).reduce(0, +) }
  package var trainImageCount: Int { datasets.map(\.trainImageCount).reduce(0, +) }
  package var regImageCount: Int { datasets.map(\.regImageCount).reduce(0, +) }

  /// One use of a picture.
  package struct Sample: Hashable, Sendable {
    package let dataset: Int

    /// Its place in the data set's `pictures`.
    package let picture: Int

    /// Counted from 1.
    package let epoch: Int

    /// Its place in the epoch, by which its random numbers are drawn.
    let position: Int
  }

  /// The batches of an epoch, each of pictures of one size: each picture exactly as often as it is
  /// repeated, buckets and batches in an order of their own.
  ///
  /// - Parameter epoch: Counted from 1. No epoch depends on the ones before it.
  package func batches(epoch: Int, seed: UInt64) -> EpochBatches {
    EpochBatches(datasets, epoch: epoch, seed: seed)
  }

  /// The size that a batch's pictures are brought to.
  package func size(of batch: [Sample]) -> PixelSize { picture(of: batch[0]).choice.bucket }
}

extension DatasetConfiguration {
  /// A folder that is named again in one data set is left out.
  fileprivate func withoutRepeatedFolders(_ warnings: inout [String]) -> DatasetConfiguration {
    var result = self
    for index in datasets.indices {
      var seen: Set<String> = []
      result.datasets[index].subsets = datasets[index].subsets.filter { subset in
        guard case .folder(let folder) = subset.source, !seen.insert(folder).inserted else {
          return true
        }
        warnings.append("\(folder): named twice; the second is left out")
        return false
      }
    }
    return result
  }

  fileprivate func nothingFound(_ warnings: [String]) -> String {
    let folders = datasets.flatMap(\.subsets).compactMap { subset in
      if case .folder(let folder) = subset.source { folder } else { nil }
    }
    let place = folders.isEmpty ? "" : "\(folders.joined(separator: ", ")): "
    return place
      + "no pictures to train on; give a folder that holds one like 100_girl with PNG, JPEG, WebP "
      + "or BMP pictures, or --image FILE"
  }
}

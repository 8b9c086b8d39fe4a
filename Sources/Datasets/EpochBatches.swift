import Images
import Tensors

/// The batches of one epoch in their order; each is made when it is asked for.
package struct EpochBatches: RandomAccessCollection, Hashable {
  /// A stretch of one bucket's pictures.
  private struct Group: Hashable {
    let bucket: Int32
    let start: Int32

    /// Of its first sample in the epoch.
    var position: Int32 = 0
  }

  /// One bucket's pictures in the order of this epoch.
  private struct Bucket: Hashable {
    let dataset: Int
    let size: PixelSize
    let batchSize: Int
    var pictures: [Int]
  }

  private let epoch: Int
  private var buckets: [Bucket] = []
  private var groups: [Group] = []

  init(_ datasets: [Dataset], epoch: Int, seed: UInt64) {
    self.epoch = epoch
    for (number, dataset) in datasets.enumerated() {
      for bucket in dataset.buckets {
        var order = DatasetDraw.bucketOrder.generator(
          seed: seed, epoch: epoch, position: buckets.count)
        var shuffled = Bucket(
          dataset: number, size: bucket.size, batchSize: dataset.settings.batchSize,
          pictures: bucket.pictures)
        order.shuffle(&shuffled.pictures)
        for start in stride(from: 0, to: bucket.pictures.count, by: shuffled.batchSize) {
          groups.append(Group(bucket: Int32(buckets.count), start: Int32(start)))
        }
        buckets.append(shuffled)
      }
    }
    var order = DatasetDraw.batchOrder.generator(seed: seed, epoch: epoch)
    order.shuffle(&groups)
    var position = 0
    for index in groups.indices {
      groups[index].position = Int32(position)
      position += pictures(of: groups[index]).count
    }
  }

  package var startIndex: Int { 0 }
  package var endIndex: Int { groups.count }

  package subscript(index: Int) -> TrainingData.Batch {
    let group = groups[index]
    let bucket = buckets[Int(group.bucket)]
    let samples = pictures(of: group).enumerated().map { place, picture in
      TrainingData.Sample(
        dataset: bucket.dataset, picture: picture, epoch: epoch,
        position: Int(group.position) + place)
    }
    return TrainingData.Batch(dataset: bucket.dataset, size: bucket.size, samples: samples)
  }

  private func pictures(of group: Group) -> ArraySlice<Int> {
    let bucket = buckets[Int(group.bucket)]
    let start = Int(group.start)
    return bucket.pictures[start..<Swift.min(start + bucket.batchSize, bucket.pictures.count)]
  }
}

import Tensors

/// The batches of one epoch in their order; each is made when it is asked for.
package struct EpochBatches: RandomAccessCollection, Hashable {
  /// A stretch of one bucket's pictures.
  private struct Group: Hashable {
    let bucket: Int32
    let start: Int32

    /// The place of its first sample in the epoch.
    var position: Int32 = 0
  }

  /// One bucket's pictures in the order of this epoch.
  private struct Bucket: Hashable {
    let dataset: Int
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
          dataset: number, batchSize: dataset.settings.batchSize,
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

  package subscript(index: Int) -> [TrainingData.Sample] {
    let group = groups[index]
    let bucket = buckets[Int(group.bucket)]
    return pictures(of: group).enumerated().map { place, picture in
      TrainingData.Sample(
        dataset: bucket.dataset, picture: picture, epoch: epoch,
        position: Int(group.position) + place)
    }
  }

  private func pictures(of group: Group) -> ArraySlice<Int> {
    let bucket = buckets[Int(group.bucket)]
    let start = Int(group.start)
    return bucket.pictures[start..<Swift.min(start + bucket.batchSize, bucket.pictures.count)]
  }
}

/// The random numbers that the data of a run draw.
///
/// Each use has a stream of its own, so that a resumed run goes on with the same numbers.
///
/// The stream's number is purpose · 2⁵⁶ + epoch · 2³² + position; purposes below 32 are those of
/// a training step.
enum DatasetDraw: UInt8, Sendable {
  case bucketOrder = 32
  case batchOrder = 33
  case caption = 34
  case placement = 35

  /// - Parameters:
  ///   - epoch: Counted from 1.
  ///   - position: Of the bucket, or of the sample in its epoch.
  func generator(seed: UInt64, epoch: Int, position: Int = 0) -> Philox {
    let stream =
      UInt64(rawValue) << 56 | UInt64(UInt32(truncatingIfNeeded: epoch) & 0xFF_FFFF) << 32
      | UInt64(UInt32(truncatingIfNeeded: position))
    return Philox(seed: seed, stream: stream)
  }
}

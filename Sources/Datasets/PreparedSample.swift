package import Images
import Tensors

/// One use of a picture, as the VAE and the loss read it.
package struct PreparedSample: Hashable, Sendable {
  /// -1...1, `[height, width, 3]`, of the bucket's size.
  package let values: [Float]

  /// Over the same pixels; nil where all count alike.
  package let mask: Mask?
}

/// The place of a bucket's rectangle in the resized picture, and whether it is mirrored.
package struct Placement: Hashable, Sendable {
  package let left: Int
  package let top: Int
  package let isFlipped: Bool
}

/// A picture's size as SDXL reads it, in pixels.
package struct SizeConditioning: Hashable, Sendable {
  package let original: PixelSize
  package let target: PixelSize

  /// In the resized picture; of a mirrored one, from what is its left edge then.
  package let cropLeft: Int
  package let cropTop: Int
}

/// Two uses of pictures with the same key have the same pixels, and so the same latents.
package struct LatentsKey: Hashable, Sendable {
  package let file: String
  package let bucket: PixelSize
  package let resized: PixelSize
  package let placement: Placement
  package let interpolation: Interpolation?

  /// The colour behind transparent pixels; nil where they weigh the loss.
  package let background: Color?
}

extension TrainingData {
  package func picture(of sample: Sample) -> TrainingPicture {
    datasets[sample.dataset].pictures[sample.picture]
  }

  package func subset(of sample: Sample) -> DatasetConfiguration.Subset {
    datasets[sample.dataset].subset(of: picture(of: sample))
  }

  /// Whether latents can be kept: no picture is cropped elsewhere at each use.
  package var hasConstantPixels: Bool {
    datasets.allSatisfy { dataset in dataset.settings.subsets.allSatisfy { !$0.randomCrop } }
  }

  /// All pictures as they are used, mirrored too where that is asked for; cropped at the centre.
  package var everyPlacement: [(sample: Sample, placement: Placement)] {
    datasets.indices.flatMap { dataset in
      datasets[dataset].pictures.indices.flatMap { picture in
        let sample = Sample(dataset: dataset, picture: picture, epoch: 1, position: 0)
        return (subset(of: sample).flipAug ? [false, true] : [false]).map {
          (sample, centred(sample, isFlipped: $0))
        }
      }
    }
  }

  /// The file that the numbers of a constant caption may be kept in: beside the first picture that
  /// has it.
  package func captionFiles() -> [String: String] {
    var files: [String: String] = [:]
    for dataset in datasets {
      for picture in dataset.pictures {
        let caption = dataset.subset(of: picture).caption.constant(picture.caption)
        if files[caption] == nil { files[caption] = picture.file + ".caption-states" }
      }
    }
    return files
  }

  /// The captions that are ever used, sorted; nil where they change from use to use.
  package var constantCaptions: [String]? {
    var captions: Set<String> = []
    for dataset in datasets {
      for picture in dataset.pictures {
        let rules = dataset.subset(of: picture).caption
        guard rules.isConstant else { return nil }
        captions.insert(rules.constant(picture.caption))
      }
    }
    return captions.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The caption of one use.
  ///
  /// - Parameters:
  ///   - step: Steps done before.
  ///   - stepCount: Steps of the whole run.
  package func caption(of sample: Sample, step: Int, stepCount: Int, seed: UInt64) -> String {
    var generator = DatasetDraw.caption.generator(
      seed: seed, epoch: sample.epoch, position: sample.position)
    let moment = CaptionRules.Moment(epoch: sample.epoch, step: step, stepCount: stepCount)
    return subset(of: sample).caption.apply(
      to: picture(of: sample).caption, at: moment, using: &generator)
  }

  package func placement(of sample: Sample, seed: UInt64) -> Placement {
    let subset = subset(of: sample)
    let choice = picture(of: sample).choice
    var generator = DatasetDraw.placement.generator(
      seed: seed, epoch: sample.epoch, position: sample.position)
    guard subset.randomCrop else {
      return centred(sample, isFlipped: subset.flipAug && generator.uniform() < 0.5)
    }
    let left = generator.below(choice.resized.width - choice.bucket.width + 1)
    let top = generator.below(choice.resized.height - choice.bucket.height + 1)
    let isFlipped = subset.flipAug && generator.uniform() < 0.5
    return Placement(left: left, top: top, isFlipped: isFlipped)
  }

  private func centred(_ sample: Sample, isFlipped: Bool) -> Placement {
    let choice = picture(of: sample).choice
    return Placement(
      left: (choice.resized.width - choice.bucket.width) / 2,
      top: (choice.resized.height - choice.bucket.height) / 2, isFlipped: isFlipped)
  }

  package func sizeConditioning(of sample: Sample, _ placement: Placement) -> SizeConditioning {
    let picture = picture(of: sample)
    let (bucket, resized) = (picture.choice.bucket, picture.choice.resized)
    let left =
      placement.isFlipped ? resized.width - bucket.width - placement.left : placement.left
    return SizeConditioning(
      original: picture.size, target: bucket, cropLeft: left, cropTop: placement.top)
  }

  package func latentsKey(of sample: Sample, _ placement: Placement) -> LatentsKey {
    let picture = picture(of: sample)
    let subset = subset(of: sample)
    return LatentsKey(
      file: picture.file, bucket: picture.choice.bucket, resized: picture.choice.resized,
      placement: placement, interpolation: subset.resizeInterpolation,
      background: subset.alphaMask ? nil : subset.background)
  }

  /// Reads, resizes, crops and mirrors one picture and its mask.
  package func prepare(
    _ sample: Sample, _ placement: Placement
  ) throws(DatasetError) -> PreparedSample {
    let whole = try pixels(of: sample, placement)
    let mask: Mask? =
      if let file = picture(of: sample).mask {
        Mask(
          channel: 0,
          of: resized(try TrainingPicture.decode(file).withoutAlpha, sample)
            .cropped(to: picture(of: sample).choice.bucket, placement))
      } else {
        subset(of: sample).alphaMask ? Mask(channel: 3, of: whole) : nil
      }
    return PreparedSample(values: whole.signedValues, mask: mask)
  }

  /// A picture as it is trained on, with its alpha where that weighs the loss.
  package func pixels(of sample: Sample, _ placement: Placement) throws(DatasetError) -> Picture {
    try wholePixels(of: sample).cropped(to: picture(of: sample).choice.bucket, placement)
  }

  /// The same before it is cropped.
  package func wholePixels(of sample: Sample) throws(DatasetError) -> Picture {
    let subset = subset(of: sample)
    let stored = try TrainingPicture.decode(picture(of: sample).file)
    // Alpha goes first, unless it is wanted: it would weigh the colours while resizing.
    return resized(subset.alphaMask ? stored : stored.composited(over: subset.background), sample)
  }

  private func resized(_ picture: Picture, _ sample: Sample) -> Picture {
    let size = self.picture(of: sample).choice.resized
    return picture.resized(
      toWidth: size.width, height: size.height, by: subset(of: sample).resizeInterpolation)
  }
}

extension Picture {
  fileprivate func cropped(to bucket: PixelSize, _ placement: Placement) -> Picture {
    let cropped = self.cropped(
      x: placement.left, y: placement.top, width: bucket.width, height: bucket.height)
    return placement.isFlipped ? cropped.mirrored : cropped
  }
}

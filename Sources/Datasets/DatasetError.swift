package import Files
package import Images

/// Why pictures cannot be trained on.
package enum DatasetError: Error, Hashable {
  case file(FileError)
  case picture(ImageError)
  case noPictures(String)
  case tooManyPictures(Int)
  case resolution(String)
  case bucket(file: String, PixelSize, String)
  case caption(file: String)
  case noMask(file: String, folder: String)
}

extension DatasetError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .file(let error): error.description
    case .picture(let error): error.description
    case .noPictures(let text): text
    case .tooManyPictures(let count):
      "an epoch would show \(count) pictures, repeats included, and \(TrainingData.epochLimit) are "
        + "possible; lower the repeats"
    case .resolution(let text): text
    case .bucket(let file, let size, let text): "\(file): \(size) pixels \(text)"
    case .caption(let file):
      "\(file): the caption is not UTF-8; save it as UTF-8 text"
    case .noMask(let file, let folder):
      "\(file): no picture of that name in \(folder), where its mask should be; add a mask, "
        + "white where the loss counts"
    }
  }
}

import ArgumentParser
import CommandSupport
import Datasets
import Diffusion
import Images

// What options of training, keys of configuration files and settings of a picture share. Bounds
// lie far beyond what anyone has used, and before products of two overflow or lists of all steps
// fill a memory.

extension Domain where Value == Int {
  static var steps: Domain { .whole(1...10_000_000) }
  static var epochs: Domain { .whole(1...1_000_000) }
  static var repeats: Domain { .whole(DatasetConfiguration.Subset.repeats) }
  static var batchSize: Domain { .whole(1...4096) }

  /// One side of a picture, in pixels.
  static var side: Domain { .whole(PictureSide.multiple...PictureSide.most) }
  static var bucketStep: Domain { .whole(1...16384) }

  /// Tags of a caption that are treated apart.
  static var keptTokens: Domain { .whole(0...1000) }
  static var samplerSteps: Domain { .whole(1...1000) }

  /// Tokens of a caption: whole chunks of 75.
  static var tokens: Domain {
    Domain("75, 150 or 225") { text in
      Domain.whole(75...225).read(text).flatMap { $0 % 75 == 0 ? $0 : nil }
    }
  }
}

extension Domain where Value == Double {
  static var rate: Domain { .number(0...1e6) }

  static var alpha: Domain { .number(0...1e6) }
  static var share: Domain { .number(0...1) }

  /// Shares that are dropped while training: something must be left.
  static var dropout: Domain { .number(0..<1) }

  /// The weight of pictures that a slider is to leave alone.
  static var stillness: Domain { .number(0...1000) }

  /// The guidance away from the negative prompt.
  static var guidance: Domain { .number(0...1000) }
}

extension Domain where Value == StepCount {
  static var stepCount: Domain {
    Domain("a number of steps from 0 to 10000000, or a share such as 0.1 or 10%") {
      StepCount(argument: $0)
    }
  }
}

extension Domain where Value == PixelSize {
  static var size: Domain {
    Domain("a size such as 512 or 512x768, of sides from 8 to 16384") { PixelSize(argument: $0) }
  }
}

extension Domain where Value == Color {
  static var color: Domain {
    Domain("white, grey, black or a colour such as #ff8000") { Color(argument: $0) }
  }
}

extension Domain where Value == SeedList {
  static var seeds: Domain {
    Domain("seeds from 0 to 4294967295, such as 1,2,3 or 8-10") { SeedList(argument: $0) }
  }
}

extension Domain where Value == SliderPlaces {
  static var places: Domain {
    Domain("two rising numbers or more, such as 0,0.5,1") { SliderPlaces(argument: $0) }
  }
}

extension Domain where Value == StepMarkList {
  static var stepMarks: Domain {
    Domain("a share of the steps from 0 to 1 or a step from 2 to 1000, or several with commas") {
      StepMarkList($0)
    }
  }
}

extension Domain where Value == NetworkModule {
  static var trainable: Domain {
    Domain("networks.lora alone (LyCORIS and others are read here, but not trained)") {
      NetworkModule(rawValue: $0)
    }
  }
}

extension Domain where Value == String {
  static var sampler: Domain {
    Domain("ddim, euler, euler_a or dpmsolver++") { SamplerMethod(name: $0) == nil ? nil : $0 }
  }

  /// `FIRST..LAST/COUNT`.
  static var weightRange: Domain {
    Domain("FIRST..LAST/COUNT, with weights from -1000000 to 1000000 and 1 to 1000 of them") {
      WeightedFile.weights($0) == nil ? nil : $0
    }
  }
}

extension Color: ExpressibleByArgument {
  /// Reads `white`, `grey`, `black` and `#ff8000`.
  init?(argument: String) {
    switch argument.lowercased() {
    case "white": self = .white
    case "black": self = .black
    case "grey", "gray": self.init(128, 128, 128)
    case let text:
      let digits = text.hasPrefix("#") ? text.dropFirst() : text[...]
      guard digits.utf8.count == 6, digits.allSatisfy(\.isHexDigit),
        let number = Int(digits, radix: 16)
      else { return nil }
      self.init(
        UInt8(number >> 16), UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF))
    }
  }

  package var defaultValueDescription: String { description }
}

extension PixelSize {
  /// Reads `512`, `512,768`, `512x768` and `512, 768`.
  init?(argument: String) {
    let parts = argument.split(omittingEmptySubsequences: false) { ",x×".contains($0) }
      .map { $0.filter { $0 != " " } }
    let sides = parts.compactMap { Domain.side.read(String($0)) }
    guard sides.count == parts.count, let width = sides.first, sides.count <= 2 else { return nil }
    self.init(width: width, height: sides.last ?? width)
  }
}

extension Interpolation: ExpressibleByArgument {}

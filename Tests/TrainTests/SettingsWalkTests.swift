import ArgumentParser
import Images
import TOML
import Testing

@testable import Datasets
@testable import Train

/// Every key of a configuration file and of a data set, with values of every type and size: each
/// is read, or refused in one line that names its own.
@Suite struct SettingsWalkTests {
  static let values = [
    "0", "-1", "1", "2147483648", "9223372036854775807", "-9223372036854775808", "0.5", "8.0",
    "1e308", "nan", "inf", "-inf", "true", "\"\"", "\"x\"", "\"0x10\"", "[]", "[1, 2]", "[\"a=1\"]",
    "[[1]]", "[{a = 1}]", "{a = 1}",
  ]

  /// One of each type, and the extremes.
  static let fewValues = [
    "-1", "9223372036854775807", "0.5", "nan", "true", "\"x\"", "[]", "{a = 1}",
  ]

  @Test(
    arguments: Setting.declarations(in: TrainingOptions.self).map(\.key)
      + ForeignOption.all.map(\.key))
  func everyKeyOfARun(_ key: String) {
    for value in Self.values {
      let expansion = ArgumentExpansion(names: OptionNames(TrainingOptions.self)) { _ in
        Array("\n\(key) = \(value)\n".utf8)
      }
      do {
        _ = try expansion.expanded(["--config", "c"])
      } catch let error as OptionsError {
        #expect(error.description.hasPrefix("c.toml:2: "), "\(value): \(error)")
        #expect(!error.description.contains("\n"), "\(value): \(error)")
      } catch {
        Issue.record("\(key) = \(value): \(error)")
      }
    }
  }

  @Test(
    arguments: DatasetConfigurationReader.datasetKeys + DatasetConfigurationReader.subsetKeys
      + Setting.declarations(in: SubsetOptions.self).map(\.key))
  func everyKeyOfADataSet(_ key: String) throws {
    let isOfDataset = DatasetConfigurationReader.datasetKeys.contains(key)
    let folder = key == "image_dir" ? "" : "\nimage_dir = \"a\""
    for value in Self.fewValues {
      let line = "\(key) = \(value)"
      let text =
        isOfDataset
        ? "[[datasets]]\n\(line)\n[[datasets.subsets]]\(folder)"
        : "[[datasets]]\n[[datasets.subsets]]\n\(line)\(folder)"
      let place = "d.toml:\(isOfDataset ? 2 : 3): "
      do {
        var warnings: [String] = []
        let configuration = try Self.reader.read(
          TOMLTable(Array(text.utf8), file: "d.toml"), warnings: &warnings)
        for dataset in configuration.datasets { _ = try? BucketRules(dataset) }
      } catch let error as OptionsError {
        #expect(error.description.hasPrefix(place), "\(value): \(error)")
        #expect(!error.description.contains("\n"), "\(value): \(error)")
      }
    }
  }

  /// `--network-args` and `--optimizer-args`, by the same rules.
  @Test(arguments: OptimizerType.allCases)
  func everyKeyedArgument(_ type: OptimizerType) throws {
    let options = try NetworkOptions.parse([])
    let arguments =
      NetworkPlan.keys.map { ("--network-args", $0) }
      + type.rule.keys.map { ("--optimizer-args", $0) }
    for (option, key) in arguments {
      for value in [
        "0", "-1", "1", "2147483648", "9223372036854775807", "1e308", "nan", "inf", "", "x", "True",
        "None", "1,2", "(0.9,0.99)",
      ] {
        do {
          if option == "--network-args" {
            let arguments = try KeyedArguments(
              ["\(key)=\(value)"], option: "network-args", known: NetworkPlan.keys)
            _ = try NetworkPlan(options, rank: nil, alpha: 1, arguments, .stableDiffusion)
            _ = try LearningRates(
              OptimizerOptions.parse([]), learningRate: 1, arguments, .stableDiffusion)
          } else {
            _ = try OptimizerPlan(type, ["\(key)=\(value)"])
          }
          #expect(
            !["nan", "1e308", "x", ""].contains(value), "\(option) \(key)=\(value) is taken")
        } catch let error as OptionsError {
          #expect(error.description.hasPrefix("\(option) \(key) "), "\(value): \(error)")
        } catch {
          Issue.record("\(option) \(key)=\(value): \(error)")
        }
      }
    }
  }

  private static var reader: DatasetConfigurationReader {
    get throws {
      DatasetConfigurationReader(
        file: "d.toml", options: try TrainingOptions.parse([]),
        resolution: PixelSize(width: 64, height: 64))
    }
  }
}

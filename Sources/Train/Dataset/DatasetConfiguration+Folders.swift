extension DatasetConfiguration {
  /// One data set of the folders that `--data` and `--reg-data-dir` hold.
  ///
  /// - Parameters:
  ///   - settings: The data set's; its subsets are replaced.
  ///   - template: What all subsets share.
  ///   - warnings: Folders that are left out.
  init(
    trainDataDir folder: String, regDataDir: String?, _ settings: Dataset, template: Subset,
    warnings: inout [String]
  ) throws(DatasetError) {
    var template = template
    template.isReg = false
    let training = try ImageFolder.subsets(in: folder, like: template, warnings: &warnings)
    guard !training.isEmpty else {
      throw .noPictures(
        "\(folder): no folder in it is named like 100_girl (100 repeats of pictures of \"girl\"); "
          + "move the pictures into one, or give them by --image")
    }
    var regularizing: [Subset] = []
    if let regDataDir {
      template.isReg = true
      regularizing = try ImageFolder.subsets(in: regDataDir, like: template, warnings: &warnings)
    }
    var settings = settings
    settings.subsets = training + regularizing
    datasets = [settings]
  }

  /// One data set of pictures by name, with an empty caption: the copier method.
  ///
  /// - Parameter repeats: Of each picture, in an epoch.
  init(images: [String], repeats: Int, _ settings: Dataset, template: Subset) {
    var subset = template
    subset.source = .files(images)
    (subset.numRepeats, subset.classTokens) = (repeats, nil)
    var settings = settings
    settings.subsets = [subset]
    datasets = [settings]
  }
}

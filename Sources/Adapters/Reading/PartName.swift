/// A tensor's name, split into module and part.
struct PartName: Hashable {
  let module: String
  let suffix: Suffix
  let spelling: Spelling

  /// PEFT's name of the tensor's adapter; `nil` where the key has none.
  var adapterName: String? = nil

  var part: Part { suffix.part }
}

extension PartName {
  /// Splits a tensor's name; `nil` if no trainer uses its suffix.
  init?(_ name: String) {
    let bytes = Array(name.utf8)
    if bytes.ends(with: ".diff_m") {  // of Wan's `modulation`, which is no layer with a weight
      let suffix = Suffix(".diff_m", .weightDifference)
      self.init(module: bytes.dropLast(6) + "modulation".utf8, suffix, .common)
      return
    }
    // The longest of the known suffixes has three dots.
    var dots: [Int] = []
    for index in bytes.indices.reversed() where bytes[index] == UInt8(ascii: ".") {
      dots.append(index)
      if dots.count == 3 { break }
    }
    for dot in dots.reversed() {
      let suffix = String(decoding: bytes[dot...], as: UTF8.self)
      guard let (suffix, spelling) = Self.dotted[suffix] else { continue }
      self.init(module: bytes[..<dot], suffix, spelling)
      return
    }
    if let item = Self.itemOfBlocks(bytes, dots: dots) {
      self = item
      return
    }
    if let adapterName = Self.namedAdapter(bytes, dots: dots) {
      self = adapterName
      return
    }
    for (suffix, spelling) in Self.joined where bytes.ends(with: suffix.text) {
      self.init(
        module: bytes.dropLast(suffix.text.utf8.count - suffix.kept), suffix, spelling)
      return
    }
    return nil
  }

  private init(module: ArraySlice<UInt8>, _ suffix: Suffix, _ spelling: Spelling) {
    self.init(
      module: String(decoding: module, as: UTF8.self), suffix: suffix, spelling: spelling)
  }

  /// Parses sd-scripts' list of a layer's rotations: `….oft_blocks.3`.
  private static func itemOfBlocks(_ bytes: [UInt8], dots: [Int]) -> PartName? {
    guard dots.count >= 2, bytes[dots[1]..<dots[0]].elementsEqual(".oft_blocks".utf8),
      let number = Int(String(decoding: bytes[(dots[0] + 1)...], as: UTF8.self)),
      (0..<64).contains(number)
    else { return nil }
    let suffix = Suffix(".oft_blocks.\(number)", .orthogonalBlocksOfRows(number))
    return PartName(module: bytes[..<dots[1]], suffix, .common)
  }

  private static let named = ["lora_", "hada_", "lokr_", "oft_", "boft_", "ia3_l"]

  /// Parses a key that contains the adapter's name, as PEFT may write it:
  /// `….lora_A.default.weight`.
  private static func namedAdapter(_ bytes: [UInt8], dots: [Int]) -> PartName? {
    for length in [3, 2] where dots.count >= length {
      let components = bytes[dots[length - 1]...].split(separator: UInt8(ascii: ".")).map {
        String(decoding: $0, as: UTF8.self)
      }
      let tail = components.count == 3 ? "." + components[2] : ""
      guard components.count == length, named.contains(where: components[0].hasPrefix),
        let (suffix, spelling) = dotted["." + components[0] + tail]
      else { continue }
      var name = PartName(module: bytes[..<dots[length - 1]], suffix, spelling)
      name.adapterName = components[1]
      return name
    }
    return nil
  }

  /// The suffixes of all namings that identify a part by themselves.
  private static let suffixes = Set(Naming.all.flatMap(\.spellings)).flatMap { spelling in
    spelling.suffixes.filter { !$0.isShared }.map { (suffix: $0, spelling: spelling) }
  }

  /// The suffixes that are components of the name.
  private static let dotted = Dictionary(
    uniqueKeysWithValues: suffixes.filter { $0.suffix.text.hasPrefix(".") }
      .map { ($0.suffix.text, $0) })

  /// The suffixes that begin inside a component of the name.
  private static let joined = suffixes.filter { !$0.suffix.text.hasPrefix(".") }
}

extension [UInt8] {
  fileprivate func ends(with suffix: String) -> Bool {
    count > suffix.utf8.count && self.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
  }
}

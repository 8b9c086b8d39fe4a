/// The ids of tokens by how a vocabulary spells them, in UTF-8.
///
/// Compared byte by byte, unlike Swift's strings, to which é and e with an accent are the same.
/// A hash table by open addressing over one list of bytes.
struct TokenNames {
  private var spellings: [UInt8] = []
  private var ends: [Int] = [0]
  private var ids: [Int32] = []
  private var slots: [Int32]

  /// - Parameter capacity: The most names that will be inserted.
  init(capacity: Int) {
    slots = Array(repeating: -1, count: tableCount(for: capacity))
    spellings.reserveCapacity(capacity * 8)
  }

  var count: Int { ids.count }

  subscript(name: some Collection<UInt8>) -> Int32? {
    let entry = slots[slot(name)]
    return entry < 0 ? nil : ids[Int(entry)]
  }

  /// Returns whether the name was new.
  @discardableResult
  mutating func insert(_ name: some Collection<UInt8>, id: Int32) -> Bool {
    let slot = slot(name)
    guard slots[slot] < 0 else { return false }
    precondition(2 * count < slots.count, "more than \(count) names")
    slots[slot] = Int32(count)
    ids.append(id)
    spellings += name
    ends.append(spellings.count)
    return true
  }

  /// Where a name is, or where it would go.
  private func slot(_ name: some Collection<UInt8>) -> Int {
    let mask = slots.count - 1
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a
    for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    var slot = Int(truncatingIfNeeded: hash ^ hash >> 32) & mask
    while slots[slot] >= 0, !has(name, at: Int(slots[slot])) { slot = (slot + 1) & mask }
    return slot
  }

  private func has(_ name: some Collection<UInt8>, at entry: Int) -> Bool {
    spellings[ends[entry]..<ends[entry + 1]].elementsEqual(name)
  }
}

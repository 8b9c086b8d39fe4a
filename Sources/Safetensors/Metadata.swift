/// The strings under `__metadata__`, sorted by the bytes of their keys.
///
/// Keys are told apart by their bytes, as tensors' names are.
package struct Metadata: Hashable, Sendable {
  package struct Entry: Hashable, Sendable {
    package let key: String
    package var value: String
  }

  package private(set) var entries: [Entry]

  package init() { entries = [] }

  /// The last of several entries with one key counts.
  package init(_ entries: [Entry]) {
    var last: [TensorName: String] = [:]
    for entry in entries { last[TensorName(entry.key)] = entry.value }
    self.entries =
      last
      .map { Entry(key: $0.key.string, value: $0.value) }
      .sorted { TensorName($0.key) < TensorName($1.key) }
  }

  package init(_ values: KeyValuePairs<String, String>) {
    self.init(values.map { Entry(key: $0.key, value: $0.value) })
  }

  package var isEmpty: Bool { entries.isEmpty }

  package subscript(key: String) -> String? {
    get { entries.first { TensorName($0.key) == TensorName(key) }?.value }
    set {
      let index = entries.partitioningIndex { TensorName($0.key) >= TensorName(key) }
      let isThere = index < entries.count && TensorName(entries[index].key) == TensorName(key)
      switch (newValue, isThere) {
      case (let value?, true): entries[index].value = value
      case (let value?, false): entries.insert(Entry(key: key, value: value), at: index)
      case (nil, true): entries.remove(at: index)
      case (nil, false): break
      }
    }
  }

  package func filter(_ isKept: (String) -> Bool) -> Metadata {
    Metadata(entries.filter { isKept($0.key) })
  }
}

extension Array {
  /// The first index whose element meets a condition that all later ones meet too.
  fileprivate func partitioningIndex(where meets: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if meets(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

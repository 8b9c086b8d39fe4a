import Names
import Tensors

// Tells why a layer has no place, from the checkpoint's other names and shapes.
extension CheckpointLayers {
  /// The reason why the checkpoint has no place for a module's layer; `nil` where it has one.
  ///
  /// - Parameters:
  ///   - extents: The extents of the module's layer; `nil` where its parts do not give them.
  ///   - biasCount: The number of elements of the bias that it adds to.
  package func obstacle(
    to key: Key, extents: Module.Extents?, biasCount: Int? = nil
  ) -> Obstacle? {
    guard let shape = shape(key) else { return absence(of: key) }
    if key.role == .bias {
      guard let biasCount, biasCount != shape.elementCount else { return nil }
      return .shape(own: [biasCount], theirs: shape)
    }
    guard let extents else { return nil }
    let (rows, columns) = (shape.extents[0], shape.extents.dropFirst().reduce(1, *))
    if extents.outputs == rows && extents.columns == columns { return nil }
    let theirs = isTransposed(key) ? Shape(shape.extents.reversed()) : shape
    let own =
      isTransposed(key) && !extents.isConvolution
      ? Shape([extents.inputs, extents.outputs]) : extents.shape
    // A token is a column of a table taken as outputs × inputs, otherwise a row.
    if key.target.isTokenTable && isTransposed(key), extents.outputs == rows {
      return .vocabulary(own: extents.columns, theirs: columns)
    }
    if key.target.isTokenTable || key.target.isHead, extents.columns == columns {
      return .vocabulary(own: extents.outputs, theirs: rows)
    }
    if shape.rank == 2 && extents.outputs == columns && extents.columns == rows {
      return .transposed(own: own, theirs: theirs)
    }
    return .shape(own: own, theirs: theirs)
  }

  private func absence(of key: Key) -> Obstacle {
    let target = key.target
    if !self[key].isEmpty { return .incomplete }
    if key.role == .bias && !self[Key(target, .weight)].isEmpty { return .noBias }
    if target.isHead, let table = keys.first(where: { $0.target.isSharedTable }) {
      return .tiedHead(table: "\(table.target)")
    }
    if !keys.isEmpty && !keys.contains(where: { $0.target.network == target.network }) {
      return .noNetwork(target.network)
    }
    return division(of: target) ?? beginning(of: target) ?? .noLayer
  }

  // MARK: - Joined and divided

  /// Names of layers that read the same input, when they are separate and when they are fused.
  private static let divisions: [(parts: [String], wholes: [String])] = [
    (
      ["to_q", "to_k", "to_v"],
      ["qkv", "to_qkv", "to_qkv_mlp_proj", "qkv_proj", "linear1", "img_attn_qkv"]
    ),
    (
      ["add_q_proj", "add_k_proj", "add_v_proj"], ["to_added_qkv", "add_qkv_proj", "txt_attn_qkv"]
    ),
    (
      ["q_proj", "k_proj", "v_proj"],
      ["qkv_proj", "query_key_value", "c_attn", "Wqkv", "W_pack", "in_proj", "qkv"]
    ),
    (["query", "key", "value"], ["query_key_value", "qkv", "qkv_proj", "Wqkv"]),
    (["q", "k", "v"], ["qkv", "in_proj"]), (["wq", "wk", "wv"], ["wqkv", "qkv"]),
    (["gate_proj", "up_proj"], ["gate_up_proj", "gate_up", "fc1"]),
    (["w1", "w3"], ["w13", "w12"]),
  ]

  private func division(of target: Target) -> Obstacle? {
    for (parts, wholes) in Self.divisions {
      if let stem = stem(of: target, endings: parts),
        let whole = wholes.lazy.compactMap({ layer(stem + $0, target.network) }).first
      {
        return .fused(into: "\(whole)")
      }
      if let stem = stem(of: target, endings: wholes) {
        let found = parts.compactMap { layer(stem + $0, target.network) }
        if found.count == parts.count { return .split(into: found.map { "\($0)" }) }
      }
    }
    return nil
  }

  /// The name before one of the endings, with its separator; `nil` where it has none of them.
  private func stem(of target: Target, endings: [String]) -> String? {
    endings.lazy.filter { target.key == $0 || target.key.hasSuffix("_" + $0) }
      .map { String(target.key.dropLast($0.utf8.count)) }.first
  }

  private func layer(_ key: String, _ network: Target.Network) -> Target? {
    let target = Target(network: network, key: key, path: nil)
    return self[Key(target, .weight)].isEmpty
      ? nil : keys.first { $0.target == target }?.target ?? target
  }

  // MARK: - Other beginnings

  /// Finds a layer whose name is equal from some dot on, its block number included.
  private func beginning(of target: Target) -> Obstacle? {
    guard let path = target.path else { return nil }
    let components = path.split(separator: ".")
    for dropped in 0..<min(4, components.count) {
      let rest = components[dropped...]
      guard rest.count > 1, rest.contains(where: { Int($0) != nil }) else { return nil }
      let ending = rest.joined(separator: "_")
      let match = keys.first { key in
        key.role == .weight && key.target.network == target.network
          && (key.target.key == ending || key.target.key.hasSuffix("_" + ending))
      }
      if let match { return .otherBeginning("\(match.target)") }
    }
    return nil
  }
}

extension Target {
  /// Whether a head may share the layer's weight.
  fileprivate var isSharedTable: Bool {
    isTokenTable
      && !["wpe", "position_embeddings", "position_embedding"].contains(where: key.hasSuffix)
  }
}

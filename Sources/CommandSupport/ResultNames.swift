/// What is wrong with the name of a safetensors file to be written, a sentence; `nil` where the name
/// promises nothing else.
package func misleadingName(of path: String) -> String? {
  let endings = [".ckpt", ".pt", ".pth", ".bin", ".pkl", ".gguf", ".onnx", ".npz", ".zip", ".png"]
  guard let ending = endings.first(where: path.lowercased().hasSuffix) else { return nil }
  return
    "\(path): is written as safetensors, not as \(ending) promises; other programs know it by a"
    + " name in .safetensors"
}

/// What is wrong with the name of a picture to be written, a sentence.
package func misleadingPictureName(of path: String) -> String? {
  let endings = [
    ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".jxl", ".svg",
    ".html", ".safetensors", ".st",
  ]
  guard endings.contains(where: path.lowercased().hasSuffix) else { return nil }
  return "Pictures are written as PNG; give \(path) a name in .png."
}

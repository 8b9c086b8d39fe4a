package import Tensors

/// Why a file is not a safetensors file that we can use.
package struct SafetensorsError: Error, Hashable {
  package enum Reason: Error, Hashable {
    /// Another kind of file altogether.
    case foreign(String)
    case noLength(fileBytes: Int)
    case headerTooLarge(bytes: UInt64)
    case shorterThanHeader(fileBytes: Int, headerBytes: Int)
    case invalidUTF8(offset: Int)
    case invalidJSON(detail: String, offset: Int)
    case duplicateTensor(TensorName)
    case invalidEntry(TensorName, detail: String)
    case invalidMetadata(detail: String)
    case unknownElementType(TensorName, spelling: String)
    case sizeOverflow(TensorName, shape: String)
    case partialByte(TensorName, shape: String, type: ElementType)
    case sizeMismatch(TensorName, shape: String, type: ElementType, bytes: UInt64)
    case invalidOffset(TensorName, expected: UInt64, begin: UInt64, end: UInt64)
    case dataSize(bytes: Int, needed: UInt64)
    case missingTensor(TensorName)
    case notNumeric(TensorName, type: ElementType)
  }

  package let file: String
  package let reason: Reason
}

extension SafetensorsError: CustomStringConvertible {
  package var description: String { "\(file): \(reason)" }
}

extension SafetensorsError.Reason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .foreign(let what): what
    case .noLength(let fileBytes):
      "has \(fileBytes) bytes, too few for a safetensors file; is the download complete?"
    case .headerTooLarge(let bytes):
      "the first 8 bytes claim a header of \(bytes) bytes, over the limit of \(Header.byteLimit); is this a safetensors file?"
    case .shorterThanHeader(let fileBytes, let headerBytes):
      "header claims \(headerBytes) bytes but the file has \(fileBytes); is the download complete?"
    case .invalidUTF8(let offset):
      "header is not UTF-8 at byte \(offset); is this a safetensors file?"
    case .invalidJSON(let detail, let offset):
      "header is not the JSON it should be at byte \(offset): \(detail); is this a safetensors file?"
    case .duplicateTensor(let name): "tensor '\(name)' is described twice; write the file again"
    case .invalidEntry(let name, let detail):
      "tensor '\(name)' has \(detail); is the file damaged?"
    case .invalidMetadata(let detail):
      "__metadata__ \(detail); it must be an object of strings, or null"
    case .unknownElementType(let name, let spelling):
      "tensor '\(name)' has element type '\(printable(spelling))', which safetensors does not know"
    case .sizeOverflow(let name, let shape):
      "tensor '\(name)' of shape \(shape) has more bytes than 64 bits can count; is the file damaged?"
    case .partialByte(let name, let shape, let type):
      "tensor '\(name)' of shape \(shape) and type \(type.rawValue) does not end on a whole byte; pad it"
    case .sizeMismatch(let name, let shape, let type, let bytes):
      "tensor '\(name)' of shape \(shape) and type \(type.rawValue) does not fill its \(bytes) bytes; is the file damaged?"
    case .invalidOffset(let name, let expected, let begin, let end):
      "tensor '\(name)' lies at bytes \(begin) to \(end), not at \(expected) where the one before it ends; is the file damaged?"
    case .dataSize(let bytes, let needed) where UInt64(bytes) > needed:
      "goes on after the \(needed) bytes of tensors that its header describes; is something appended to it?"
    case .dataSize(let bytes, let needed):
      "holds \(bytes) bytes of tensors, its header describes \(needed); is the download complete?"
    case .missingTensor(let name): "tensor '\(name)' is not in the file"
    case .notNumeric(let name, let type):
      "tensor '\(name)' is of type \(type.rawValue), which lora does not compute with"
    }
  }
}

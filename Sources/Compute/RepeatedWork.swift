/// A piece of work that is done many times: keep one for as long as its tensors are the same.
///
/// What a device recorded of it goes with it.
package final class RepeatedWork {
  /// The device's own.
  package var recording: AnyObject?

  package init() {}
}

// Compute — tensors, the operations of a diffusion model, and their gradients, on any device.
//
//     model ─▶ Tensor.linear, .groupNorm, .attention …  (Operations/: one file each)
//                 │ shape check          │ backward rule
//                 ▼                      ▼
//              Backend (protocol)  ◀── Tape.backward
//                 ▲
//      ComputeCPU, ComputeCUDA
//
// Layout: channels last everywhere, `[batch, height, width, channels]`; a picture is its own token
// matrix `[batch · height · width, channels]`.
//
// Gradients are computed only where a low-rank branch needs them. A tensor carries a `Node` when its
// gradient is wanted: the first adapted layer makes the first node, an operation is recorded only if
// an input has one, and a backward rule computes the gradients of those inputs only. Base weights
// have no node.
//
// An operation never waits for the device and never reads values back: `Tensor.values()` is the
// one call that does. What changes from step to step (learning rate, step number, noise) is read
// from tensors, so that a device may record one step and replay it.
//
// This module knows no device, no model and no file.

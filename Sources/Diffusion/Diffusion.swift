// Diffusion — Stable Diffusion 1.x, 2.x and XL from their files, on any device of Compute.
//
//     PretrainedModel(path:) ─┬─ unet(on:) ──▶ UNet.prediction(of: UNetInputs, adapters:)
//      (folder or one file,   ├─ vae(on:) ───▶ VAE.encode / .decode
//       recognized, mapped)   └─ textEncoders(on:) ─▶ TextEncoder.encode(tokens:) ─▶ TextState
//
//     unet.layers + textEncoder.layers ─▶ AdaptedModules(of: layers) { rank and alpha of a layer }
//          ─▶ Adapters(modules, values, on:, training:) ─▶ prediction, encode
//
// A training step, in the words of this module and Compute:
//
//     let prediction = unet.prediction(of: inputs, adapters: adapters)
//     let loss = prediction.loss(.squared, target: target, weights: weights)
//     tape.backward(from: loss.mean)                        // adds to adapters.gradient
//     let norm = backend.norm(of: adapters.gradient)
//     backend.clip(adapters.gradient, norm: norm, to: 1)
//     backend.adamW(state, rates: rates)
//     backend.fill(adapters.gradient, with: 0)
//
// Pictures and latents are channels last, [b, h, w, c]; `Tensor(channelsFirst:…)` and
// `channelsFirst()` convert from and to the files' [b, c, h, w]. Latents are the scaled ones that
// the U-Net knows; the VAE scales on its own.
//
// Names of tensors in files stand in `CheckpointKeys` only. This module knows no LoRA file except
// for the shapes and names of its tensors (`AdaptedModules`), and no optimizer.

// Diffusion — Stable Diffusion 1.x, 2.x and XL from their files, on any device of Compute.
//
//     PretrainedModel(path:) ─┬─ unet(on:) ──▶ UNet.prediction(of: UNetInputs, adapters:)
//      (folder or one file,   ├─ vae(on:) ───▶ VAE.encode / .decode
//       recognized, mapped)   └─ textEncoders(on:) ─▶ TextEncoder.encode(tokens:) ─▶ TextState
//                                  ─▶ .conditioning(state, skip:) | .penultimate, .pooled (SDXL)
//
//     textEncoder.layers + unet.layers ─▶ AdaptedModules(of: layers) { rank and alpha of a layer }
//                                      │
//                                      ▼
//     DeviceAdapters(modules, values:, tape:, dropout:, on:)            – trained
//     DeviceAdapters(modules, values:, on:)                             – only used
//     unet.merge(modules, values:, multiplier:)                         – baked in
//     unet(on:, changing: TensorChange)                                 – read with other numbers
//
// A training step, in the words of this module and Compute:
//
//     let prediction = unet.prediction(of: inputs, adapters: adapters, checkpointing: false)
//     let loss = prediction.loss(.squared, target: target, weights: weights)
//     tape.backward(from: loss.mean, scale: 1 / accumulation)   // adds to adapters.gradient
//     backend.clip(gradient, norm: backend.norm(of: gradient), to: 1)
//     backend.adamW(AdamState(parameters: adapters.parameters, gradient: gradient, …), rates:)
//     backend.fill(gradient, with: 0)
//
// Pictures and latents are channels last, [b, h, w, c]; files have [b, c, h, w]. Latents are the
// scaled ones that the U-Net knows; the VAE scales on its own.
//
// Names of tensors in files stand in the module Names. This module knows no LoRA file and no
// optimizer.

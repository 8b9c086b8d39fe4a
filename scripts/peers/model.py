"""A tiny U-Net with random weights, adapters for its layers, and their updates in float64.

A layer is (diffusers path, output extent, shape of the rest).
"""
import subprocess

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from safetensors.numpy import save_file

BLOCK = "down_blocks.0.attentions.0."
LAYERS = [
    (BLOCK + "proj_in", 32, (32, 1, 1)),
    (BLOCK + "transformer_blocks.0.attn1.to_q", 32, (32,)),
    (BLOCK + "transformer_blocks.0.attn1.to_k", 32, (32,)),
    (BLOCK + "transformer_blocks.0.attn2.to_v", 32, (768,)),
    (BLOCK + "transformer_blocks.0.attn2.to_out.0", 32, (32,)),
    (BLOCK + "transformer_blocks.0.ff.net.0.proj", 256, (32,)),
    (BLOCK + "transformer_blocks.0.ff.net.2", 32, (128,)),
    ("down_blocks.0.resnets.0.conv1", 32, (32, 3, 3)),
    ("up_blocks.1.attentions.1.transformer_blocks.0.attn1.to_v", 32, (32,)),
]


def unet():
    torch.manual_seed(0)
    return UNet2DConditionModel(
        sample_size=8, block_out_channels=(32, 32), layers_per_block=1, norm_num_groups=8,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), cross_attention_dim=768,
        attention_head_dim=8)


def kohya(path):
    return "lora_unet_" + path.replace(".", "_")


def random(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


def adapter(file, rank, alpha, seed, dora=False, spread=3):
    """Writes a random adapter under sd-scripts' names; returns its updates and magnitudes.

    Ranks differ by up to `spread` − 1, so that patterns of ranks and alphas count.
    """
    rng, tensors, updates, magnitudes = np.random.default_rng(seed), {}, {}, {}
    for index, (path, m, rest) in enumerate(LAYERS):
        r = rank + index % spread
        up, down = random(rng, m, r), random(rng, r, *rest)
        ones = (1,) * (len(rest) - 1)
        key = kohya(path)
        tensors |= {f"{key}.lora_up.weight": up.reshape(m, r, *ones),
                    f"{key}.lora_down.weight": down, f"{key}.alpha": np.array(alpha, np.float32)}
        if dora:
            magnitudes[path] = (rng.random((m, 1)) + 0.5).astype(np.float32)
            tensors[f"{key}.dora_scale"] = magnitudes[path].reshape(m, 1, *ones)
        updates[path] = alpha / r * (up.astype(np.float64) @ down.reshape(r, -1).astype(np.float64))
    save_file(tensors, file)
    return updates, magnitudes


def weights(model):
    """The layers' weights, m × rest, through whatever wraps them."""
    found = {}
    for path, m, _ in LAYERS:
        layer = model.get_submodule(path)
        layer = getattr(layer, "base_layer", layer)
        found[path] = layer.weight.detach().double().numpy().reshape(m, -1).copy()
    return found


class Checks:
    """Runs lora, and remembers whether all that was compared agreed."""

    def __init__(self, lora):
        self.lora, self.good = lora, True

    def run(self, *arguments):
        subprocess.run([self.lora, *map(str, arguments), "--quiet"], check=True)

    def compare(self, title, got, wanted, tolerance=1e-4):
        errors = [np.linalg.norm(got[k] - wanted[k]) / np.linalg.norm(wanted[k]) for k in wanted]
        agrees = max(errors) < tolerance
        self.good &= agrees
        print(f"{'ok  ' if agrees else 'FAIL'} {title}: {max(errors):.1e}", flush=True)

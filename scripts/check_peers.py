"""What PEFT and diffusers make of files that lora wrote, against float64 (see check-peers)."""
import os
import subprocess
import sys
import tempfile

import numpy as np
import torch
from safetensors.numpy import save_file

LORA = sys.argv[1]
RNG = np.random.default_rng(0)
BLOCK = "down_blocks_0_attentions_0_transformer_blocks_0_"
PATH = "down_blocks.0.attentions.0.transformer_blocks.0."
LAYERS = {"attn1_to_q": ("attn1.to_q", 32, 32), "attn1_to_k": ("attn1.to_k", 32, 32),
          "attn2_to_v": ("attn2.to_v", 32, 768)}


def run(*arguments):
    subprocess.run([LORA, *map(str, arguments), "--quiet"], check=True)


def adapter(path, rank, alpha, dora=False):
    """Writes a random adapter under sd-scripts' names; returns its updates (before magnitudes)."""
    tensors, updates = {}, {}
    for index, (name, (dotted, m, n)) in enumerate(LAYERS.items()):
        r = rank + index  # ranks differ: rank_pattern counts
        up, down = (RNG.standard_normal(s).astype(np.float32) for s in ((m, r), (r, n)))
        key = f"lora_unet_{BLOCK}{name}"
        tensors |= {f"{key}.lora_up.weight": up, f"{key}.lora_down.weight": down,
                    f"{key}.alpha": np.array(alpha, np.float32)}
        if dora:
            tensors[f"{key}.dora_scale"] = (RNG.random((m, 1)) + 0.5).astype(np.float32)
        updates[dotted] = alpha / r * (up.astype(np.float64) @ down.astype(np.float64))
    save_file(tensors, path)
    return updates, tensors


class Model(torch.nn.Module):
    """Modules under the paths that the adapters name, and nothing else."""

    def __init__(self):
        super().__init__()
        for dotted, m, n in LAYERS.values():
            parent = self
            *parts, leaf = (PATH + dotted).split(".")
            for part in parts:
                if not hasattr(parent, part):
                    parent.add_module(part, torch.nn.Module())
                parent = getattr(parent, part)
            parent.add_module(leaf, torch.nn.Linear(n, m, bias=False))

    def forward(self, x):
        return x


def weights(model):
    return {dotted: model.get_submodule(PATH + dotted).weight.detach().double().numpy().copy()
            for dotted, _, _ in LAYERS.values()}


def check(title, got, wanted, tolerance=1e-5):
    errors = [np.linalg.norm(got[k] - wanted[k]) / np.linalg.norm(wanted[k]) for k in wanted]
    print(f"{'ok  ' if max(errors) < tolerance else 'FAIL'} {title}: {max(errors):.1e}")
    return max(errors) < tolerance


def peft_update(folder):
    from peft import PeftModel
    model = Model()
    before = weights(model)
    merged = PeftModel.from_pretrained(model, folder).merge_and_unload()
    after = weights(merged)
    return before, {k: after[k] - before[k] for k in before}


def diffusers_update(path):
    from diffusers import UNet2DConditionModel
    unet = UNet2DConditionModel(
        sample_size=8, block_out_channels=(32, 32), layers_per_block=1, norm_num_groups=8,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), cross_attention_dim=768,
        attention_head_dim=8)
    before = weights(unet)
    unet.load_lora_adapter(path, prefix="unet")
    unet.fuse_lora()
    after = {dotted: unet.get_submodule(PATH + dotted).base_layer.weight.detach().double().numpy()
             for dotted, _, _ in LAYERS.values()}
    return {k: after[k] - before[k] for k in before}


def main():
    good = True
    with tempfile.TemporaryDirectory() as folder:
        at = lambda name: os.path.join(folder, name)
        a, _ = adapter(at("a.safetensors"), 4, 2.0)
        b, _ = adapter(at("b.safetensors"), 2, 3.0)
        cases = {
            "convert": (("convert", at("a.safetensors")), a),
            "diff": (("diff", at("b.safetensors"), at("a.safetensors")), {k: b[k] - a[k] for k in a}),
            "merge": (("merge", at("b.safetensors:0.7"), at("a.safetensors:-0.3")),
                      {k: 0.7 * b[k] - 0.3 * a[k] for k in a}),
        }
        for name, (arguments, wanted) in cases.items():
            run(*arguments, "--to", "peft", "--dtype", "f32", "-o", at(f"{name}-peft"))
            good &= check(f"{name}, PEFT", peft_update(at(f"{name}-peft"))[1], wanted, 1e-4)
            file = at(f"{name}-diffusers.safetensors")
            run(*arguments, "--to", "diffusers", "--dtype", "f32", "-o", file)
            good &= check(f"{name}, diffusers", diffusers_update(file), wanted, 1e-4)

        d, tensors = adapter(at("d.safetensors"), 3, 1.5, dora=True)
        run("convert", at("d.safetensors"), "--to", "peft", "--dtype", "f32", "-o", at("dora-peft"))
        before, got = peft_update(at("dora-peft"))
        wanted = {}
        for name, (dotted, _, _) in LAYERS.items():
            total = before[dotted] + d[dotted]
            magnitude = tensors[f"lora_unet_{BLOCK}{name}.dora_scale"].astype(np.float64)
            norm = np.linalg.norm(total, axis=1, keepdims=True)
            wanted[dotted] = magnitude * total / norm - before[dotted]
        good &= check("convert of DoRA, PEFT", got, wanted, 1e-4)
    return 0 if good else 1


sys.exit(main())

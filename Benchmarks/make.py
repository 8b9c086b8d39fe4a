#!/usr/bin/env python3
"""Makes files as large as real ones, of random numbers, for Benchmarks/run.

    Benchmarks/make.py FOLDER    # numpy; 0.4 GB, and 6.5 GB that take no room

sd1-a, sd1-b      Stable Diffusion 1, 264 modules, rank 64, F16: 75 MB.
sdxl              the 722 + 264 modules of SDXL that sd-scripts trains, rank 32, F16: 228 MB.
adapter           Stable Diffusion 1, rank 4, F16: 5 MB.
checkpoint        the header of an SDXL checkpoint of 6.5 GB over a hole that reads as zeros.
"""
import json
import pathlib
import sys

import numpy as np


def write(path, tensors, metadata, sparse=False):
    """tensors: name → (shape, array or None); F16."""
    header, end = {"__metadata__": metadata}, 0
    for name, (shape, _) in tensors.items():
        begin, end = end, end + 2 * int(np.prod(shape))
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        if sparse:
            file.truncate(8 + len(text) + end)
        else:
            for _, array in tensors.values():
                file.write(array.astype("<f2").tobytes())


def low_rank(rng, modules, rank):
    tensors = {}
    for name, (outputs, inputs) in sorted(modules.items()):
        tensors[f"{name}.alpha"] = ((), np.array(rank / 2))
        down = rng.standard_normal((rank, inputs), dtype=np.float32) / rank
        up = rng.standard_normal((outputs, rank), dtype=np.float32) * 0.01
        tensors[f"{name}.lora_down.weight"] = (down.shape, down)
        tensors[f"{name}.lora_up.weight"] = (up.shape, up)
    return tensors


def transformer(prefix, width, context, modules):
    for name, inputs in (("attn1", width), ("attn2", context)):
        modules[f"{prefix}_{name}_to_q"] = (width, width)
        modules[f"{prefix}_{name}_to_k"] = (width, inputs)
        modules[f"{prefix}_{name}_to_v"] = (width, inputs)
        modules[f"{prefix}_{name}_to_out_0"] = (width, width)
    modules[f"{prefix}_ff_net_0_proj"] = (8 * width, width)
    modules[f"{prefix}_ff_net_2"] = (width, 4 * width)


def text_encoder(prefix, layers, width, modules):
    for layer in range(layers):
        block = f"{prefix}_text_model_encoder_layers_{layer}"
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            modules[f"{block}_self_attn_{name}"] = (width, width)
        modules[f"{block}_mlp_fc1"] = (4 * width, width)
        modules[f"{block}_mlp_fc2"] = (width, 4 * width)


# Blocks with attention: name, width, attentions, transformer layers in each.
SD1 = [("down_blocks_0", 320, 2, 1), ("down_blocks_1", 640, 2, 1), ("down_blocks_2", 1280, 2, 1),
       ("mid_block", 1280, 1, 1), ("up_blocks_1", 1280, 3, 1), ("up_blocks_2", 640, 3, 1),
       ("up_blocks_3", 320, 3, 1)]
SDXL = [("down_blocks_1", 640, 2, 2), ("down_blocks_2", 1280, 2, 10), ("mid_block", 1280, 1, 10),
        ("up_blocks_0", 1280, 3, 10), ("up_blocks_1", 640, 3, 2)]


def unet(blocks, context):
    modules = {}
    for block, width, attentions, layers in blocks:
        for attention in range(attentions):
            prefix = f"lora_unet_{block}_attentions_{attention}"
            modules[f"{prefix}_proj_in"] = modules[f"{prefix}_proj_out"] = (width, width)
            for layer in range(layers):
                transformer(f"{prefix}_transformer_blocks_{layer}", width, context, modules)
    return modules


def sd1():
    modules = unet(SD1, 768)
    text_encoder("lora_te", 12, 768, modules)
    return modules


def sdxl():
    modules = unet(SDXL, 2048)
    text_encoder("lora_te1", 12, 768, modules)
    text_encoder("lora_te2", 32, 1280, modules)
    return modules


def checkpoint():
    """About as many tensors as SDXL's 2515, of about as many bytes, under its names' beginnings."""
    tensors = {}
    for name, shape in sdxl().items():
        key = name.replace("lora_unet", "model.diffusion_model").replace("lora_te", "conditioner.")
        tensors[f"{key}.weight"] = (shape, None)
        tensors[f"{key}.bias"] = (shape[:1], None)
    missing = 3_250_000_000 - sum(int(np.prod(shape)) for shape, _ in tensors.values())
    for index in range(400):
        tensors[f"first_stage_model.rest.{index}.weight"] = ((missing // 400,), None)
    return tensors


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(75)
    kohya = {"ss_network_module": "networks.lora", "ss_base_model_version": "sd_v1"}
    write(folder / "adapter.safetensors", low_rank(rng, sd1(), 4), kohya)
    write(folder / "sd1-a.safetensors", low_rank(rng, sd1(), 64), kohya)
    write(folder / "sd1-b.safetensors", low_rank(rng, sd1(), 64), kohya)
    write(folder / "sdxl.safetensors", low_rank(rng, sdxl(), 32), kohya)
    write(folder / "checkpoint.safetensors", checkpoint(), {"format": "pt"}, sparse=True)
    for path in sorted(folder.iterdir()):
        print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")
    print(f"{len(sd1())} and {len(sdxl())} modules")


main()

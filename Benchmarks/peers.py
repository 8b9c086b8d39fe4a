#!/usr/bin/env python3
"""What Python's tools take for the same work: the other side of the ratios.

    peers.py keys FILE    names and shapes, by safetensors
    peers.py norms FILE   the norm of every module's update, through its factors, by NumPy
    peers.py diff B A OUT B - A by concatenated factors, by NumPy and safetensors
"""
import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file


def modules(tensors):
    for name in tensors:
        if name.endswith(".lora_down.weight"):
            yield name.removesuffix(".lora_down.weight")


def factors(tensors, module):
    down = tensors[f"{module}.lora_down.weight"]
    return tensors[f"{module}.lora_up.weight"], down, float(tensors[f"{module}.alpha"]) / len(down)


def keys(path):
    with safe_open(path, "np") as file:
        print(sum(np.prod(file.get_slice(key).get_shape()) for key in file.keys()))


def norms(path):
    tensors = load_file(path)
    for module in modules(tensors):
        up, down, scale = factors(tensors, module)
        up, down = up.astype(np.float32), down.astype(np.float32)
        print(module, scale * np.sqrt(np.sum((up.T @ up) * (down @ down.T))))


def diff(b, a, out):
    b, a, result = load_file(b), load_file(a), {}
    for module in modules(b):
        (up_b, down_b, scale), (up_a, down_a, _) = factors(b, module), factors(a, module)
        result[f"{module}.lora_up.weight"] = np.concatenate([up_b, -up_a], 1)
        result[f"{module}.lora_down.weight"] = np.concatenate([down_b, down_a], 0)
        result[f"{module}.alpha"] = np.array(scale * up_b.shape[1] * 2, np.float16)
    save_file(result, out)


{"keys": keys, "norms": norms, "diff": diff}[sys.argv[1]](*sys.argv[2:])

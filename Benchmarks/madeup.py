"""Made-up adapters in kohya's form, and their files: the material of Benchmarks/operations.

A module is (up [out, r], down [r, in], alpha), float32.
"""
import numpy as np
from safetensors.numpy import load_file, save_file

RANK, ALPHA, DECAY = 16, 8.0, 0.8


def transformers(keys):
    """name → shape of the layers that sd-scripts adapts, from a checkpoint's keys and shapes."""
    return {
        "lora_unet_" + key.removesuffix(".weight").replace(".", "_"): (key, shape)
        for key, shape in keys.items()
        if "attentions" in key and key.endswith(".weight") and "norm" not in key
    }


def make(layers, seed):
    rng, modules = np.random.default_rng(seed), {}
    for name, (_, shape) in layers.items():
        up = rng.standard_normal((shape[0], RANK)) / shape[0] ** 0.5 * DECAY ** np.arange(RANK)
        down = rng.standard_normal((RANK, shape[1])) / shape[1] ** 0.5
        modules[name] = (up.astype(np.float32), down.astype(np.float32), ALPHA)
    return modules


def write(path, modules, layers):
    tensors = {}
    for name, (up, down, alpha) in modules.items():
        tail = (1, 1) if len(layers[name][1]) == 4 else ()
        tensors[f"{name}.lora_up.weight"] = up.reshape(up.shape + tail)
        tensors[f"{name}.lora_down.weight"] = down.reshape(down.shape + tail)
        tensors[f"{name}.alpha"] = np.array(alpha, np.float32)
    kohya = {"ss_network_module": "networks.lora", "ss_base_model_version": "sd_v1"}
    save_file(tensors, path, kohya)


def read(path):
    tensors = load_file(path)
    names = (key.removesuffix(".alpha") for key in tensors if key.endswith(".alpha"))
    def factor(name, part):
        tensor = tensors[f"{name}.lora_{part}.weight"]
        return tensor.reshape(tensor.shape[:2])
    return {
        name: (factor(name, "up"), factor(name, "down"), float(tensors[f"{name}.alpha"]))
        for name in names
    }

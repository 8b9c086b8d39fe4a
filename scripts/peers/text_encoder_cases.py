"""Text encoders: adapters of a tiny CLIP, under sd-scripts' names, loaded by diffusers."""
import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from model import random
from safetensors.numpy import save_file
from transformers import CLIPTextConfig, CLIPTextModel

LAYER = "encoder.layers.{}.{}"
NAMES = {"self_attn.q_proj": (32, 32), "self_attn.out_proj": (32, 32), "mlp.fc1": (64, 32),
         "mlp.fc2": (32, 64)}


def encoder():
    torch.manual_seed(1)
    return CLIPTextModel(CLIPTextConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        vocab_size=100, projection_dim=32))


def layers(model):
    """name → layer, wherever this version of transformers keeps the encoder."""
    found = {}
    for path, module in model.named_modules():
        for index in range(2):
            for name in NAMES:
                if path.endswith(LAYER.format(index, name)):
                    layer = getattr(module, "base_layer", module)
                    found[index, name] = layer.weight.detach().double().numpy().copy()
    return found


def check(checks, at):
    rng, files = np.random.default_rng(4), []
    wanted = {}
    for weight in (1.5, -0.5):
        tensors = {}
        for index in range(2):
            for name, (m, n) in NAMES.items():
                up, down = random(rng, m, 3), random(rng, 3, n)
                key = f"lora_te_text_model_{LAYER.format(index, name)}".replace(".", "_")
                tensors |= {f"{key}.lora_up.weight": up, f"{key}.lora_down.weight": down,
                            f"{key}.alpha": np.array(2, np.float32)}
                update = weight * 2 / 3 * (up.astype(np.float64) @ down)
                wanted[index, name] = wanted.get((index, name), 0) + update
        files.append(f"{at}/te{len(files)}.safetensors")
        save_file(tensors, files[-1])
        files[-1] += f":{weight}"
    for naming in ("kohya", "diffusers"):
        out = f"{at}/te-{naming}.safetensors"
        checks.run("merge", *files, "--to", naming, "-o", out)
        model = encoder()
        before = layers(model)
        tensors, alphas = StableDiffusionPipeline.lora_state_dict(out)
        StableDiffusionPipeline.load_lora_into_text_encoder(
            tensors, alphas, model, prefix="text_encoder")
        for module in model.modules():
            if hasattr(module, "merge") and hasattr(module, "base_layer"):
                module.merge()
        after = layers(model)
        got = {k: after[k] - before[k] for k in wanted}
        checks.compare(f"merge, text encoder, {naming} names", got, wanted)

"""Every algorithm of LyCORIS: what `lora merge --into` bakes, beside how its own modules act.

Not beside its get_merged_weight, which scales LoHa and LoKr twice.
"""
import subprocess

import torch
from lycoris.modules.boft import ButterflyOFTModule
from lycoris.modules.diag_oft import DiagOFTModule
from lycoris.modules.full import FullModule
from lycoris.modules.glora import GLoRAModule
from lycoris.modules.ia3 import IA3Module
from lycoris.modules.locon import LoConModule
from lycoris.modules.loha import LohaModule
from lycoris.modules.lokr import LokrModule
from safetensors.torch import load_file, save_file

CASES = {
    "LoRA": (LoConModule, {}),
    "LoCon, Tucker": (LoConModule, {"use_tucker": True}),
    "DoRA": (LoConModule, {"weight_decompose": True}),
    "DoRA of columns": (LoConModule, {"weight_decompose": True, "wd_on_out": False}),
    "LoHa": (LohaModule, {}),
    "LoHa, Tucker": (LohaModule, {"use_tucker": True}),
    "LoHa, DoRA": (LohaModule, {"weight_decompose": True}),
    "LoKr": (LokrModule, {"factor": 4}),
    "LoKr, both decomposed": (LokrModule, {"factor": 8, "decompose_both": True, "lora_dim": 2}),
    "LoKr, Tucker": (LokrModule, {"factor": 4, "use_tucker": True}),
    "LoKr, DoRA of columns": (LokrModule, {"weight_decompose": True, "wd_on_out": False}),
    "full": (FullModule, {}),
    "GLoRA": (GLoRAModule, {}),
    "(IA)³": (IA3Module, {}),
    "(IA)³ on input": (IA3Module, {"train_on_input": True}),
    "OFT": (DiagOFTModule, {"lora_dim": 8}),
    "OFT, constrained": (DiagOFTModule, {"lora_dim": 8, "constraint": 0.01}),
    "OFT, rescaled": (DiagOFTModule, {"lora_dim": 8, "rescaled": True}),
    "BOFT": (ButterflyOFTModule, {"lora_dim": 8}),
    "BOFT, constrained, rescaled":
        (ButterflyOFTModule, {"lora_dim": 8, "constraint": 0.01, "rescaled": True}),
}
LINEAR = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
CONVOLUTION = "down_blocks.0.resnets.0.conv1"


def module(algorithm, options, layer, name):
    """A module of random weights that acts in the layer's place."""
    made = algorithm(name, layer, **{"lora_dim": 4, "alpha": 2, **options})
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    made.apply_to()
    return made.eval()


def weight(layer, shape):
    """What multiplies the input, row by row, told by one-hot inputs of the kernel's size."""
    inputs = torch.eye(shape.numel()).reshape(-1, *shape)
    with torch.no_grad():
        return layer(inputs).flatten(1).T.double().numpy()


def check(checks, at):
    torch.manual_seed(5)
    folder = at / "lycoris" / "unet"
    folder.mkdir(parents=True)
    for title, (algorithm, options) in CASES.items():
        layers = {LINEAR: torch.nn.Linear(64, 96, bias=False),
                  CONVOLUTION: torch.nn.Conv2d(48, 32, 3, bias=False)}
        shapes = {path: layer.weight.shape[1:] for path, layer in layers.items()}
        base = {path: weight(layer, shapes[path]) for path, layer in layers.items()}
        save_file({f"{path}.weight": layer.weight.detach().clone()
                   for path, layer in layers.items()},
                  folder / "diffusion_pytorch_model.safetensors")
        tensors, acting = {}, []
        for path, layer in layers.items():
            name = "lycoris_" + path.replace(".", "_")
            acting.append(module(algorithm, options, layer, name))
            tensors |= {f"{name}.{key}": value.detach().clone().contiguous()
                        for key, value in acting[-1].state_dict().items()}
        save_file(tensors, at / "lycoris.safetensors")
        wanted = {path: weight(layer, shapes[path]) - base[path] for path, layer in layers.items()}
        try:
            checks.run("merge", at / "lycoris.safetensors", "--into", folder, "-o", at / "baked")
        except subprocess.CalledProcessError:
            checks.good = False
            print(f"FAIL bake {title}, LyCORIS: refused")
            continue
        after = load_file(at / "baked" / "diffusion_pytorch_model.safetensors")
        got = {path: after[f"{path}.weight"].flatten(1).double().numpy() - base[path]
               for path in base}
        checks.compare(f"bake {title}, LyCORIS", got, wanted)

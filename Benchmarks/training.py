#!/usr/bin/env python3
"""A training step of ours beside PyTorch's, by turns. See Benchmarks/training.

The peer is diffusers' U-Net with a LoRA network of sd-scripts' form (y = W x + s · B(A(x)) on each
linear layer and 1 × 1 convolution of the transformers: its default targets, 192 in SD 1.x),
rank 4, alpha 1, float32; a step is forward, squared error, backward, clip to 1 and AdamW. It runs
diffusers' fused attention, and asks for no gradient of the latents: sd-scripts does neither by
itself, so the peer is the faster for it.
"""
import argparse
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import time

import diffusers
import torch
from diffusers import UNet2DConditionModel

RANK, ALPHA, MODULES = 4, 1.0, 192
STEPS = 10  # in one turn


class Low(torch.nn.Module):
    """A layer and what the adapter adds to it."""

    def __init__(self, layer):
        super().__init__()
        if isinstance(layer, torch.nn.Conv2d):
            down = torch.nn.Conv2d(layer.in_channels, RANK, 1, bias=False)
            up = torch.nn.Conv2d(RANK, layer.out_channels, 1, bias=False)
        else:
            down = torch.nn.Linear(layer.in_features, RANK, bias=False)
            up = torch.nn.Linear(RANK, layer.out_features, bias=False)
        torch.nn.init.zeros_(up.weight)
        self.layer, self.down, self.up, self.scale = layer, down, up, ALPHA / RANK

    def forward(self, x):
        return self.layer(x) + self.up(self.down(x)) * self.scale


def adapt(unet):
    """Puts a Low around each layer of the transformers; the trained parameters."""
    unet.requires_grad_(False)
    blocks = [b for b in unet.modules() if type(b).__name__ == "Transformer2DModel"]
    places = [
        (parent, name, layer)
        for block in blocks
        for parent in block.modules()
        for name, layer in parent.named_children()
        if isinstance(layer, (torch.nn.Linear, torch.nn.Conv2d))
    ]
    for parent, name, layer in places:
        setattr(parent, name, Low(layer))
    if len(places) != MODULES:
        sys.exit(f"training: {len(places)} adapted layers, not {MODULES}")
    return [p for p in unet.parameters() if p.requires_grad]


class Peer:
    def __init__(self, model, side, batch, checkpointing):
        torch.manual_seed(1)
        self.unet = UNet2DConditionModel.from_pretrained(
            model, subfolder="unet", torch_dtype=torch.float32, low_cpu_mem_usage=False)
        self.parameters = adapt(self.unet)
        self.unet.train()
        if checkpointing:
            self.unet.enable_gradient_checkpointing()
        self.optimizer = torch.optim.AdamW(self.parameters, lr=1e-4, weight_decay=0.01)
        self.latents, self.target = torch.randn(2, batch, 4, side, side)
        self.context = torch.randn(batch, 77, self.unet.config.cross_attention_dim)
        self.timesteps = 100 + 300 * torch.arange(batch)

    def step(self):
        prediction = self.unet(self.latents, self.timesteps, self.context).sample
        torch.nn.functional.mse_loss(prediction, self.target).backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def run(self, steps):
        """Milliseconds of each step on the clock, and of processor time a step."""
        times, processor = [], resource.getrusage(resource.RUSAGE_SELF).ru_utime
        for _ in range(steps):
            start = time.monotonic()
            self.step()
            times.append(1000 * (time.monotonic() - start))
        used = resource.getrusage(resource.RUSAGE_SELF).ru_utime - processor
        return times, 1000 * used / steps


def output(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def ours(program, model, steps, side, batch, checkpointing):
    """The median of the steps, the least, and processor time a step, in ms; MiB at most."""
    command = [program, model, 2, steps, side, batch, int(checkpointing)]
    text = output([str(argument) for argument in command])
    step = re.search(r"^step: median ([\d.]+) ms, least ([\d.]+)", text, re.M)
    processor = re.search(r"^processor: ([\d.]+)", text, re.M)
    peak = re.search(r"process (\d+) MiB", text)
    return float(step[1]), float(step[2]), float(processor[1]), int(peak[1])


def row(what, mine, other, unit="ms"):
    print(f"  {what:22} ours {mine:9.1f} {unit:3}  PyTorch {other:9.1f} {unit:3}  "
          f"ratio {mine / other:5.2f}", flush=True)


def compare_small(program, model, rounds):
    print(f"\npaperdoll, float32, latents 16 × 16, batch 2, rank {RANK} ({MODULES} modules), "
          f"2 threads,\n{rounds} turns of {STEPS} steps each:", flush=True)
    peer = Peer(model, 16, 2, False)
    peer.run(3)
    mine, other, least, processors = [], [], [], []
    for _ in range(rounds):
        median, best, processor, _ = ours(program, model, STEPS, 16, 2, False)
        times, peer_processor = peer.run(STEPS)
        mine.append(median)
        other += times
        least.append(best)
        processors.append((processor, peer_processor))
    row("step, median", statistics.median(mine), statistics.median(other))
    row("step, least", min(least), min(other))
    row("processor, median", *(statistics.median(side) for side in zip(*processors)))


def make_large(folder):
    """SD 1.5's U-Net, float16, of PyTorch's initial values: the speed does not depend on them."""
    if not (folder / "unet/config.json").exists():
        torch.manual_seed(15)
        unet = UNet2DConditionModel(cross_attention_dim=768, sample_size=64)
        unet.half().save_pretrained(folder / "unet")
    return folder


def compare_large(program, model, steps):
    """The peer in a process of its own, so that its peak is its own."""
    print("\nSD 1.5's shapes, made-up float16 weights computed in float32, latents 64 × 64, "
          f"batch 1,\ngradient checkpointing, 2 threads, median of {steps} steps:", flush=True)
    median, _, processor, peak = ours(program, model, steps, 64, 1, True)
    text = output([sys.executable, __file__, program, model, "--peer-alone", str(steps)])
    peer_median, peer_processor, peer_peak = map(float, text.split())
    row("step", median / 1000, peer_median / 1000, "s")
    row("processor", processor / 1000, peer_processor / 1000, "s")
    row("memory at most", peak, peer_peak, "MiB")


def peer_alone(model, steps):
    times, processor = Peer(model, 64, 1, True).run(steps)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(statistics.median(times), processor, peak)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--steps", type=int, default=3, help="of --large")
    parser.add_argument("--peer-alone", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(2)
    if options.peer_alone:
        return peer_alone(options.model, options.peer_alone)
    print(f"PyTorch {torch.__version__}, diffusers {diffusers.__version__}")
    if options.large:
        large = make_large(pathlib.Path(".build/benchmarks/sd15"))
        compare_large(options.program, str(large), options.steps)
    else:
        compare_small(options.program, options.model, options.rounds)


main()

#!/usr/bin/env python3
"""The table of Benchmarks/operations: ours beside sd-scripts' rules (rules.py), by judge.py.

Two made-up adapters of SD 1.5's U-Net, 192 modules, rank 16, alpha 8, float32, singular values
that fall by 0.8. Times are processor time (of all threads, program and system), which other work
on the machine disturbs little. Ours is the whole program, from files to file; the rules are timed
without the start of Python; those with full SVDs also without reading and writing.
"""
import pathlib
import resource
import shutil
import subprocess
import sys

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from safetensors.numpy import load_file, save_file

import rules
from judge import error, exact, least, values
from madeup import ALPHA, RANK, make, read, transformers, write
from timing import copying, processor, timed

LORA, MODEL = sys.argv[1], pathlib.Path(sys.argv[2])
FILES = pathlib.Path(".build/benchmarks/operations")
LARGE = pathlib.Path(".build/benchmarks/sd15")
RATIOS, SHARE = (1, -1), 0.9
WIDTHS = {320: 5, 640: 5, 1280: 6}  # width: transformers
FULL_SVDS_OF = {320: 4, 640: 2, 1280: 2}  # how many of a transformer's shapes are decomposed in full

TITLE = """\
| operation | error, lora | time | least error there is | error, sd-scripts' rule | time | faster |
|---|--:|--:|--:|--:|--:|--:|"""
SAMPLING = """\
Errors are relative, in the Frobenius norm, in float64; of merge and resize over 8 modules, of both.
≈: full SVDs of one module of each of 8 shapes (four at width 320; width² and width × 768 at 640 and
1280) times the modules of that shape; the feed-forward layers at 640 and 1280 are reckoned from
those at 320 by the cube of the width, not timed. That reckoning was checked once by single SVDs of
all 12 shapes: 136 s of processor time for the 192 modules, of which 10240 × 1280 takes 9.8 s each."""


def lora(*arguments, runs=3):
    """The least processor time of some runs, in seconds."""
    times = []
    for _ in range(runs):
        start = processor(resource.RUSAGE_CHILDREN)
        command = [LORA, *map(str, arguments), "--quiet"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(processor(resource.RUSAGE_CHILDREN) - start)
    return min(times)


def torched(modules):
    return {n: (torch.from_numpy(u), torch.from_numpy(d), a) for n, (u, d, a) in modules.items()}


def arrays(module):
    return module[0].numpy(), module[1].numpy(), module[2]


def sample(layers):
    """One module of each shape that is decomposed in full, and how many modules it stands for.

    One that is too large to decompose here counts by its cost, taken as the cube of the width.
    """
    shapes = {}
    for name, (_, shape) in layers.items():
        shapes.setdefault(shape[:2], []).append(name)
    chosen = []
    for width in WIDTHS:
        wide = (8 * width, width), (width, 4 * width)
        for place, shape in enumerate(((width, width), (width, 768), *wide)):
            names = shapes[shape]
            if place < FULL_SVDS_OF[width]:
                chosen.append([names[0], len(names)])
            else:  # the same place at width 320, which comes first
                chosen[place][1] += len(names) * (width / 320) ** 3
    return chosen


def rule(chosen, work):
    """Results by module, and the seconds that all modules would take."""
    results, seconds = {}, 0.0
    for name, count in chosen:
        results[name], one = timed(lambda: work(name))
        seconds += one * count
    return results, seconds


def row(what, mine, seconds, best, theirs, their_seconds, mark=""):
    cells = (what, f"{mine:.3g}", f"{seconds:.2f} s", best, f"{theirs:.3g}",
             f"{mark}{their_seconds:.2f} s", f"{their_seconds / seconds:.1f} ×")
    print("|", " | ".join(cells), "|", flush=True)


def concat_files(paths, layers):
    """The rule from files to file."""
    a, b = (torched(read(path)) for path in paths)
    result = {name: arrays(rules.concat(a[name], b[name], RATIOS)) for name in layers}
    write(FILES / "theirs.safetensors", result, layers)
    return result


def compare_adapters(layers):
    a, b = make(layers, 1), make(layers, 2)
    paths = FILES / "a.safetensors", FILES / "b.safetensors"
    for path, modules in zip(paths, (a, b)):
        write(path, modules, layers)
    out, weighted = FILES / "out.safetensors", [f"{p}:{r}" for p, r in zip(paths, RATIOS)]
    ta, tb, chosen = torched(a), torched(b), sample(layers)
    total = {name: exact(list(zip(RATIOS, (a[name], b[name])))) for name, _ in chosen}

    seconds = lora("merge", *weighted, "-o", out)
    theirs, their_seconds = timed(lambda: concat_files(paths, layers))
    row("merge 1, −1, concat", error(read(out), total), seconds, "0",
        error(theirs, total), their_seconds)

    seconds = lora("merge", *weighted, "--method", "svd", "--rank", RANK, "-o", out)
    theirs, their_seconds = rule(
        chosen, lambda n: arrays(rules.svd_merge(ta[n], tb[n], RATIOS, RANK)))
    row(f"merge 1, −1, svd to rank {RANK}", error(read(out), total), seconds,
        f"{least(total, theirs, RANK):.3g}", error(theirs, total), their_seconds, "≈ ")

    alone = {name: exact([(1, a[name])]) for name, _ in chosen}
    seconds = lora("resize", paths[0], "--rank", 8, "-o", out)
    both, their_seconds = rule(chosen, lambda n: rules.resize(ta[n], 8))
    theirs = {n: arrays(module) for n, (module, _) in both.items()}
    row("resize to rank 8", error(read(out), alone), seconds, f"{least(alone, theirs, 8):.3g}",
        error(theirs, alone), their_seconds, "≈ ")

    lora("resize", paths[0], "--sv-fro", SHARE, "-o", out)
    ranks = [len(read(out)[n][1]) for n in theirs]
    peer = [rules.rank_by_norm(spectrum, SHARE, RANK) for _, spectrum in both.values()]
    means = [np.mean([needed(alone[n]) for n in theirs]), np.mean(ranks), np.mean(peer)]
    return ("resize --sv-fro {}, mean rank over the 8 modules: needed {:.2f}, ours {:.2f}, "
            "the rule's {:.2f}.".format(SHARE, *means))


def needed(factors):
    """The smallest rank that keeps the share of the norm."""
    energy = np.cumsum(values(factors) ** 2)
    return int(np.argmax(energy >= SHARE ** 2 * energy[-1])) + 1


def shapes_of(tensors):
    return {key: value.shape for key, value in tensors.items()}


def add(tensors, layers, modules, ratio=1.0):
    """`merge_lora --sd_model`: float32, back into the tensors' type."""
    for name, module in modules.items():
        key = layers[name][0]
        weight = torch.from_numpy(tensors[key])
        change = ratio * rules.update(module).reshape(weight.shape)
        tensors[key] = (weight.float() + change).to(weight.dtype).numpy()


def compare_extraction():
    """On the small model: W + Δ and W, both float32."""
    part = "unet/diffusion_pytorch_model.safetensors"
    base = {k: v.astype(np.float32) for k, v in load_file(MODEL / part).items()}
    layers = transformers(shapes_of(base))
    tuned, modules = dict(base), make(layers, 3)
    add(tuned, layers, torched(modules))
    for name, tensors in (("base", base), ("tuned", tuned)):
        (FILES / name / "unet").mkdir(parents=True, exist_ok=True)
        shutil.copy(MODEL / "unet/config.json", FILES / name / "unet")
        save_file(tensors, FILES / name / part)
    out = FILES / "out.safetensors"
    seconds = lora("diff", FILES / "tuned/unet", FILES / "base/unet", "--rank", RANK, "-o", out)

    def extract(name):
        key = layers[name][0]
        change = torch.from_numpy(tuned[key]) - torch.from_numpy(base[key])
        return arrays(rules.clamped(change.flatten(1), RANK))
    theirs, their_seconds = rule([(name, 1) for name in layers], extract)
    wanted = {n: exact([(1, modules[n])]) for n in layers}
    row(f"extract at rank {RANK}, small model", error(read(out), wanted), seconds, "≈ 0",
        error(theirs, wanted), their_seconds)


def compare_baking(large, layers):
    """Into 1.7 GB of float16; both from file to file, so that the disk is in both.

    Returns what copying the file takes beside it, in turns: the least of three each.
    """
    part, out, ratio = "unet/diffusion_pytorch_model.safetensors", FILES / "baked", 0.8
    modules = make(layers, 1)
    turns = []
    for _ in range(3):
        shutil.rmtree(out, ignore_errors=True)
        bake = "merge", f"{FILES}/a.safetensors:{ratio}", "--into", LARGE, "-o", out
        turns.append((lora(*bake, runs=1), copying(LARGE / part, FILES / "copy")))
    seconds, copied = map(min, zip(*turns))
    mine = load_file(out / part)
    shutil.rmtree(out)

    def bake_by_rule():
        tensors = load_file(LARGE / part)
        add(tensors, layers, torched(modules), ratio)
        save_file(tensors, FILES / "theirs.safetensors")
        return tensors
    theirs, their_seconds = timed(bake_by_rule)
    (FILES / "theirs.safetensors").unlink()

    def off(result):
        sums = np.zeros(2)
        for name, (up, down, alpha) in list(modules.items())[::8]:
            key = layers[name][0]
            change = ratio * alpha / RANK * (up.astype(np.float64) @ down)
            exactly = large[key].astype(np.float64) + change.reshape(large[key].shape)
            sums += np.sum((result[key] - exactly) ** 2), np.sum(exactly ** 2)
        return (sums[0] / sums[1]) ** 0.5
    row("bake into 1.7 GB of F16 (error of the weights)", off(mine), seconds, "F16",
        off(theirs), their_seconds)
    return ("Baking takes {:.2f} of the processor time of cp and sync of the file ({:.2f} s; the "
            "least of three, in turns).".format(seconds / copied, copied))


def make_large(folder):
    torch.manual_seed(15)
    unet = UNet2DConditionModel(cross_attention_dim=768, sample_size=64)
    unet.half().save_pretrained(folder / "unet")


def main():
    FILES.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)
    if not (LARGE / "unet/config.json").exists():
        make_large(LARGE)
    large = load_file(LARGE / "unet/diffusion_pytorch_model.safetensors")
    layers = transformers(shapes_of(large))
    print(f"PyTorch {torch.__version__}, 2 threads.\n\n{TITLE}", flush=True)
    note = compare_adapters(layers)
    compare_extraction()
    note += "\n\n" + compare_baking(large, layers)
    print(f"\n{note}\n\n{__doc__.split(chr(10), 2)[2]}{SAMPLING}")


main()

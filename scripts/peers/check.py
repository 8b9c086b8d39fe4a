"""What PEFT, diffusers and LyCORIS make of files that lora wrote or bakes (see check-peers)."""
import pathlib
import sys
import tempfile

import lycoris_cases
import numpy as np
import text_encoder_cases
from model import Checks, adapter, unet, weights
from peft import PeftModel


def best(update, rank):
    left, values, right = np.linalg.svd(update, full_matrices=False)
    return left[:, :rank] * values[:rank] @ right[:rank]


def peft_update(folder):
    model = unet()
    before = weights(model)
    after = weights(PeftModel.from_pretrained(model, folder).merge_and_unload())
    return before, {k: after[k] - before[k] for k in before}


def diffusers_update(file):
    """Of a file under diffusers' names."""
    model = unet()
    before = weights(model)
    model.load_lora_adapter(file, prefix="unet")
    model.fuse_lora()
    after = weights(model)
    return {k: after[k] - before[k] for k in before}


def kohya_update(file):
    """Of a file under sd-scripts' names, which diffusers renames as it loads."""
    from diffusers import StableDiffusionPipeline
    model = unet()
    before = weights(model)
    tensors, alphas = StableDiffusionPipeline.lora_state_dict(str(file))
    StableDiffusionPipeline.load_lora_into_unet(tensors, alphas, model)
    model.fuse_lora()
    after = weights(model)
    return {k: after[k] - before[k] for k in before}


def operations(checks, at, namings, spread):
    """Each command's result in each naming that the peers read."""
    at.mkdir()
    a, _ = adapter(at / "a.safetensors", 4, 2.0, seed=1, spread=spread)
    b, _ = adapter(at / "b.safetensors", 2, 3.0, seed=2, spread=spread)
    cases = {
        "convert": (("convert", at / "a.safetensors"), a),
        "diff": (("diff", at / "b.safetensors", at / "a.safetensors"),
                 {k: b[k] - a[k] for k in a}),
        "merge": (("merge", f"{at}/b.safetensors:0.7", f"{at}/a.safetensors:-0.3"),
                  {k: 0.7 * b[k] - 0.3 * a[k] for k in a}),
        "svd merge": (("merge", f"{at}/b.safetensors:1", f"{at}/a.safetensors:-1",
                       "--method", "svd", "--rank", 3), {k: best(b[k] - a[k], 3) for k in a}),
        "resize": (("resize", at / "a.safetensors", "--rank", 2), {k: best(a[k], 2) for k in a}),
        "growing": (("resize", at / "a.safetensors", "--rank", 9), a),
    }
    for name, (arguments, wanted) in cases.items():
        for naming in namings:
            out = path(at, name, naming)
            checks.run(*arguments, "--to", naming, "--dtype", "f32", "-o", out)
            checks.compare(f"{name}, {naming} names", UPDATES[naming](out), wanted)
    for naming in namings:
        out = at / f"resized-{naming}"
        checks.run("resize", path(at, "merge", naming), "--rank", 3, "--to", "peft", "-o", out)
        wanted = {k: best(0.7 * b[k] - 0.3 * a[k], 3) for k in a}
        checks.compare(f"resize of {naming} names, PEFT", peft_update(out)[1], wanted)


UPDATES = {"peft": lambda folder: peft_update(folder)[1], "diffusers": diffusers_update,
           "kohya": kohya_update}


def path(at, name, naming):
    return f"{at}/{name}-{naming}" + ("" if naming == "peft" else ".safetensors")


def decomposed(checks, at):
    d, magnitudes = adapter(at / "d.safetensors", 3, 1.5, seed=3, dora=True)
    checks.run("convert", at / "d.safetensors", "--to", "peft", "--dtype", "f32", "-o", at / "dora")
    before, got = peft_update(at / "dora")
    wanted = {}
    for path in d:
        total = before[path] + d[path]
        norm = np.linalg.norm(total, axis=1, keepdims=True)
        wanted[path] = magnitudes[path].astype(np.float64) * total / norm - before[path]
    checks.compare("convert of DoRA, PEFT", got, wanted)


def main():
    checks = Checks(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        at = pathlib.Path(folder)
        operations(checks, at / "differing", ("peft", "diffusers"), spread=3)
        # Of alphas that differ, diffusers takes one for all q, k, v and out of sd-scripts' files.
        operations(checks, at / "alike", ("kohya",), spread=1)
        decomposed(checks, at)
        text_encoder_cases.check(checks, at)
        lycoris_cases.check(checks, at)
    return 0 if checks.good else 1


sys.exit(main())

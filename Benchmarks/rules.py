"""sd-scripts' rules for adapters, from their description, as the peer of Benchmarks/operations.

A module is (up [out, r], down [r, in], alpha), float32 tensors and a number.
"""
import torch

QUANTILE = 0.99


def concat(a, b, ratios):
    """`merge_lora --concat`: weight and √ of the alphas' ratio on both factors, the first's alpha."""
    (up_a, down_a, alpha), (up_b, down_b, alpha_b) = a, b
    factors = ratios[0], ratios[1] * (alpha_b / alpha) ** 0.5
    up = torch.cat([up_a * abs(factors[0]), up_b * abs(factors[1])], 1)
    down = torch.cat([down_a * factors[0], down_b * factors[1]], 0)
    return up, down, alpha


def update(module):
    up, down, alpha = module
    return alpha / len(down) * (up @ down)


def clamped(matrix, rank):
    """`svd_merge_lora` and `extract_lora_from_models`: full SVD, entries cut at a quantile."""
    left, values, right = torch.linalg.svd(matrix)
    up, down = left[:, :rank] * values[:rank], right[:rank]
    limit = torch.quantile(torch.cat([up.flatten(), down.flatten()]), QUANTILE)
    return up.clamp(-limit, limit), down.clamp(-limit, limit), float(rank)


def svd_merge(a, b, ratios, rank):
    return clamped(ratios[0] * update(a) + ratios[1] * update(b), rank)


def resize(module, rank):
    """`resize_lora`: full SVD of up · down; the result, and the singular values for the rules."""
    up, down, alpha = module
    left, values, right = torch.linalg.svd(up @ down)
    return (left[:, :rank] * values[:rank], right[:rank], alpha / len(down) * rank), values


def rank_by_norm(values, share, most):
    """`resize_lora --dynamic_method sv_fro`: an index that is used as a count, and one added."""
    energy = torch.cumsum(values ** 2, 0) / torch.sum(values ** 2)
    enough = int(torch.searchsorted(energy, share ** 2)) + 1
    return min(max(1, min(enough, len(values) - 1)) + 1, most)

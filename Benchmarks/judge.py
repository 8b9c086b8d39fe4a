"""Errors of adapters in float64, through their factors: the judge of Benchmarks/operations.

A module is (up [out, r], down [r, in], alpha); a sum of updates is one pair of float64 factors.
"""
import numpy as np


def exact(terms):
    """Σ c · update as float64 factors."""
    ups = [c * alpha / len(down) * up.astype(np.float64) for c, (up, down, alpha) in terms]
    downs = [down.astype(np.float64) for _, (_, down, _) in terms]
    return np.hstack(ups), np.vstack(downs)


def values(factors):
    up, down = factors
    return np.linalg.svd(np.linalg.qr(up)[1] @ np.linalg.qr(down.T)[1].T, compute_uv=False)


def error(results, wanted):
    """‖result − wanted‖ / ‖wanted‖ over the wanted modules, in float64, through their factors."""
    off = size = 0.0
    for name, module in ((name, results[name]) for name in wanted):
        up, down = exact([(1, module)])
        rest = np.hstack([up, -wanted[name][0]]), np.vstack([down, wanted[name][1]])
        off += np.sum(values(rest) ** 2)
        size += np.sum(values(wanted[name]) ** 2)
    return (off / size) ** 0.5


def least(wanted, names, rank):
    """The error of the best approximation at a rank."""
    spectra = [values(wanted[name]) ** 2 for name in names]
    return (sum(s[rank:].sum() for s in spectra) / sum(s.sum() for s in spectra)) ** 0.5

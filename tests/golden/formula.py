"""The closed formulas for all inputs; `formula.rs` is the same in Rust, `README.md` explains."""

import math

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def seed(label):
    """FNV-1a, 64 bits, of the label's bytes."""
    value = 0xCBF29CE484222325
    for byte in label.encode():
        value = ((value ^ byte) * 0x100000001B3) % 2**64
    return value


def bits(n, label):
    """n numbers of 64 bits: SplitMix64 from the label's seed."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed(label)) + np.arange(1, n + 1, dtype=np.uint64) * _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def unit(n, label):
    """n numbers in [0, 1), multiples of 2^-53."""
    return (bits(n, label) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def values(n, label, scale):
    """n numbers in [-scale, scale)."""
    return (unit(n, label) * 2.0 - 1.0) * scale


def labels(n, label, classes):
    """n class numbers (i64)."""
    return (bits(n, label) % np.uint64(classes)).astype(np.int64)


def mask(n, label, keep):
    """n truth values, each true with about the probability `keep`."""
    return unit(n, label) < keep


def tensor(label, name, shape):
    """A parameter or buffer of the state `label`, by its name's ending and its rank."""
    n, full = math.prod(shape), f"{label}/{name}"
    if name.endswith("num_batches_tracked"):
        return np.zeros(n).reshape(shape)
    if name.endswith("running_var"):
        out = 1.0 + values(n, full, 0.5)
    elif name.endswith(("running_mean", "bias")):
        out = values(n, full, 0.25)
    elif len(shape) == 1:
        out = 1.0 + values(n, full, 0.25)
    else:
        out = values(n, full, math.sqrt(3.0 / math.prod(shape[1:])))
    return out.reshape(shape)


PROJECTIONS = 4


def projections(name, flat):
    """The inner products of a tensor with four random directions of its name."""
    n = len(flat)
    return [float(flat @ values(n, f"projection-{k}/{name}", 1.0)) for k in range(PROJECTIONS)]

"""Golden values of moving masks: gmp, set and rigl, each once from formulas and once in a training."""

import json
import math

import numpy as np
import torch
from formula import mask, projections, seed, values
from networks import State
from safetensors.numpy import save_file

LABEL, WIDTH, BATCH, SIDE, KEEP, SEED = "update", 4, 8, 16, 0.4, 42
LR, MOMENTUM, DECAY = 0.05, 0.9, 2e-4
PER_EPOCH = 3


# What happens to one layer (or, for gmp, to all layers joined), as flat arrays.


def prune(weight, kept, count):
    """The `count` largest of the kept weights stay; of equal ones the first."""
    order = sorted(np.flatnonzero(kept), key=lambda i: (-abs(weight[i]), i))
    left = np.zeros(len(kept), dtype=bool)
    left[order[: max(count, 0)]] = True
    return left


def exchange(weight, kept, growth, fraction):
    """Drops that share of the kept weights, the smallest; grows as many of the inactive ones."""
    count = math.floor(fraction * kept.sum())
    left = prune(weight, kept, kept.sum() - count)
    order = sorted(np.flatnonzero(~left), key=lambda i: (-growth[i], i))
    left[order[:count]] = True
    return left


# When, and how much.


def gmp_density(step, keep, begin, end):
    done = min(max(step - begin, 0) / (end - begin), 1.0)
    return keep + (1.0 - keep) * (1.0 - done) ** 3


def cosine(step, fraction, stop):
    return fraction * (1.0 + math.cos(math.pi * step / stop)) / 2.0


# Jackpot's random numbers: Philox4x32-10, keyed as the documentation of `Stream` says.

M64 = 2**64 - 1


def mix(x):
    z = (x + 0x9E3779B97F4A7C15) & M64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M64
    return z ^ (z >> 31)


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


# Published with the Random123 library.
assert philox([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]


def uniform(n, purpose, a, b):
    """n numbers in [0, 1) of the stream (SEED, purpose, a, b), 24 bits each."""
    key = mix(mix(SEED) ^ mix(seed(purpose)))
    key = [key & 0xFFFFFFFF, key >> 32]
    words = [word for i in range((n + 3) // 4) for word in philox([i, 0, b, a], key)]
    return np.array([word >> 8 for word in words[:n]]) / 2.0**24


class Network:
    """Weights, gradients and masks of the convolutions, flat, in state-dict order."""

    def __init__(self):
        self.state = State(LABEL, "resnet8", WIDTH, BATCH, SIDE, torch.float64)
        parameters = list(self.state.net.named_parameters())
        self.places = {name: place for place, (name, _) in enumerate(parameters)}
        self.parameters = dict(parameters)
        convolutions = [(name, value) for name, value in parameters if value.dim() == 4]
        self.sizes = {name: value.numel() for name, value in convolutions}
        self.masks = {name: mask(n, f"{LABEL}/mask/{name}", KEEP) for name, n in self.sizes.items()}

    def move(self, plugin, params, step, total, weights, gradients):
        """The masks after an update at that step."""
        if plugin == "gmp":
            end = min(round(params["end"] * total), total - 1)
            density = gmp_density(step, params["keep"], 0, end)
            if params["per_layer"]:
                return {
                    name: prune(weights[name], kept, round_half_up(density * len(kept)))
                    for name, kept in self.masks.items()
                }
            joined = prune(
                np.concatenate([weights[name] for name in self.masks]),
                np.concatenate(list(self.masks.values())),
                round_half_up(density * sum(self.sizes.values())),
            )
            cuts = np.cumsum(list(self.sizes.values()))[:-1]
            return dict(zip(self.masks, np.split(joined, cuts)))
        fraction = cosine(step, params["fraction"], round_half_up(params["stop"] * total))
        moved = {}
        for name, kept in self.masks.items():
            if plugin == "rigl":
                growth = np.abs(gradients[name])
            else:
                place = self.places[name]
                growth = uniform(len(kept), "plugin/update/set/step", step, place)
            moved[name] = exchange(weights[name], kept, growth, fraction)
        return moved

    def packed(self):
        """All masks, a bit each, the first one highest."""
        return np.packbits(np.concatenate(list(self.masks.values())))


def round_half_up(x):
    return math.floor(x + 0.5)


def coarse(name, what, n, kept=None):
    """Few different values, so that many are equal; both zeros are among them."""
    x = np.floor(values(n, f"{LABEL}/{what}/{name}", 1.0) * 8.0) / 8.0
    return x if kept is None else np.where(kept, x, 0.0)


def alone(plugin, params, steps, total):
    """Updates one after the other, on weights and gradients by formula."""
    net, out = Network(), {}
    for step in steps:
        weights = {
            name: coarse(name, f"weight/{step}", n, net.masks[name])
            for name, n in net.sizes.items()
        }
        gradients = {name: coarse(name, f"gradient/{step}", n) for name, n in net.sizes.items()}
        net.masks = net.move(plugin, params, step, total, weights, gradients)
        out[f"{step}/mask"] = net.packed()
    return out


def training(plugin, params, steps, total):
    """SGD with momentum, step by step, with the updates where the papers have them."""
    net, out = Network(), {}
    momenta = {name: torch.zeros_like(value) for name, value in net.parameters.items()}

    def apply():
        for name, kept in net.masks.items():
            value = net.parameters[name]
            keep = torch.from_numpy(kept).reshape(value.shape)
            value.data = torch.where(keep, value.data, 0.0)
            momenta[name] = torch.where(keep, momenta[name], 0.0)

    apply()
    losses = []
    for step in range(total):
        inputs, targets = net.state.batch(f"{LABEL}/{step % 4}")
        loss, gradients = net.state.gradients(inputs, targets)
        losses.append(loss.item())
        if step in steps:
            flat = lambda named: {name: named[name].detach().numpy().ravel() for name in net.masks}
            weights = flat(net.parameters)
            net.masks = net.move(plugin, params, step, total, weights, flat(gradients))
            apply()
            out[f"{step}/mask"] = net.packed()
            if plugin != "gmp":
                continue
        for name, value in net.parameters.items():
            gradient = gradients[name] + DECAY * value.data
            momenta[name] = MOMENTUM * momenta[name] + gradient
            value.data = value.data - LR * momenta[name]
        apply()
    out["loss"] = np.array(losses)
    numbers = lambda x: x.detach().numpy().ravel()
    rows = lambda named: np.array([projections(name, numbers(x)) for name, x in named.items()])
    out["weights"], out["momenta"] = rows(net.parameters), rows(momenta)
    return out


def make(data):
    cases = [
        ("gmp", {"keep": 0.05, "end": 0.75, "per_layer": False}),
        ("gmp", {"keep": 0.05, "end": 0.75, "per_layer": True}),
        ("set", {"fraction": 0.3, "stop": 0.75}),
        ("rigl", {"fraction": 0.3, "stop": 0.75}),
    ]
    ways = [("alone", alone, 10, 60), ("training", training, 2, 16)]
    tensors, about = {}, []
    for plugin, params in cases:
        for way, run, every, total in ways:
            end = round(0.75 * total)
            if plugin == "gmp":
                steps = [*range(0, end, every), end]
            else:
                steps = list(range(every, end, every))
            name = f"{way}-{plugin}" + ("-per-layer" if params.get("per_layer") else "")
            found = run(plugin, params, steps, total)
            tensors |= {f"{name}/{key}": np.ascontiguousarray(x) for key, x in found.items()}
            params = params | {"every": f"{every}it"}
            about.append(
                {"name": name, "plugin": plugin, "params": params, "steps": steps, "total": total}
            )
    save_file(tensors, data / "update.safetensors")
    shared = {"label": LABEL, "width": WIDTH, "batch": BATCH, "side": SIDE, "classes": 10}
    shared |= {"keep": KEEP, "lr": LR, "momentum": MOMENTUM, "weight_decay": DECAY}
    shared |= {"steps_per_epoch": PER_EPOCH}
    index = {"architecture": "resnet8"} | shared | {"cases": about}
    (data / "update.json").write_text(json.dumps(index, indent=1) + "\n")
    print("update", (data / "update.safetensors").stat().st_size, "bytes")

"""Golden values of the scores: plain PyTorch, each score by its definition."""

import json
import math

import numpy as np
import torch
import torch.nn.functional as F
from formula import labels, mask, projections, tensor
from resnet import ARCHITECTURES
from safetensors.numpy import save_file
from torch import nn
from torch.func import functional_call, grad, jvp

CLASSES, PER_CLASS, SIDE = 10, 10, 16
TEMPERATURE = 200.0
# Of the weights that are left before: in the dense network, and under a mask of half of them.
KEEP = {"dense": 0.1, "masked": 0.2}
MASKED = 0.5


def chain(width):
    """VGG's shape, small: six convolutions with biases, batch normalisation, three poolings."""
    layers, inputs = [], 3
    for times in (1, 1, "M", 2, 2, "M", 4, 4, "M"):
        outputs = times * width
        if times == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        layers += [conv, nn.BatchNorm2d(outputs), nn.ReLU()]
        inputs = outputs
    named = {"features": nn.Sequential(*layers), "flatten": nn.Flatten()}
    net = nn.Sequential()
    for name, part in named.items():
        net.add_module(name, part)
    net.add_module("classifier", nn.Linear(4 * width * (SIDE // 8) ** 2, CLASSES))
    return net


NETWORKS = {"resnet8": lambda width: ARCHITECTURES["resnet8"](width, CLASSES), "chain": chain}
# The width that projections are stored of; of tiny networks, whole scores.
WIDTH, TINY = 16, 2


class Case:
    """A network whose weights are rounded to f32, its prunable weights and masks, its batch."""

    def __init__(self, name, masked, dtype, width=WIDTH):
        label = f"scores/{name}" if width == WIDTH else f"scores/tiny-{name}"
        self.net = NETWORKS[name](width).to(dtype)
        with torch.no_grad():
            for key, value in self.net.state_dict().items():
                exact = torch.from_numpy(np.asarray(tensor(label, key, value.shape)))
                value.copy_(exact.float())
        prunable = [n for n, p in self.net.named_parameters() if p.dim() == 4]
        self.masks = {n: torch.ones_like(self.weight(n), dtype=torch.bool) for n in prunable}
        if masked:
            for n in prunable:
                keep = torch.from_numpy(mask(self.weight(n).numel(), f"{label}/mask/{n}", MASKED))
                self.masks[n] = keep.reshape(self.weight(n).shape)
        with torch.no_grad():
            for n, keep in self.masks.items():
                self.weight(n).copy_(torch.where(keep, self.weight(n), 0.0))
        images = CLASSES * PER_CLASS
        pixels = labels(images * 3 * SIDE * SIDE, f"{label}/pixels", 256)
        pixels = torch.from_numpy(pixels).reshape(images, 3, SIDE, SIDE).float()
        self.inputs = ((pixels / torch.tensor([255.0]) - 0.5) / 0.25).to(dtype)
        self.targets = torch.from_numpy(labels(images, f"{label}/labels", CLASSES))

    def weight(self, name):
        return self.net.get_parameter(name)

    def weights(self):
        return {name: self.weight(name).detach().clone() for name in self.masks}

    def loss(self, weights, statistics, temperature=1.0):
        """The mean cross-entropy with those prunable weights."""
        self.net.train(statistics == "batch")
        buffers = {name: value.clone() for name, value in self.net.named_buffers()}
        logits = functional_call(self.net, (weights, buffers), (self.inputs,))
        return F.cross_entropy(logits / temperature, self.targets)

    def left(self, scores):
        """Scores of what is left, 0 elsewhere."""
        return {n: torch.where(keep, scores[n], 0.0) for n, keep in self.masks.items()}


def magnitude(case):
    return {name: weight.abs() for name, weight in case.weights().items()}


def snip(case, statistics):
    """The derivatives by masks that multiply the weights."""
    weights = case.weights()
    ones = {name: torch.ones_like(weight, requires_grad=True) for name, weight in weights.items()}
    product = {name: weight * ones[name] for name, weight in weights.items()}
    found = torch.autograd.grad(case.loss(product, statistics), list(ones.values()))
    return {name: part.abs() for name, part in zip(ones, found)}


def grasp(case, statistics):
    """Differentiates the product of the gradient and its constant self."""
    weights = {name: weight.requires_grad_() for name, weight in case.weights().items()}
    loss = case.loss(weights, statistics, TEMPERATURE)
    g = dict(zip(weights, torch.autograd.grad(loss, list(weights.values()), create_graph=True)))
    stopped = case.left({name: part.detach() for name, part in g.items()})
    product = sum((g[name] * stopped[name]).sum() for name in g)
    hg = torch.autograd.grad(product, list(weights.values()))
    hg = dict(zip(weights, hg))
    if loss.dtype == torch.float64:
        check_hessian(case, statistics, stopped, hg)
    return {name: weight.detach() * hg[name] for name, weight in weights.items()}


def check_hessian(case, statistics, g, hg):
    """Hg once more, as the derivative of the gradient along g (forward over reverse)."""
    gradient = grad(lambda weights: case.loss(weights, statistics, TEMPERATURE))
    _, again = jvp(gradient, (case.weights(),), (g,))
    for name in hg:
        torch.testing.assert_close(again[name], hg[name], rtol=1e-8, atol=1e-12 * norm(hg))


def norm(tensors):
    return math.sqrt(sum(float((part * part).sum()) for part in tensors.values()))


def synflow(case):
    """Every parameter and running statistic made absolute, an image of ones, eval mode."""
    case.net.eval()
    state = case.net.state_dict()
    state = {n: v.abs() if v.is_floating_point() else v for n, v in state.items()}
    weights = {name: state[name].clone().requires_grad_() for name in case.masks}
    ones = torch.ones_like(case.inputs[:1])
    flow = functional_call(case.net, state | weights, (ones,)).sum()
    found = torch.autograd.grad(flow, list(weights.values()))
    return {n: (part * weights[n].detach()).abs() for n, part in zip(weights, found)}


def highest(masks, scores, keep):
    """The `keep` highest of what is left, the first of equals first."""
    joined = lambda tensors: torch.cat([tensors[name].reshape(-1) for name in masks])  # noqa: E731
    flat = joined(scores).double()
    flat[~joined(masks)] = -math.inf
    kept = torch.zeros_like(flat, dtype=torch.bool)
    kept[torch.sort(flat, descending=True, stable=True).indices[:keep]] = True
    parts = kept.split([value.numel() for value in masks.values()])
    return {name: part.reshape(masks[name].shape) for name, part in zip(masks, parts)}


def count(masks):
    return sum(int(keep.sum()) for keep in masks.values())


def rounds(name, score, target, number):
    """Prunes a network in rounds whose densities fall geometrically; gives the last masks."""
    case = Case(name, False, torch.float64)
    total = count(case.masks)
    for index in range(1, number + 1):
        keep = target if index == number else round(total * (target / total) ** (index / number))
        case.masks = highest(case.masks, score(case), keep)
        with torch.no_grad():
            for n, kept in case.masks.items():
                case.weight(n).copy_(torch.where(kept, case.weight(n), 0.0))
    return case.masks


def by_layer(masks, scores, keep):
    """The same share of every layer, rounded such that all together are `keep`: the share is
    found by bisection; then the highest scores of each layer."""
    low, high = 0.0, 1.0
    sizes = {name: int(kept.sum()) for name, kept in masks.items()}
    for _ in range(200):
        share = (low + high) / 2
        total = sum(math.floor(share * size + 0.5) for size in sizes.values())
        if total == keep:
            break
        low, high = (share, high) if total < keep else (low, share)
    else:
        raise SystemExit("no share gives that total; choose another one")
    one = lambda n: highest({n: masks[n]}, scores, math.floor(share * sizes[n] + 0.5))  # noqa: E731
    return {name: one(name)[name] for name in masks}


def erk(shapes, keep):
    """Densities by the paper's procedure: as long as one is above 1, that layer becomes dense, and
    the rest is worked out again."""
    size = {name: math.prod(shape) for name, shape in shapes.items()}
    raw = {name: sum(shape) / size[name] for name, shape in shapes.items()}
    dense = set()
    while True:
        open_layers = [name for name in shapes if name not in dense]
        left = keep - sum(size[name] for name in dense)
        scale = left / sum(raw[name] * size[name] for name in open_layers)
        full = {name for name in open_layers if scale * raw[name] > 1}
        if not full:
            break
        dense |= full
    return [1.0 if name in dense else scale * raw[name] for name in shapes]


SCORES = {
    "magnitude": magnitude,
    "snip-batch": lambda case: snip(case, "batch"),
    "snip-running": lambda case: snip(case, "running"),
    "grasp-batch": lambda case: grasp(case, "batch"),
    "grasp-running": lambda case: grasp(case, "running"),
    "synflow": synflow,
}


def project(tensors):
    """A row for each tensor."""
    flat = {name: part.double().numpy().reshape(-1) for name, part in tensors.items()}
    return np.array([projections(name, part) for name, part in flat.items()])


def network(name):
    out, about = {}, {"label": f"scores/{name}", "network": name, "keep": KEEP, "masked": MASKED}
    for kind, share in KEEP.items():
        exact = Case(name, kind == "masked", torch.float64)
        keep = round(share * count(exact.masks))
        for score, function in SCORES.items():
            found = exact.left(function(exact))
            out[f"{kind}/{score}/scores"] = project(found)
            kept = highest(exact.masks, found, keep)
            out[f"{kind}/{score}/mask"] = project(kept)
            single = Case(name, kind == "masked", torch.float32)
            other = highest(single.masks, single.left(function(single)), keep)
            differing = sum(int((kept[n] != other[n]).sum()) for n in kept)
            print(name, kind, score, "keeps", keep, "PyTorch's f32 differs in", differing)
        layers = by_layer(exact.masks, magnitude(exact), keep)
        out[f"{kind}/magnitude-layer/mask"] = project(layers)
    case = Case(name, False, torch.float64)
    total = count(case.masks)
    out["synflow-rounds"] = project(rounds(name, synflow, round(0.05 * total), 20))
    out["snip-rounds"] = project(rounds(name, SCORES["snip-batch"], round(0.05 * total), 5))
    about |= {"rounds_keep": 0.05, "synflow_rounds": 20, "snip_rounds": 5}
    shapes = {n: list(keep.shape) for n, keep in case.masks.items()}
    for density in (0.05, 0.2, 0.5):
        out[f"erk-{density}"] = np.array(erk(shapes, round(density * total)))
    about["erk"] = [0.05, 0.2, 0.5]
    return out, about


def tiny(name):
    """Every score of every weight that is left, and the masks."""
    label, out, counts = f"scores/tiny-{name}", {}, {}
    for kind, share in KEEP.items():
        case = Case(name, kind == "masked", torch.float64, TINY)
        keep = counts[kind] = round(share * count(case.masks))
        for score, function in SCORES.items():
            found = case.left(function(case))
            kept = highest(case.masks, found, keep)
            parts = [(found[n][m], kept[n][m]) for n, m in case.masks.items()]
            out[f"{kind}/{score}/scores"] = np.concatenate([x.numpy() for x, _ in parts])
            flags = np.concatenate([x.numpy() for _, x in parts])
            out[f"{kind}/{score}/mask"] = flags.astype(np.uint8)
    about = {"label": label, "network": name, "width": TINY, "keep": counts, "masked": MASKED}
    return out, about


def make(data):
    index = {"cases": {}}
    cases = {name: lambda name=name: network(name) for name in NETWORKS}
    cases |= {f"tiny-{name}": lambda name=name: tiny(name) for name in NETWORKS}
    for name, case in cases.items():
        tensors, about = case()
        file = f"scores-{name}.safetensors"
        save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, data / file)
        index["cases"][name] = {"file": file} | about
        print(file, (data / file).stat().st_size, "bytes")
    (data / "scores.json").write_text(json.dumps(index, indent=1) + "\n")

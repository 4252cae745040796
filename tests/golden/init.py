"""Golden values of the items of kind init: the scales of lrsi step by step, and what PyTorch's
initialisers make of shapes."""

import json
import math

import numpy as np
import torch
from convnets import Vgg16
from formula import labels, mask, tensor, values
from resnet import ARCHITECTURES
from safetensors.numpy import save_file
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

CLASSES, BATCH, ITERATIONS = 10, 4, 50
CHECKPOINTS = [1, 5, 20, 50]
NETWORKS = {  # width, the side of the images, and the network
    "resnet8": (4, 8, lambda: ARCHITECTURES["resnet8"](4, CLASSES)),
    "vgg16": (2, 32, lambda: Vgg16(2, CLASSES, (3, 32, 32))),
    "vgg16-wide": (6, 32, lambda: Vgg16(6, CLASSES, (3, 32, 32))),
}
RUNS = {
    # name: network, parameters of the item that are not the default, share of weights kept, and
    # what is zero: a convolution's weight pruned as a whole, a bias
    "resnet8-sgd": ("resnet8", {"gamma": 2.0}, 0.3, ["layer2.0.conv1.weight", "bn1.bias"]),
    "resnet8-adam": ("resnet8", {"gamma": 30.0, "eta": 0.003}, 0.3, ["layer2.0.conv1.weight"]),
    "vgg16-sgd": ("vgg16", {"gamma": 12.0, "lr": 0.03, "floor": 0.9}, 0.5, []),
    "vgg16-adam": ("vgg16", {"gamma": 850.0, "eta": 0.01, "floor": 0.9}, 0.5, []),
    # Wide enough that no scale falls to the floor, which is the default.
    "vgg16-wide-sgd": ("vgg16-wide", {"gamma": 16.0}, 0.5, []),
    "vgg16-wide-adam": ("vgg16-wide", {"gamma": 2500.0, "eta": 0.003}, 0.5, []),
}
DEFAULTS = {"eta": 0.1, "gamma": 1.0, "lr": 0.01, "floor": 0.01, "clip": 1.0}


class Rescaling:
    """GradInit on a masked network, written down as it is defined: the weights are functions of
    the scales, and autograd differentiates by these."""

    def __init__(self, name, network, params, keep, zero):
        self.label, self.adam = f"lrsi/{name}", name.endswith("adam")
        self.set = DEFAULTS | params
        self.width, self.side, make = NETWORKS[network]
        # Batch statistics, and no running ones.
        self.net = make().double().train()
        for module in self.net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.track_running_stats = False
                module.running_mean = module.running_var = module.num_batches_tracked = None
        self.start, self.masks = {}, {}
        for key, like in self.net.named_parameters():
            weight = torch.from_numpy(tensor(self.label, key, like.shape))
            if like.dim() == 4:
                kept = mask(like.numel(), f"{self.label}/mask/{key}", keep) & (key not in zero)
                self.masks[key] = torch.from_numpy(kept).reshape(like.shape)
                weight = torch.where(self.masks[key], weight, 0.0)
            self.start[key] = weight * 0.0 if key in zero else weight
        self.scales = {key: 1.0 for key in self.start}
        fresh = {"norm": [0.0, 0], "loss": [0.0, 0], "square": 0.0}
        self.moments = {key: dict(fresh) for key in self.start}
        self.drawn = 0

    def batch(self):
        label, shape = f"{self.label}/batch-{self.drawn}", (BATCH, 3, self.side, self.side)
        self.drawn += 1
        pixels = values(math.prod(shape), f"{label}/inputs", 1.0).reshape(shape)
        return torch.from_numpy(pixels), torch.from_numpy(labels(BATCH, f"{label}/labels", CLASSES))

    def loss(self, weights, a, b):
        inputs, targets = torch.cat([a[0], b[0]]), torch.cat([a[1], b[1]])
        return F.cross_entropy(functional_call(self.net, weights, inputs), targets)

    def iterate(self):
        """One iteration; says what it made smaller."""
        first, second = self.batch(), self.batch()
        leaf = dict(dtype=torch.float64, requires_grad=True)
        scales = {key: torch.tensor(scale, **leaf) for key, scale in self.scales.items()}
        weights = {key: scales[key] * self.start[key] for key in scales}
        loss = self.loss(weights, first, second)
        found = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
        gradients = dict(zip(weights, found))
        for key, kept in self.masks.items():
            gradients[key] = torch.where(kept, gradients[key], 0.0)
        joined = torch.cat([gradient.flatten() for gradient in gradients.values()])
        norm = joined.abs().sum() if self.adam else joined.square().sum().sqrt()
        if norm.item() > self.set["gamma"]:
            kind, objective = "norm", norm
        else:
            kind, moved = "loss", {}
            for key, weight in weights.items():
                gradient = gradients[key].detach()
                step = gradient.sign() if self.adam else gradient / norm.detach()
                moved[key] = weight - self.set["eta"] * step
            objective = self.loss(moved, first, self.batch()) / self.set["eta"]
        slopes = torch.autograd.grad(objective, list(scales.values()))
        for key, slope in zip(scales, slopes):
            if weights[key].norm().item() > 0:
                self.step(key, kind, slope.item())
        return kind

    def without_effect(self):
        """Biases of convolutions whose result is normalised: their exact slope is 0, and what Adam
        makes of it is rounding errors."""
        names = [key.removesuffix("bias") for key in self.start if key.endswith("bias")]
        convolutions = [name for name in names if self.start[f"{name}weight"].dim() == 4]
        return [f"{name}bias" for name in convolutions]

    def step(self, key, kind, slope):
        slope = min(max(slope, -self.set["clip"]), self.set["clip"])
        moments = self.moments[key]
        average, count = moments[kind]
        moments[kind] = [0.9 * average + 0.1 * slope, count + 1]
        moments["square"] = 0.999 * moments["square"] + 0.001 * slope**2
        steps = moments["norm"][1] + moments["loss"][1]
        average = moments[kind][0] / (1 - 0.9 ** (count + 1))
        root = math.sqrt(moments["square"] / (1 - 0.999**steps))
        scale = self.scales[key] - self.set["lr"] * average / (root + 1e-8)
        floor = 0.0 if key.endswith("bias") else self.set["floor"]
        self.scales[key] = max(scale, floor)


def lrsi(name):
    """The scales: rows are `checkpoints`, columns parameters in state-dict order."""
    network, params, keep, zero = RUNS[name]
    run = Rescaling(name, network, params, keep, zero)
    scales, kinds = [], []
    for iteration in range(1, ITERATIONS + 1):
        kinds.append(run.iterate())
        if iteration in CHECKPOINTS:
            scales.append(list(run.scales.values()))
    counts = {kind: kinds.count(kind) for kind in ("norm", "loss")}
    assert min(counts.values()) >= 10, f"{name}: both kinds of steps should be there: {counts}"
    last = scales[-1]
    print(f"{name}: {counts}, scales {min(last):.3f} to {max(last):.3f},", end=" ")
    architecture = network.removesuffix("-wide")
    about = {"label": run.label, "network": architecture, "params": params, "keep": keep}
    about |= {"zero": zero, "classes": CLASSES, "side": run.side, "batch": BATCH}
    about |= {"algorithm": "adam" if run.adam else "sgd", "parameters": list(run.scales)}
    about |= {"checkpoints": CHECKPOINTS, "norm_steps": counts["norm"], "width": run.width}
    about["without_effect"] = run.without_effect()
    off = [abs(run.scales[key] - 1) for key in about["without_effect"]]
    print(f"those without effect at most {max(off, default=0):.0e} from 1")
    return {"scales": np.array(scales)}, about


SHAPES = [(64, 32, 3, 3), (96, 16, 3, 3), (64, 1, 5, 5), (48, 200)]
NONLINEARITIES = [("linear", 0.0), ("sigmoid", 0.0), ("tanh", 0.0), ("relu", 0.0), ("selu", 0.0),
                  ("leaky_relu", 0.01), ("leaky_relu", 0.5)]


def deviations():
    """The standard deviation that PyTorch's initialisers give the weights of some shapes."""
    about = {"shapes": [list(shape) for shape in SHAPES], "kaiming": [], "xavier": []}
    out = {}
    for mode in ("fan_in", "fan_out"):
        for nonlinearity, slope in NONLINEARITIES:
            gain = nn.init.calculate_gain(nonlinearity, slope)
            fans = [nn.init._calculate_correct_fan(torch.empty(shape), mode) for shape in SHAPES]
            row = {"mode": mode, "nonlinearity": nonlinearity, "negative_slope": slope}
            about["kaiming"].append(row)
            out[f"kaiming-{len(about['kaiming']) - 1}"] = gain / np.sqrt(np.array(fans, float))
    for gain in (1.0, 2.5):
        fans = [nn.init._calculate_fan_in_and_fan_out(torch.empty(shape)) for shape in SHAPES]
        about["xavier"].append({"gain": gain})
        sums = np.array([sum(pair) for pair in fans], float)
        out[f"xavier-{len(about['xavier']) - 1}"] = gain * np.sqrt(2 / sums)
    return out, about


def make(data):
    index = {"torch": torch.__version__.split("+")[0], "cases": {}}
    cases = {f"lrsi-{name}": lambda name=name: lrsi(name) for name in RUNS}
    cases["deviations"] = deviations
    for name, case in cases.items():
        tensors, about = case()
        file = f"init-{name}.safetensors"
        save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, data / file)
        index["cases"][name] = {"file": file} | about
        print(name, (data / file).stat().st_size, "bytes")
    (data / "init.json").write_text(json.dumps(index, indent=1) + "\n")

"""Golden values of every architecture: state dict, forward, gradients, steps from thirty states."""

import json
import math

import convnets
import networks
import numpy as np
import resnet
import torch
from formula import PROJECTIONS, labels, mask, projections, seed, tensor, values
from networks import DECAY, MARGIN, MOMENTUM, NOISE, array, deviation
from safetensors.numpy import save_file

CLASSES, RATE, STATES = 10, 0.1, 30
INPUTS = [(1, 28, 28), (3, 32, 32), (3, 64, 64)]

# Of each: the default width, a small one, and batch and shape of the images of steps.
NETWORKS = {
    "resnet8": (16, 4, 8, (3, 8, 8)),
    "resnet20": (16, 4, 8, (3, 8, 8)),
    "resnet32": (16, 4, 8, (3, 8, 8)),
    "resnet44": (16, 2, 8, (3, 8, 8)),
    "resnet56": (16, 2, 8, (3, 8, 8)),
    "resnet110": (16, 2, 8, (3, 8, 8)),
    "resnet18": (64, 4, 8, (3, 16, 16)),
    "resnet34": (64, 2, 8, (3, 16, 16)),
    "resnet50": (64, 3, 8, (3, 16, 16)),
    "vgg16": (64, 4, 4, (3, 32, 32)),
    "mobilenet": (32, 4, 8, (3, 32, 32)),
    "mobilenet-v2": (32, 4, 8, (3, 16, 16)),
    "lenet-300-100": (300, 30, 8, (1, 28, 28)),
    "lenet-5": (20, 4, 8, (1, 28, 28)),
}
ATTEMPTS = 100

# Width, batch and shape of gradients, where the above is too noisy.
GRADIENTS = {"vgg16": (8, 8, (3, 17, 17))}


def kept(architecture):
    """The part of the weights that masks keep. Of the nine weights of a channel by itself some
    must stay, or batch normalisation magnifies next to nothing."""
    return 0.5 if architecture.startswith("mobilenet") else 0.2


def network(architecture, width, shape):
    if architecture in convnets.ARCHITECTURES:
        return convnets.ARCHITECTURES[architecture](width, CLASSES, shape)
    return resnet.ARCHITECTURES[architecture](width, CLASSES, shape[0])


class State(networks.State):
    """As there, for any architecture and shape; also linear weights have masks."""

    def __init__(self, label, architecture, width, batch, shape, dtype):
        self.label, self.dtype, self.classes = label, dtype, CLASSES
        self.keep = kept(architecture)
        self.net = network(architecture, width, shape).to(dtype)
        with torch.no_grad():
            for name, value in self.net.state_dict().items():
                value.copy_(torch.from_numpy(tensor(label, name, value.shape)))
        self.shape = (batch, *shape)
        self.inputs, self.targets = self.batch(label)
        self.smallest = math.inf
        for module in self.net.modules():
            if isinstance(module, torch.nn.ReLU):
                module.register_forward_pre_hook(self.note)
            if isinstance(module, torch.nn.MaxPool2d):
                module.register_forward_pre_hook(self.note_gap)

    def note_gap(self, pool, inputs):
        """Also keeps the smallest gap between the two largest of a window, unless both are zero:
        then no gradient passes the ReLU before."""
        x = inputs[0].detach()
        if pool.ceil_mode:
            odd = [size % 2 for size in x.shape[2:]]
            x = torch.nn.functional.pad(x, (0, odd[1], 0, odd[0]))
        windows = x.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)
        first, second = windows.topk(2, dim=4).values.unbind(4)
        gaps = (first - second)[first > 0]
        if len(gaps):
            self.smallest = min(self.smallest, gaps.min().item())

    def prune(self):
        """Masks on the weights of convolutions and linear layers, momentum by formula."""
        self.optimizer = torch.optim.SGD(
            self.net.parameters(), lr=RATE, momentum=MOMENTUM, weight_decay=DECAY
        )
        self.masks, self.momenta = {}, {}
        for name, value in self.net.named_parameters():
            n, shape = value.numel(), value.shape
            start = values(n, f"{self.label}/momentum/{name}", 0.01)
            self.momenta[name] = torch.from_numpy(start).reshape(shape).to(self.dtype)
            self.optimizer.state[value]["momentum_buffer"] = self.momenta[name]
            if len(shape) > 1:
                keep = mask(n, f"{self.label}/mask/{name}", self.keep)
                self.masks[name] = torch.from_numpy(keep).reshape(shape)
        self.apply_masks(self.momenta)
        self.apply_masks(self.net.state_dict())


def settled(base, shape, measure, noise, margin=MARGIN):
    """As `networks.settled`, of these states, with any measure of f32's noise."""
    for attempt in range(ATTEMPTS):
        label, found, exact = attempt_at(base, shape, measure, noise, margin, attempt)
        if found <= NOISE:
            return label, exact, found
    raise SystemExit(f"{base}: no state is fit for f32")


def quietest(base, shape, measure, noise):
    """Of as many attempts the one with the least noise."""
    attempts = range(ATTEMPTS)
    found = [attempt_at(base, shape, measure, noise, MARGIN, attempt) for attempt in attempts]
    label, least, exact = min(found, key=lambda attempt: attempt[1])
    return label, exact, least


def attempt_at(base, shape, measure, noise, margin, attempt):
    label = f"{base}/{attempt}"
    state = State(label, *shape, torch.float64)
    exact = measure(state)
    if state.smallest < margin:
        return label, math.inf, None
    rounded = measure(State(label, *shape, torch.float32))
    return label, max(noise(rounded[k], exact[k]) for k in exact if exact[k]), exact


def joined(tensors):
    """Four projections of all tensors together, each divided by the root of its size."""
    rows = [np.array(projections(k, x)) / math.sqrt(len(x)) for k, x in tensors.items()]
    return sum(rows, np.zeros(PROJECTIONS))


def joined_deviation(ours, exact):
    """How far all tensors together are apart, each divided by the root of its size."""

    def norm(tensors):
        return math.sqrt(sum(float(x @ x) / len(x) for x in tensors))

    return norm(ours[k] - exact[k] for k in exact) / (norm(exact.values()) or 1.0)


def state_dict(architecture, width, shape):
    """How many numbers the parameters are, and the hash of all names and shapes."""
    with torch.device("meta"):
        net = network(architecture, width, shape)

    def lines(tensors):
        return "".join(" ".join([name, *map(str, x.shape)]) + "\n" for name, x in tensors)

    text = lines(net.named_parameters()) + lines(net.named_buffers())
    count = sum(x.numel() for x in net.parameters())
    return {"width": width, "shape": shape, "parameters": count, "names": str(seed(text))}


def forward(architecture, width, shape):
    """Logits in eval and train mode, and the running statistics that train mode leaves."""

    def measure(state):
        with torch.no_grad():
            found = {"eval": array(state.net.eval()(state.inputs))}
            found["train"] = array(state.net.train()(state.inputs))
        return {"logits": found, "statistics": state.statistics()}

    name = "x".join(map(str, shape))
    base = f"forward/{architecture}/{name}"
    label, exact, noise = settled(base, (architecture, width, 4, shape), measure, deviation, 0.0)
    out = {f"forward/{name}/{mode}": logits for mode, logits in exact["logits"].items()}
    out[f"forward/{name}/statistics"] = joined(exact["statistics"])
    about = {"name": name, "label": label, "width": width, "batch": 4, "shape": shape}
    return out, about | {"pytorch_f32": noise}


def gradient(architecture, width, batch, shape):
    """The loss, and of each parameter's gradient the projections."""

    def measure(state):
        loss, gradients = state.gradients(state.inputs, state.targets)
        return {"loss": {"": array(loss)}, "all": {k: array(g) for k, g in gradients.items()}}

    base = f"gradient/{architecture}"
    label, exact, noise = quietest(base, (architecture, width, batch, shape), measure, deviation)
    out = {"gradient/loss": exact["loss"][""], "gradient/all": networks.project(exact["all"])}
    about = {"label": label, "width": width, "batch": batch, "shape": shape}
    return out, about | {"pytorch_f32": noise}


def steps(architecture, width, batch, shape):
    """One masked step from each of thirty states: loss before it, weights and momenta after it."""

    def measure(state):
        state.prune()
        loss = state.step(RATE, state.inputs, state.targets)
        momenta = {name: array(value) for name, value in state.momenta.items()}
        return {
            "loss": {"": np.array([loss])},
            "weights": state.parameters(),
            "momenta": momenta,
            "statistics": state.statistics(),
        }

    images = (architecture, width, batch, shape)
    rows, labelled, worst = {"loss": [], "weights": [], "momenta": [], "statistics": []}, [], 0.0
    for index in range(STATES):
        base = f"step-{index:02}/{architecture}"
        label, exact, noise = settled(base, images, measure, joined_deviation)
        rows["loss"].append(exact["loss"][""][0])
        for kind in ("weights", "momenta", "statistics"):
            rows[kind].append(joined(exact[kind]))
        labelled.append(label)
        worst = max(worst, noise)
    out = {f"steps/{kind}": np.array(found) for kind, found in rows.items()}
    return out, {"labels": labelled, "pytorch_f32": worst}


def make(data):
    cases = []
    for name, (full, small, batch, shape) in NETWORKS.items():
        out, about = {}, {"file": f"architectures-{name}.safetensors"}
        about["state_dicts"] = [state_dict(name, full, shape) for shape in INPUTS]
        about["state_dicts"].append(state_dict(name, 5, (3, 32, 32)))
        about |= {"width": small, "classes": CLASSES, "batch": batch, "shape": shape}
        about |= {"lr": RATE, "momentum": MOMENTUM, "weight_decay": DECAY, "keep": kept(name)}
        about["forward"] = []
        for images in INPUTS:
            tensors, case = forward(name, small, images)
            out |= tensors
            about["forward"].append(case)
        tensors, about["gradient"] = gradient(name, *GRADIENTS.get(name, (small, batch, shape)))
        out |= tensors
        tensors, about["steps"] = steps(name, small, batch, shape)
        out |= tensors
        path = data / about["file"]
        save_file({key: np.ascontiguousarray(value) for key, value in out.items()}, path)
        cases.append(f"{json.dumps(name)}: {json.dumps(about)}")
        print(name, path.stat().st_size, "bytes", flush=True)
    # A line for each.
    version = json.dumps(torch.__version__.split("+")[0])
    index = f'{{"torch": {version}, "cases": {{\n' + ",\n".join(cases) + "\n}}\n"
    (data / "architectures.json").write_text(index)

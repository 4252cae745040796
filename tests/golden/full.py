"""Golden values of the architectures as they are by default: full width, images of full size."""

import json

import architectures
import networks
import numpy as np
import torch
import torch.nn.functional as F
from networks import array, deviation
from safetensors.numpy import save_file

# Images in a batch; of two, where a batch's statistics are those of large images even at the end.
BATCH = {"vgg16": 4, "mobilenet": 4, "mobilenet-v2": 4, "lenet-300-100": 4, "lenet-5": 4}
# What f32 is judged on: PyTorch's own f32 is no further from f64, and the input of every ReLU is
# as many times further from zero than f32's errors there.
NOISE, SAFETY, ATTEMPTS = 4e-5, 3.0, 20


def measure(state):
    """Logits in eval and train mode, the statistics that train mode leaves, loss and gradients."""
    with torch.no_grad():
        logits = {"eval": array(state.net.eval()(state.inputs))}
    found = state.net.train()(state.inputs)
    logits["train"] = array(found)
    loss = F.cross_entropy(found, state.targets)
    parameters = dict(state.net.named_parameters())
    gradients = torch.autograd.grad(loss, list(parameters.values()))
    gradients = {name: array(g) for name, g in zip(parameters, gradients)}
    out = {"logits": logits, "statistics": state.statistics()}
    return out | {"loss": {"": array(loss)}, "gradients": gradients}


def listen(state):
    """Keeps what decides in train mode: what every ReLU reads, and the gap between the two largest
    of a pooling's window, unless both are zero."""
    read = []

    def keep(module, inputs):
        x = inputs[0].detach().double()
        if isinstance(module, torch.nn.MaxPool2d):
            windows = x.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)
            first, second = windows.topk(2, dim=4).values.unbind(4)
            x = torch.where(first > 0, first - second, 1.0)
        if module.training:
            read.append(x)

    for module in state.net.modules():
        if isinstance(module, (torch.nn.ReLU, torch.nn.MaxPool2d)):
            module.register_forward_pre_hook(keep)
    return read


def safety(exact, rounded):
    """How many times further from zero than f32's errors there (their root mean square) the
    nearest of these numbers is."""
    pairs = zip(exact, rounded)
    ratios = [float(a.abs().min() / (a - b).square().mean().sqrt()) for a, b in pairs]
    return min(ratios)


def settled(name, *shape):
    """The first state on which f32 can be judged, and whether it can: else the first of all. Among
    half a million inputs of ReLUs some are always near zero, where f32 may take the other side."""
    first = None
    for attempt in range(ATTEMPTS):
        label = f"full/{name}/{attempt}"
        state, other = [
            architectures.State(label, name, *shape, dtype)
            for dtype in (torch.float64, torch.float32)
        ]
        read, read_in_f32 = listen(state), listen(other)
        exact, rounded = measure(state), measure(other)
        noise = max(deviation(rounded[k], exact[k]) for k in exact if exact[k])
        about = {"pytorch_f32": noise, "safety": safety(read, read_in_f32)}
        about["fit_for_f32"] = noise <= NOISE and about["safety"] >= SAFETY
        first = first or (label, exact, about)
        if about["fit_for_f32"]:
            return label, exact, about
    return first


def network(name, width):
    shape = (1, 28, 28) if name.startswith("lenet") else (3, 32, 32)
    batch = BATCH.get(name, 2)
    label, exact, fit = settled(name, width, batch, shape)
    out = {f"{name}/{mode}": logits for mode, logits in exact["logits"].items()}
    out[f"{name}/loss"] = exact["loss"][""]
    out[f"{name}/gradients"] = networks.project(exact["gradients"])
    if exact["statistics"]:
        out[f"{name}/statistics"] = networks.project(exact["statistics"])
    parameters = sum(len(flat) for flat in exact["gradients"].values())
    about = {"label": label, "width": width, "batch": batch, "shape": shape}
    about |= {"parameters": parameters} | fit
    print(name, label, fit, flush=True)
    return out, about


def make(data):
    out, lines = {}, []
    for name, (width, *_) in architectures.NETWORKS.items():
        tensors, about = network(name, width)
        out |= tensors
        case = {"file": "full.safetensors", "classes": architectures.CLASSES} | about
        lines.append(f"{json.dumps(name)}: {json.dumps(case)}")
    path = data / "full.safetensors"
    save_file({key: np.ascontiguousarray(value) for key, value in out.items()}, path)
    version = json.dumps(torch.__version__.split("+")[0])
    index = f'{{"torch": {version}, "cases": {{\n' + ",\n".join(lines) + "\n}}\n"
    (data / "full.json").write_text(index)
    print("full.safetensors", path.stat().st_size, "bytes")

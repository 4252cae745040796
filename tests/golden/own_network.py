"""Golden values of networks that are exported from PyTorch: graphs, weights, logits, gradients."""

import json
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import torch
import torch.nn.functional as F
from formula import labels, tensor, values
from networks import MARGIN, NOISE, array, deviation
from own_networks import NETWORKS
from safetensors.numpy import save_file

sys.path.append(str(Path(__file__).resolve().parents[2] / "docs" / "python"))

from torch_to_jackpot import export  # noqa: E402

SHAPE, CLASSES = (6, 3, 8, 8), 4
# Its chain of operators magnifies rounding errors; the tests compare it in f64 alone.
ROUGH = ["operators"]


def network(name, label, dtype):
    """A network in train mode with the formula's weights, rounded to f32 as the file has them."""
    net = NETWORKS[name]().to(dtype)
    with torch.no_grad():
        for key, value in net.named_parameters():
            if value.requires_grad:
                value.copy_(torch.from_numpy(tensor(label, key, value.shape)).float())
        for key, value in net.named_buffers():
            if "running" in key:
                value.copy_(torch.from_numpy(tensor(label, key, value.shape)).float())
    return net


def batch(label, dtype):
    pixels = values(int(np.prod(SHAPE)), f"{label}/inputs", 1.0).reshape(SHAPE)
    targets = labels(SHAPE[0], f"{label}/labels", CLASSES)
    return torch.from_numpy(pixels).to(dtype), torch.from_numpy(targets)


def results(name, label, dtype):
    """Logits in both modes, with mish for every ReLU, the loss, its gradients; and the smallest
    absolute input of a ReLU."""
    inputs, targets = batch(label, dtype)
    smallest, relu = [], F.relu

    def noting(x, inplace=False):
        smallest.append(x.detach().abs().min().item())
        return relu(x, inplace)

    def mish(x, inplace=False):
        return F.mish(x)

    out = {}
    with torch.no_grad(), mock.patch.object(F, "relu", noting):
        out["eval"] = network(name, label, dtype).eval()(inputs)
    if name == "resnet":
        with torch.no_grad(), mock.patch.object(F, "relu", mish):
            out["mish"] = network(name, label, dtype).eval()(inputs)
    net = network(name, label, dtype)
    with mock.patch.object(F, "relu", noting):
        out["train"] = net(inputs)
    loss = F.cross_entropy(out["train"], targets)
    trained = {key: value for key, value in net.named_parameters() if value.requires_grad}
    found = torch.autograd.grad(loss, list(trained.values()))
    gradients = {key: array(value) for key, value in zip(trained, found)}
    out = {key: value.detach().double().numpy() for key, value in out.items()}
    return out | {"loss": np.array([loss.item()])}, gradients, min(smallest)


def settled(name):
    """The first label on which f32 can be judged; as `networks.settled`."""
    for attempt in range(100):
        label = f"own/{name}/{attempt}"
        out, exact, smallest = results(name, label, torch.float64)
        rounded_out, rounded, _ = results(name, label, torch.float32)
        noise = max(deviation(rounded, exact), np.abs(rounded_out["train"] - out["train"]).max())
        if (noise <= NOISE or name in ROUGH) and smallest >= MARGIN:
            return label, out, exact, float(noise)
    raise SystemExit(f"own/{name}: no state is fit for f32")


def make(data):
    index = {"torch": torch.__version__.split("+")[0], "cases": {}}
    for name in NETWORKS:
        label, out, gradients, noise = settled(name)
        files = {"graph": f"own_network-{name}.net.json"}
        files["weights"] = f"own_network-{name}.weights.safetensors"
        net, example = network(name, label, torch.float32), torch.zeros(1, *SHAPE[1:])
        export(net, example, data / files["graph"], data / files["weights"])
        out["gradients"] = np.concatenate(list(gradients.values())).astype(np.float32)
        file = f"own_network-{name}.safetensors"
        save_file({key: np.ascontiguousarray(value) for key, value in out.items()}, data / file)
        about = {"label": label, "batch": SHAPE[0], "classes": CLASSES, "pytorch_f32": noise}
        index["cases"][name] = {"file": file} | files | about
        sizes = [(data / path).stat().st_size for path in (file, *files.values())]
        print("own_network", name, *sizes, "bytes")
    (data / "own_network.json").write_text(json.dumps(index, indent=1) + "\n")

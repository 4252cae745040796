"""Remakes all golden values: `python tests/golden/make.py` (torch 2.11, numpy, safetensors), or
those of the topics named as arguments alone.

Everything is computed in f64 on one thread; the inputs are closed formulas (`formula.py`), so the
files hold results alone.
"""

import importlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "python"))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402

import networks  # noqa: E402
import parts  # noqa: E402
from formula import bits, labels, mask, projections, seed, tensor, values  # noqa: E402


def formula():
    """A few numbers of the formulas themselves, for an implementation in another language."""
    label, name = "step-00/0", "layer1.0.conv1.weight"
    out = {
        "values": values(4, "a", 2.0),
        "tensor": tensor(label, name, (2, 2, 3, 3)).reshape(-1),
        "projections": np.array(projections(name, np.arange(10.0))),
    }
    about = {
        "seeds": {text: str(seed(text)) for text in ("", "a", f"{label}/{name}")},
        "bits": [str(value) for value in bits(3, "a")],
        "labels": labels(8, "a", 10).tolist(),
        "mask": mask(12, "a", 0.5).tolist(),
    }
    return out, about


def cases():
    yield "formula", formula()
    yield "state-dicts", networks.state_dicts()
    for architecture, width, batch, side in [
        ("resnet8", 4, 4, 32),
        ("resnet8", 16, 4, 32),
        ("resnet20", 4, 4, 32),
        ("resnet20", 16, 4, 32),
        ("resnet32", 16, 4, 32),
        ("resnet18", 4, 4, 32),
        ("resnet18", 16, 4, 32),
        ("resnet18", 64, 2, 32),
    ]:
        name = f"forward-{architecture}-{width}"
        yield name, networks.forward(architecture, width, batch, side)
    for architecture, width, batch, side, whole in [
        ("resnet8", 4, 8, 16, True),
        ("resnet20", 2, 8, 16, True),
        ("resnet18", 2, 8, 16, True),
        ("resnet8", 16, 4, 16, False),
        ("resnet20", 16, 4, 16, False),
        ("resnet18", 64, 2, 16, False),
    ]:
        name = f"gradient-{architecture}-{width}"
        yield name, networks.gradient(architecture, width, batch, side, whole)
    yield "steps", networks.steps(30)
    yield "free-run", networks.free_run(30)
    yield "activations", parts.activations()
    yield "losses", parts.losses()
    yield "schedules", parts.schedules()
    yield "optimizers", parts.optimizers()


def base(data):
    """What `cases` lists, with its index."""
    index = {"torch": torch.__version__.split("+")[0], "cases": {}}
    for name, (tensors, about) in cases():
        file = f"{name}.safetensors"
        save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, data / file)
        index["cases"][name] = {"file": file} | about
        print(name, (data / file).stat().st_size, "bytes")
    (data / "index.json").write_text(json.dumps(index, indent=1) + "\n")


# Beside `base`: modules with a function `make(data)`, which writes into that folder.
TOPICS = [
    "augmentation",
    "init",
    "architectures",
    "full",
    "functions",
    "recipes",
    "scores",
    "own_network",
    "update",
]


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    data = HERE / "data"
    data.mkdir(exist_ok=True)
    for topic in sys.argv[1:] or ["base", *TOPICS]:
        make = base if topic == "base" else importlib.import_module(topic).make
        make(data)


if __name__ == "__main__":
    main()

"""Loads what `jackpot export` writes.

    from load_export import load
    net = load("net.safetensors")     # a torch.nn.Module; reads net.graph.json, too
    net = load("net.onnx")            # a function; needs onnxruntime in place of torch's operators
    logits = net(images)              # f32 [N, C, H, W], normalised, to [N, classes]

Images are normalised with `about(path)["mean"]` and `["std"]`, of pixels in [0, 1]. The module has
the names of the network's own state dict, can be trained further, and its batch normalisations
follow `train()` and `eval()`. Needs torch and safetensors; for ONNX also onnxruntime, and onnx for
the check.

    jackpot eval RUN --recipe R --level K --logits logits.safetensors --inputs
    python load_export.py net.onnx --logits logits.safetensors

runs an export on the inputs in that file, prints the largest difference to the logits in it, and
ends with 1 if it is above the tolerance. An ONNX file goes through onnx.checker first.
"""

import argparse
import json
import math
import sys
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

DTYPES = {"f32": torch.float32, "f64": torch.float64, "f16": torch.float16, "bf16": torch.bfloat16}
DTYPES |= {"i64": torch.int64, "i32": torch.int32, "u8": torch.uint8, "bool": torch.bool}
NUMBERS = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


class Network(nn.Module):
    """A graph file with its weights."""

    def __init__(self, graph, state):
        super().__init__()
        self.graph = graph
        for spec in graph["parameters"]:
            self._place(spec["name"], nn.Parameter(state[spec["name"]]))
        for spec in graph.get("buffers", []):
            self._place(spec["name"], _buffer(spec, state))
        self.steps = [_Step(node) for node in graph["nodes"]]

    def _place(self, name, tensor):
        """Under its state-dict name: modules within modules."""
        *path, last = name.split(".")
        module = self
        for part in path:
            if part not in module._modules:
                module.add_module(part, nn.Module())
            module = module._modules[part]
        if isinstance(tensor, nn.Parameter):
            module.register_parameter(last, tensor)
        else:
            module.register_buffer(last, tensor)

    def forward(self, x):
        tensors = dict(self.named_parameters(remove_duplicate=False))
        tensors |= dict(self.named_buffers(remove_duplicate=False))
        values = {self.graph["inputs"][0]["name"]: x}
        for step in self.steps:
            values[step.id] = step(values, tensors, self.training)
        return _value(values, self.graph["outputs"][0]["from"])


class _Step:
    """A node as a call of torch.ops.aten."""

    def __init__(self, node):
        space, _, name = node["op"].partition("::")
        if space != "aten":
            raise ValueError(f"node {node['id']}: {node['op']} is no operator of PyTorch")
        name, _, overload = name.partition(".")
        self.id, self.inputs, self.params = node["id"], node["inputs"], node.get("params", {})
        self.op = getattr(getattr(torch.ops.aten, name), overload or "default")
        arguments = {argument.name: argument for argument in self.op._schema.arguments}
        self.modes = [name for name in ("training", "train") if name in arguments]
        self.given = {"cudnn_enabled": True} if "cudnn_enabled" in arguments else {}
        for name, value in node.get("attrs", {}).items():
            kind = str(arguments[name].type)
            if isinstance(value, str) and "str" not in kind:
                value = NUMBERS[value] if value in NUMBERS else DTYPES[value]
            self.given[name] = value
        self.modes = [name for name in self.modes if name not in self.given]

    def __call__(self, values, tensors, training):
        named = self.given | {name: tensors[tensor] for name, tensor in self.params.items()}
        named |= dict.fromkeys(self.modes, training)
        positional = [
            _value(values, one) if isinstance(one, str) else [_value(values, part) for part in one]
            for one in self.inputs
        ]
        return self.op(*positional, **named)


def _value(values, name):
    """A node's result; `split:1` is the second one."""
    name, _, part = name.partition(":")
    value = values[name]
    return value if isinstance(value, torch.Tensor) else value[int(part or 0)]


def _buffer(spec, state):
    if spec["name"] in state:
        return state[spec["name"]]
    return torch.full(spec["shape"], spec["init"]["value"], dtype=DTYPES[spec.get("dtype", "f32")])


def _graph_of(path):
    """The graph file beside a file of weights."""
    return Path(str(path).removesuffix(".safetensors") + ".graph.json")


def load(path):
    """The network of an export: a module, or of an ONNX file a function."""
    if str(path).endswith(".onnx"):
        return load_onnx(path)
    graph = json.loads(_graph_of(path).read_text())
    return Network(graph, load_file(path)).eval()


def load_onnx(path):
    """A function from images to logits, both torch tensors, on onnxruntime's CPU provider."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda x: torch.from_numpy(session.run(None, {name: x.numpy()})[0])


def about(path):
    """What the file says of itself: job, architecture, tweaks, mean, std."""
    if not str(path).endswith(".onnx"):
        with safe_open(path, framework="pt") as file:
            return json.loads((file.metadata() or {}).get("jackpot", "{}"))
    import onnx

    def read(text):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text

    entries = onnx.load(path, load_external_data=False).metadata_props
    return {entry.key.removeprefix("jackpot."): read(entry.value) for entry in entries}


def check(path, inputs, logits, batch=256):
    """The largest difference between an export's logits and those; an ONNX file is checked."""
    if str(path).endswith(".onnx"):
        import onnx

        onnx.checker.check_model(str(path), full_check=True)
    net = load(path)
    with torch.no_grad():
        found = torch.cat([net(part) for part in inputs.split(batch)])
    if found.shape != logits.shape:
        sys.exit(f"{path}: logits of shape {list(found.shape)}, not {list(logits.shape)}")
    return (found.double() - logits.double()).abs().max().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export", nargs="+", help="FILE.onnx or FILE.safetensors")
    parser.add_argument("--logits", required=True, help="of `jackpot eval --logits FILE --inputs`")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    args = parser.parse_args()
    tensors = load_file(args.logits)
    off = {path: check(path, tensors["inputs"], tensors["logits"]) for path in args.export}
    for path, difference in off.items():
        print(f"{path}: largest difference {difference:.1e}")
    # NaN is no agreement.
    sys.exit(0 if all(difference <= args.tolerance for difference in off.values()) else 1)


if __name__ == "__main__":
    main()

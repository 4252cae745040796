"""Writes a PyTorch module as a network for Jackpot: a graph file and its weights.

    python torch_to_jackpot.py torchvision.models:resnet18 --kwargs '{"num_classes": 10}' \\
        --input 3,32,32 --graph net.json --weights weights.safetensors

or, with the module at hand,

    from torch_to_jackpot import export
    export(module, torch.zeros(1, 3, 32, 32), "net.json", "weights.safetensors")

Needs torch (2.x) and safetensors. The module is traced with torch.fx, so its forward must not
branch on the values of tensors. It maps one batch of images [N, C, H, W] to logits [N, classes].
What cannot be exported is an error that names the module and the fx node. Before anything is
written, the graph is run beside the module, in eval and in train mode, in f64.

In the graph:
- weights of convolutions and linear layers are prunable, and everything is decayed;
- ReLU and ReLU6 are activation sites: a recipe's activation takes their place (see `sites`);
- parameters with requires_grad = False are kept as they are, and neither trained nor pruned;
- first values are PyTorch's defaults: for the module's own weights load the weights file;
- names are those of the module's state dict. Of shared tensors the first name stands for all.
"""

import argparse
import copy
import importlib
import importlib.util
import inspect
import json
import math
import operator
import sys
from pathlib import Path
from unittest import mock

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn
from torch.fx import GraphModule, Interpreter, Node, Tracer
from torch.fx.proxy import TraceError

DTYPES = {torch.float32: "f32", torch.float64: "f64", torch.float16: "f16", torch.bfloat16: "bf16"}
DTYPES |= {torch.int64: "i64", torch.int32: "i32", torch.uint8: "u8", torch.bool: "bool"}

# ATen operators under the names that functions of torch and methods of tensors have. Where there
# are several overloads, the first that takes the arguments is used.
OPERATORS = """abs adaptive_avg_pool2d adaptive_max_pool2d add.Tensor add.Scalar amax avg_pool2d
batch_norm bmm cat celu chunk clamp conv2d conv2d.padding div.Tensor div.Scalar elu exp
flatten.using_ints gelu group_norm hardsigmoid hardswish hardtanh layer_norm leaky_relu linear log
log_softmax.int logsigmoid:log_sigmoid matmul max_pool2d maximum mean.dim minimum mish mul.Tensor
mul.Scalar neg ones_like permute pow.Tensor_Scalar prelu reciprocal relu relu6 rsqrt select.int
selu sigmoid silu softmax.int softplus split.Tensor split.sizes sqrt square squeeze.dim stack
sub.Tensor sub.Scalar sum.dim_IntList tanh transpose.int unflatten:reshape unsqueeze view:reshape
reshape zeros_like""".split()
OVERLOADS = {}
for _entry in OPERATORS:
    _name, _, _op = _entry.rpartition(":")
    OVERLOADS.setdefault((_name or _op).partition(".")[0], []).append(_op)
OVERLOADS |= {"concat": OVERLOADS["cat"], "concatenate": OVERLOADS["cat"]}
OVERLOADS |= {"truediv": OVERLOADS["div"], "divide": OVERLOADS["div"], "negative": ["neg"]}
OVERLOADS |= {"multiply": OVERLOADS["mul"], "subtract": OVERLOADS["sub"]}
DROPOUTS = {"dropout", "dropout1d", "dropout2d", "dropout3d"}
# What computes nothing.
IDENTITIES = {"contiguous", "clone"}
SPECIAL = DROPOUTS | IDENTITIES | {"getitem", "pad"}
FUNCTIONS = {}
for _space in (operator, torch._C._nn, torch, F):
    for _name in [*OVERLOADS, *SPECIAL]:
        for _suffix in ("", "_"):
            _function = getattr(_space, _name + _suffix, None)
            if _function is not None:
                FUNCTIONS[_function] = _name + _suffix
FUNCTIONS |= {operator.iadd: "add_", operator.isub: "sub_", operator.imul: "mul_"}
FUNCTIONS |= {operator.itruediv: "div_", F.logsigmoid: "logsigmoid"}
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class ExportError(Exception):
    """What cannot be exported: where, and why."""


class Ref(str):
    """The name of a graph's input or of a node's result."""


class Tensor(str):
    """The name of a parameter or buffer."""


class Varies:
    """A number that depends on the size of the batch."""


class _Tracer(Tracer):
    """Goes into all modules but batch normalisation, and notes where each node comes from."""

    def __init__(self):
        super().__init__()
        self.path = [""]

    def is_leaf_module(self, m, module_qualified_name):
        return type(m) in BATCH_NORMS

    def call_module(self, m, forward, args, kwargs):
        self.path.append(self.path_of_module(m))
        try:
            result = super().call_module(m, forward, args, kwargs)
        except TraceError as error:
            raise ExportError(f"{place(self.path[-1], m)}: {error}") from error
        self.path.pop()
        return result

    def create_node(self, *args, **kwargs):
        node = super().create_node(*args, **kwargs)
        node.meta["path"] = self.path[-1]
        return node


class _Record(Interpreter):
    """Keeps what every node gives."""

    def __init__(self, module):
        super().__init__(module, garbage_collect_values=False)
        self.values, self.node = {}, None

    def run_node(self, n):
        self.node = n
        self.values[n] = super().run_node(n)
        return self.values[n]


def place(path, module=None):
    """A module in words."""
    kind = f" ({type(module).__name__})" if module is not None else ""
    return f"module `{path}`{kind}" if path else f"the module itself{kind}"


class _Exporter:
    def __init__(self, module, shape, sites, ignore_dropout, need_weights):
        self.module = module
        self.sites, self.ignore_dropout, self.need_weights = sites, ignore_dropout, need_weights
        self.check_hooks()
        # Dropout and the like show themselves in train mode.
        try:
            traced = _Tracer()
            self.fx = traced.trace(module.train())
        except ExportError:
            raise
        except Exception as error:
            where = place(traced.path[-1])
            raise ExportError(f"{where}: torch.fx cannot trace it: {error}") from error
        self.state = module.state_dict(keep_vars=True)
        self.runs = [self.record(images, shape) for images in (2, 7)]
        self.names = {}
        for name, value in [*module.named_parameters(), *module.named_buffers()]:
            self.names.setdefault(id(value), name)
        self.nodes, self.ids, self.refs, self.used, self.roles = [], {"x"}, {}, {}, {}
        self.order = list(self.fx.nodes)

    def check_hooks(self):
        for path, module in self.module.named_modules():
            for kind in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks"):
                if getattr(module, kind):
                    raise ExportError(f"{place(path, module)} has hooks; a graph cannot call them")

    def record(self, images, shape):
        copied = copy.deepcopy(self.module).eval()
        run = _Record(GraphModule(copied, self.fx))
        try:
            with torch.no_grad():
                run.run(torch.randn(images, *shape, dtype=torch.float64))
        except Exception as error:
            message = str(error).partition("\n")[0]
            self.fail(run.node, f"it cannot run on images of {list(shape)}: {message}")
        return run.values

    def fail(self, node, message):
        target = node.target if isinstance(node.target, str) else FUNCTIONS.get(node.target)
        target = target or getattr(node.target, "__name__", str(node.target))
        path = node.meta.get("path", "")
        module = self.module.get_submodule(path)
        raise ExportError(f"{place(path, module)}, fx node `{node.name}` ({target}): {message}")

    # From the values of torch.fx to those of the graph.

    def is_tensor(self, node):
        value = self.runs[0][node]
        parts = value if isinstance(value, (tuple, list)) and value else [value]
        return all(isinstance(part, torch.Tensor) for part in parts)

    def value(self, argument):
        """A Ref, a Tensor, a number, or a list of these."""
        if isinstance(argument, Node):
            if self.is_tensor(argument):
                return self.refs[argument]
            a, b = (run[argument] for run in self.runs)
            return self.plain(a) if a == b else Varies()
        if isinstance(argument, (tuple, list)):
            return [self.value(part) for part in argument]
        if isinstance(argument, slice):
            return slice(*map(self.value, (argument.start, argument.stop, argument.step)))
        return argument

    def plain(self, value):
        return list(value) if isinstance(value, (tuple, list)) else value

    def tensor(self, node):
        """The parameter or buffer that a node reads."""
        found = self.module
        for part in node.target.split("."):
            found = getattr(found, part)
        if id(found) not in self.names:
            self.fail(node, "is neither a parameter nor a buffer; register it as a buffer")
        return Tensor(self.names[id(found)])

    def use(self, name, role, node, init):
        """Notes that a node reads a tensor, in that role; one of several roles is none."""
        if name not in self.state:
            self.fail(node, f"`{name}` is not in the state dict; make it a persistent buffer")
        known, had = self.used.get(name, (role, init))
        self.used[name] = (role if role == known else "other", had or init)

    # Nodes.

    def convert(self):
        for index, node in enumerate(self.order):
            if node.op == "placeholder":
                if self.refs:
                    self.fail(node, "a second input: there is only the batch of images")
                self.refs[node] = Ref("x")
            elif node.op == "get_attr":
                self.refs[node] = self.tensor(node)
            elif node.op == "call_module":
                self.refs[node] = self.batch_norm(node)
            elif node.op == "output":
                return self.output(node)
            elif self.is_tensor(node):
                self.call(node, index)
        raise ExportError("the module gives nothing")

    def output(self, node):
        (result,) = node.args
        if not isinstance(result, Node) or not isinstance(self.runs[0][result], torch.Tensor):
            self.fail(node, "the module must give one tensor")
        ref, shape = self.refs[result], list(self.runs[0][result].shape)
        if not isinstance(ref, Ref) or ref == "x" or len(shape) != 2 or shape[0] != 2:
            self.fail(node, f"gives {shape} for 2 images; logits are [2, classes]")
        return ref

    def call(self, node, index):
        name = node.target if node.op == "call_method" else FUNCTIONS.get(node.target)
        in_place = node.kwargs.get("inplace") or (name or "").endswith("_")
        name = (name or "").removesuffix("_")
        args = [self.value(argument) for argument in node.args]
        kwargs = {key: self.value(argument) for key, argument in node.kwargs.items()}
        args, kwargs = by_name(node.target, args, kwargs)
        if kwargs.pop("return_indices", False):
            self.fail(node, "indices cannot be exported")
        for key in ("inplace", "_stacklevel"):
            kwargs.pop(key, None)
        if name in IDENTITIES or name in DROPOUTS:
            if name in DROPOUTS:
                self.check_dropout(node, kwargs)
            self.refs[node] = args[0] if args else kwargs["input"]
        elif name == "getitem":
            self.refs[node] = self.item(node, *args)
        elif name == "pad":
            self.refs[node] = self.pad(node, *args, **kwargs)
        elif name in OVERLOADS:
            self.refs[node] = self.operator(node, name, args, kwargs)
        else:
            self.fail(node, "is not supported")
        if in_place:
            self.in_place(node, index)

    def in_place(self, node, index):
        """From here on the changed tensor is the result; nothing else may see the change."""
        changed = node.args[0] if node.args else node.kwargs["input"]
        values = self.runs[0]
        storage = values[changed].untyped_storage().data_ptr()
        later = set(self.order[index + 1 :])
        for other in self.order[:index]:
            value = values[other]
            if other is changed or not isinstance(value, torch.Tensor):
                continue
            if value.untyped_storage().data_ptr() == storage and later & set(other.users):
                self.fail(node, f"changes in place what is read later as `{other.name}`")
        self.refs[changed] = self.refs[node]

    def check_dropout(self, node, kwargs):
        p, training = kwargs.get("p", 0.5), kwargs.get("training", True)
        if p != 0 and training and not self.ignore_dropout:
            message = f"dropout with p = {p} draws random numbers, which a graph cannot; set p to 0"
            self.fail(node, f"{message}, or leave it out with ignore_dropout")

    def batch_norm(self, node):
        path = node.target
        norm, x = self.module.get_submodule(path), self.value(node.args[0])
        if norm.momentum is None:
            self.fail(node, "momentum=None (a cumulative mean) cannot be exported")
        named = {"input": x, "momentum": norm.momentum, "eps": norm.eps}
        for part in ("weight", "bias", "running_mean", "running_var"):
            tensor = getattr(norm, part)
            named[part] = None if tensor is None else Tensor(self.names[id(tensor)])
        if norm.running_mean is None:
            named["training"] = True
        else:
            counter = self.names[id(norm.num_batches_tracked)]
            self.use(counter, "norm", node, constant(0.0))
        return self.emit(node, "batch_norm", named)

    def item(self, node, x, index):
        """`x[index]`: one of several results, or a part of a tensor."""
        if isinstance(x, list):
            return x[index]
        index = index if isinstance(index, list) else [index]
        rank = self.runs[0][node.args[0]].dim()
        if Ellipsis in index:
            at = index.index(Ellipsis)
            missing = rank - sum(part is not None for part in index) + 1
            index = index[:at] + [slice(None)] * missing + index[at + 1 :]
        dim = 0
        for part in index:
            if part is None:
                x = self.emit(node, "unsqueeze", {"self": x, "dim": dim})
            elif isinstance(part, slice):
                named = {"start": part.start, "end": part.stop, "step": part.step}
                named = {key: value for key, value in named.items() if value is not None}
                if named and named != {"step": 1}:
                    x = self.emit(node, "slice.Tensor", {"self": x, "dim": dim} | named)
            elif isinstance(part, int) and not isinstance(part, bool):
                x = self.emit(node, "select.int", {"self": x, "dim": dim, "index": part})
                continue
            else:
                self.fail(node, "only numbers, slices, None and ... can be an index")
            dim += 1
        return x

    def pad(self, node, input, pad, mode="constant", value=None):  # noqa: A002
        if mode != "constant":
            self.fail(node, f"padding with {mode!r} is not supported, only with zeros (constant)")
        named = {"self": input, "pad": pad, "value": 0.0 if value is None else value}
        return self.emit(node, "constant_pad_nd", named)

    def operator(self, node, name, args, kwargs):
        if name in ("view", "reshape", "unflatten"):
            a, b = (list(run[node].shape) for run in self.runs)
            shape = [size if size == other else -1 for size, other in zip(a, b)]
            if shape.count(-1) > 1:
                self.fail(node, "more than one size depends on the size of the batch")
            x = args[0] if args else kwargs["input"]
            return self.emit(node, "reshape", {"self": x, "shape": shape})
        if name == "permute" and len(args) > 2:
            args = [args[0], args[1:]]
        if name == "hardtanh" and bounds(args, kwargs) == (0.0, 6.0):
            name, args, kwargs = "relu6", args[:1], {}
        is_number = len(args) > 1 and isinstance(args[0], (int, float))
        if is_number and name in ("add", "mul"):
            args = [args[1], args[0], *args[2:]]
        elif is_number and name == "sub":
            return self.emit(node, "rsub.Scalar", {"self": args[1], "other": args[0]})
        elif is_number and name in ("div", "truediv"):
            inverse = self.emit(node, "reciprocal", {"self": args[1]})
            return self.emit(node, "mul.Scalar", {"self": inverse, "other": args[0]})
        for op in OVERLOADS[name]:
            named = bind(schema(op), args, kwargs)
            if named is not None:
                ref = self.emit(node, op, named)
                several = self.runs[0][node]
                if isinstance(several, (tuple, list)):
                    return [Ref(f"{ref}:{i}" if i else ref) for i in range(len(several))]
                return ref
        self.check_constant(node, [args, list(kwargs.values())])
        schemas = " or ".join(str(schema(op)) for op in OVERLOADS[name])
        self.fail(node, f"its arguments do not fit {schemas}")

    def check_constant(self, node, value):
        if isinstance(value, list):
            for part in value:
                self.check_constant(node, part)
        elif isinstance(value, Varies):
            self.fail(node, "an argument depends on the size of the batch")

    def emit(self, node, op, named):
        """Adds a node that calls an operator with arguments by their schema's names."""
        self.check_constant(node, list(named.values()))
        order = [argument.name for argument in schema(op).arguments]
        refs = [i for i, key in enumerate(order) if key in named and reads(named[key])]
        inputs, params, attrs = [], {}, {}
        for i, key in enumerate(order):
            value = named.get(key)
            if key not in named:
                if refs and i < refs[-1]:
                    self.fail(node, f"`{key}` must be a tensor, since a later argument is one")
            elif isinstance(value, Tensor) and not (refs and i < refs[-1]):
                role, init = self.role(op, key, named)
                self.use(value, role, node, init)
                params[key] = str(value)
            elif refs and i <= refs[-1]:
                several = value if isinstance(value, list) else [value]
                if not all(isinstance(part, str) for part in several):
                    self.fail(node, f"`{key}` must be a tensor, since a later argument is one")
                several = [self.alias(node, part) for part in several]
                inputs.append(several if isinstance(value, list) else several[0])
            else:
                attrs[key] = number(value)
        added = {"id": self.name(node), "op": f"aten::{op}", "inputs": inputs}
        added |= {"params": params} if params else {}
        added |= {"attrs": attrs} if attrs else {}
        added |= {"site": "activation"} if op in self.sites else {}
        self.nodes.append(added)
        return Ref(added["id"])

    def alias(self, node, value):
        """A parameter where the graph wants a node's result."""
        if not isinstance(value, Tensor):
            return value
        return self.emit(node, "alias", {"self": value})

    def role(self, op, key, named):
        """What a parameter is for, and how PyTorch fills it."""
        kind = {"conv2d": "conv", "linear": "linear"}.get(op.partition(".")[0])
        if kind and key in ("weight", "bias") and isinstance(named["weight"], Tensor):
            fan_in = math.prod(self.state[named["weight"]].shape[1:])
            bound = 1.0 / math.sqrt(max(fan_in, 1))
            init = {"kind": "uniform", "low": -bound, "high": bound}
            return (kind if key == "weight" else "bias"), init
        if op.endswith("_norm"):
            return "norm", constant(1.0 if key in ("weight", "running_var") else 0.0)
        return "other", None

    def name(self, node):
        """The module's path for what PyTorch's own module computes, else path and function."""
        path, name = node.meta.get("path", ""), node.name
        if node.op == "call_module":
            base = node.target
        elif path and type(self.module.get_submodule(path)).__module__.startswith("torch.nn."):
            base = path
        else:
            name = FUNCTIONS.get(node.target, node.target if isinstance(node.target, str) else name)
            base = f"{path}.{name.rstrip('_')}" if path else name.rstrip("_")
        base, number = base.replace(":", "_"), 1
        name = base
        while name in self.ids:
            name, number = f"{base}_{number}", number + 1
        self.ids.add(name)
        return name

    # The whole.

    def graph(self, shape):
        output = self.convert()
        parameters, buffers = [], []
        trained = {name for name, value in self.module.named_parameters() if value.requires_grad}
        for name, value in self.state.items():
            if name not in self.used:
                continue
            role, init = self.used[name]
            declared = {"name": name, "shape": list(value.shape), "dtype": "f32"}
            if name in trained:
                prunable = role in ("conv", "linear")
                declared |= {"role": role, "decay": True, "prunable": prunable}
                parameters.append(declared | {"init": init or measured(value)})
            else:
                single = torch.float32 if value.is_floating_point() else value.dtype
                declared |= {"dtype": DTYPES[single]}
                is_state = role == "norm" and not isinstance(value, nn.Parameter)
                init = init if is_state else self.fixed(name, value)
                buffers.append(declared | {"init": init})
        return {
            "schema": 1,
            "inputs": [{"name": "x", "shape": list(shape), "dtype": "f32"}],
            "outputs": [{"name": "logits", "from": output}],
            "parameters": parameters,
            "buffers": buffers,
            "nodes": self.nodes,
        }

    def fixed(self, name, value):
        """The values of what is not trained, which a graph file can hold only if they are one."""
        if value.numel() and bool((value == value.reshape(-1)[0]).all()):
            return constant(value.reshape(-1)[0].item())
        if not self.need_weights:
            raise ExportError(
                f"`{name}` is not trained and has values that a graph file cannot hold: the graph "
                "would be right only together with the weights file. Say need_weights if it will "
                "always be used so"
            )
        return constant(0.0)


def schema(op):
    packet, _, overload = op.partition(".")
    return getattr(getattr(torch.ops.aten, packet), overload or "default")._schema


def constant(value):
    return {"kind": "constant", "value": number(float(value))}


def measured(value):
    """First values for a parameter of unknown purpose: like its own."""
    value = value.detach().double()
    if value.numel() < 2 or bool((value == value.reshape(-1)[0]).all()):
        return constant(value.reshape(-1)[0].item() if value.numel() else 0.0)
    mean, std = value.mean().item(), value.std(correction=0).item()
    return {"kind": "normal", "mean": mean, "std": std}


def number(value):
    """JSON has no infinities and no NaN."""
    if isinstance(value, (list, tuple)):
        return [number(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return value


def bounds(args, kwargs):
    both = dict(zip(("min_val", "max_val"), args[1:])) | kwargs
    return both.get("min_val", -1.0), both.get("max_val", 1.0)


def reads(value):
    """Whether it is a node's result, or a list of tensors."""
    parts = value if isinstance(value, list) else []
    return isinstance(value, Ref) or any(isinstance(part, (Ref, Tensor)) for part in parts)


def by_name(function, args, kwargs):
    """All arguments but the first by name, where Python functions have another order than ATen."""
    if getattr(function, "__module__", "") != F.__name__ or not args:
        return args, kwargs
    names = list(inspect.signature(function).parameters)
    if names[0] == "args":
        return args, kwargs
    return args[:1], dict(zip(names[1:], args[1:])) | kwargs


def bind(found, args, kwargs):
    """The arguments by the schema's names, without those that are the default; None if they do not
    fit."""
    arguments = found.arguments
    if len(args) > len(arguments):
        return None
    named = dict(zip((argument.name for argument in arguments), args))
    for key, value in kwargs.items():
        key = arguments[0].name if key == "input" else key
        if key in named or key not in [argument.name for argument in arguments]:
            return None
        named[key] = value
    out = {}
    for argument in arguments:
        kind = str(argument.type)
        if argument.name not in named:
            if not argument.has_default_value():
                if argument.name in ("training", "cudnn_enabled"):
                    continue
                return None
            continue
        value = named[argument.name]
        if argument.has_default_value() and value is None:
            continue
        # In train mode it is True, in eval mode False: the host's matter.
        if argument.name == "training" and value is True:
            continue
        if "List[int]" in kind and isinstance(value, int) and not isinstance(value, bool):
            value = [value] * (argument.N or 1)
        if not fits(kind, value):
            return None
        if not (argument.has_default_value() and value == argument.default_value):
            out[argument.name] = value
    return out


def fits(kind, value):
    if kind.startswith("Optional["):
        return value is None or fits(kind.removeprefix("Optional[").removesuffix("]"), value)
    if kind.startswith("List["):
        inner = kind.removeprefix("List[").removesuffix("]")
        return isinstance(value, list) and all(fits(inner, part) for part in value)
    types = {"int": int, "float": (int, float), "number": (int, float), "bool": bool, "str": str}
    if kind == "Tensor":
        return isinstance(value, (Ref, Tensor))
    if kind == "str":
        return isinstance(value, str) and not isinstance(value, (Ref, Tensor))
    is_bool = isinstance(value, bool)
    return isinstance(value, types.get(kind, ())) and (is_bool == (kind == "bool"))


def evaluate(graph, tensors, x, training):
    """Runs a graph as the host does: `tensors` are its parameters and buffers by name, and running
    statistics among them are updated if it is in training. Gives the first output."""
    values = {graph["inputs"][0]["name"]: x}

    def value(name):
        base, _, part = name.partition(":")
        found = values[base]
        return found[int(part or 0)] if isinstance(found, (tuple, list)) else found

    def attr(value):
        if isinstance(value, list):
            return [attr(part) for part in value]
        return float(value) if value in ("nan", "inf", "-inf") else value

    for node in graph["nodes"]:
        packet, _, overload = node["op"].removeprefix("aten::").partition(".")
        op = getattr(getattr(torch.ops.aten, packet), overload or "default")
        names = [argument.name for argument in op._schema.arguments]
        given = {}
        for name, read in zip(names, node["inputs"]):
            given[name] = [value(one) for one in read] if isinstance(read, list) else value(read)
        given |= {key: tensors[name] for key, name in node.get("params", {}).items()}
        given |= {key: attr(v) for key, v in node.get("attrs", {}).items()}
        supplied = {"training": training, "cudnn_enabled": True}
        values[node["id"]] = op(**{k: v for k, v in supplied.items() if k in names} | given)
    return value(graph["outputs"][0]["from"])


def verify(module, graph, shape):
    """Compares the graph with the module, both in f64."""
    names = [declared["name"] for declared in graph["parameters"] + graph["buffers"]]
    no_dropout = mock.patch.multiple(F, **{name: lambda x, *_, **__: x for name in DROPOUTS})
    generator = torch.Generator().manual_seed(0)
    for training in (False, True):
        copied = copy.deepcopy(module).train(training)
        state = copied.state_dict(keep_vars=True)
        tensors = {name: state[name].detach().clone() for name in names}
        x = torch.randn(4, *shape, dtype=torch.float64, generator=generator)
        with torch.no_grad(), no_dropout:
            wanted = {"the output": copied(x.clone())}
            found = {"the output": evaluate(graph, tensors, x.clone(), training)}
        buffers = [declared["name"] for declared in graph["buffers"]]
        for name in buffers:
            if not name.endswith("num_batches_tracked"):
                wanted[f"`{name}`"], found[f"`{name}`"] = state[name], tensors[name]
        mode = "train" if training else "eval"
        for what in wanted:
            if not close(found[what], wanted[what]):
                raise ExportError(
                    f"in {mode} mode the graph gives other numbers than the module for {what}: its "
                    "forward does something that torch.fx does not see, such as a branch, a change "
                    "in place of a tensor that is also read elsewhere (+=), or a constant"
                )


def close(found, wanted):
    if not isinstance(wanted, torch.Tensor) or found.shape != wanted.shape:
        return False
    off = (found.double() - wanted.double()).abs().max() if wanted.numel() else 0.0
    return bool(off <= 1e-9 * (1.0 + wanted.double().abs().max()))


def export(
    module,
    example_input,
    graph_file,
    weights_file=None,
    *,
    sites=("relu", "relu6"),
    ignore_dropout=False,
    need_weights=False,
):
    """Writes the graph of a module and, if asked, its weights.

    module: an nn.Module; it is left as it is.
    example_input: a batch of images [N, C, H, W] of which only the shape matters.
    graph_file, weights_file: what to write, JSON and safetensors (f32).
    sites: ATen operators that a recipe's activation takes the place of.
    ignore_dropout: leave dropout out, where it is an error otherwise.
    need_weights: allow what is right only together with the weights file: buffers and frozen
        parameters whose values are not all the same.

    Raises ExportError, before anything is written, for what the graph cannot hold. Gives the names
    of tensors of the state dict that the forward pass does not use; they are in neither file.
    """
    unknown = set(sites) - {op for ops in OVERLOADS.values() for op in ops}
    if unknown:
        raise ExportError(f"sites: no operators of this script: {', '.join(sorted(unknown))}")
    shape = list(example_input.shape[1:])
    if not example_input.is_floating_point() or not shape:
        raise ExportError(f"example_input must be a batch of f32 images, not {example_input.dtype}")
    exact = copy.deepcopy(module).cpu().double()
    exporter = _Exporter(exact, shape, set(sites), ignore_dropout, need_weights)
    graph = exporter.graph(shape)
    verify(exact, graph, shape)
    text = ",\n".join(f'  "{key}": {block(value)}' for key, value in graph.items())
    Path(graph_file).write_text(f"{{\n{text}\n}}\n")
    state = module.state_dict()
    names = [declared["name"] for declared in graph["parameters"] + graph["buffers"]]
    if weights_file is not None:
        save_file({name: single(state[name]) for name in names}, str(weights_file))
    first = {id(value): name for name, value in reversed(exporter.state.items())}
    used = set(names)
    return [n for n, value in exporter.state.items() if first[id(value)] == n and n not in used]


def single(value):
    value = value.detach().cpu()
    return (value.float() if value.is_floating_point() else value).contiguous().clone()


def block(value):
    """JSON with a line for each entry of a list."""
    if not isinstance(value, list) or not value:
        return json.dumps(value)
    return "[\n" + ",\n".join(f"    {json.dumps(entry)}" for entry in value) + "\n  ]"


def load(target, kwargs, state):
    """The module that `package.module:name` or `file.py:name` is, or that it makes when called,
    with a state dict loaded into it."""
    where, _, name = target.rpartition(":")
    if not where:
        raise ExportError("say package.module:name or file.py:name")
    if where.endswith(".py"):
        spec = importlib.util.spec_from_file_location(Path(where).stem, where)
        found = importlib.util.module_from_spec(spec)
        sys.path.insert(0, str(Path(where).parent))
        spec.loader.exec_module(found)
    else:
        found = importlib.import_module(where)
    made = getattr(found, name)
    made = made if isinstance(made, nn.Module) else made(**kwargs)
    if not isinstance(made, nn.Module):
        raise ExportError(f"it gives {type(made).__name__}, not an nn.Module")
    if state:
        made.load_state_dict(read_state(state))
    return made


def read_state(path):
    if path.endswith(".safetensors"):
        return load_file(path)
    return torch.load(path, map_location="cpu", weights_only=True)


def sizes(text):
    return [int(size) for size in text.split(",")]


def main():
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    add = parser.add_argument
    add("target", help="package.module:name or file.py:name: a module, or what makes one")
    add("--kwargs", type=json.loads, default={}, help="what it is called with, as JSON")
    add("--input", type=sizes, required=True, help="the shape of one image, as in 3,32,32")
    add("--graph", required=True, help="the graph file to write (JSON)")
    add("--weights", help="the weights file to write (safetensors)")
    add("--state", help="a state dict to load first (.safetensors, or made by torch.save)")
    add("--sites", default="relu,relu6", help="operators that are activation sites (%(default)s)")
    add("--ignore-dropout", action="store_true", help="leave dropout out")
    add("--need-weights", action="store_true", help="allow constants that are in the weights alone")
    args = parser.parse_args()
    try:
        module = load(args.target, args.kwargs, args.state)
    except Exception as error:
        sys.exit(f"error: {args.target}: {error}")
    try:
        unused = export(
            module,
            torch.zeros(1, *args.input),
            args.graph,
            args.weights,
            sites=[site for site in args.sites.split(",") if site],
            ignore_dropout=args.ignore_dropout,
            need_weights=args.need_weights,
        )
    except ExportError as error:
        sys.exit(f"error: {error}")
    if unused:
        print(f"not used by the forward pass, and left out: {', '.join(unused)}", file=sys.stderr)


if __name__ == "__main__":
    main()

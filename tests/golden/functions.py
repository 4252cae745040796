"""Golden values of the recipes' functions: activations, losses, learning-rate schedules."""

import functools
import json
import math
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from formula import labels, values
from parts import BASE, EPOCHS, PER_EPOCH, activation, curve, grid, soft_targets, swish, warmup
from safetensors.numpy import save_file
from torch.optim import lr_scheduler

# That it is no mean over the batch is known: the public code of arXiv 2101.03255v1 uses it.
warnings.filterwarnings("ignore", "reduction: 'mean'")

FADE, FADE_PER_EPOCH = 12, 60
"""Epochs of the ghost neuron's fade, and steps in one of them."""


def relu():
    return F.relu, lambda x: ((x > 0).double(), torch.zeros_like(x))


def gelu():
    """x·Φ(x); the density's derivative is -x times itself."""

    def derivatives(x):
        density = torch.exp(-x * x / 2) / math.sqrt(2 * math.pi)
        below = torch.erfc(-x / math.sqrt(2)) / 2
        return below + x * density, density * (2 - x * x)

    return F.gelu, derivatives


def gelu_tanh():
    k, c = math.sqrt(2 / math.pi), 0.044715

    def derivatives(x):
        t = torch.tanh(k * (x + c * x**3))
        inner, curved = k * (1 + 3 * c * x * x), 6 * k * c * x
        slope = 1 - t * t
        first = (1 + t + x * slope * inner) / 2
        second = slope * inner + x * slope * (curved - 2 * t * inner * inner) / 2
        return first, second

    return lambda x: F.gelu(x, approximate="tanh"), derivatives


def elu(alpha):
    def derivatives(x):
        left = alpha * torch.exp(torch.clamp(x, max=0))
        # At 0, where the second derivative jumps, PyTorch takes the one from the right.
        return torch.where(x > 0, 1.0, left), torch.where(x < 0, left, 0.0)

    return lambda x: F.elu(x, alpha=alpha), derivatives


def softplus(beta, threshold):
    def derivatives(x):
        s, straight = torch.sigmoid(beta * x), beta * x > threshold
        return torch.where(straight, 1.0, s), torch.where(straight, 0.0, beta * s * (1 - s))

    return lambda x: F.softplus(x, beta=beta, threshold=threshold), derivatives


def lisht():
    def derivatives(x):
        t = torch.tanh(x)
        return t + x * (1 - t * t), 2 * (1 - t * t) * (1 - x * t)

    return lambda x: x * torch.tanh(x), derivatives


def ghost(beta, step):
    """The neuron that becomes ReLU: 1/β falls linearly to 0, which it reaches after the fade."""
    left = 1 - step / (FADE * FADE_PER_EPOCH)
    return swish(beta / left) if left > 0 else relu()


def activations():
    """Each item: its plugin, parameters, step of the training, and how steep it is."""
    end = FADE * FADE_PER_EPOCH
    items = [
        ("relu", {}, 0, 1.0, relu()),
        ("gelu", {}, 0, 1.0, gelu()),
        ("gelu", {"approximate": "tanh"}, 0, 1.0, gelu_tanh()),
        ("elu", {}, 0, 1.0, elu(1.0)),
        ("elu", {"alpha": 0.5}, 0, 1.0, elu(0.5)),
        ("softplus", {}, 0, 1.0, softplus(1.0, 20.0)),
        ("softplus", {"beta": 2.0, "threshold": 9.1}, 0, 2.0, softplus(2.0, 9.1)),
        ("lisht", {}, 0, 1.0, lisht()),
        ("pswish", {}, 0, 2.0, swish(2.0)),
        ("pswish", {"beta": 0.5}, 1000, 0.5, swish(0.5)),
    ]
    for step in [0, 1, end // 3, end - 1, end, end + 100]:
        params = {"beta": 1.0, "fade": f"{FADE}ep"}
        steepness = end / max(end - step, 1)
        items.append(("pswish", params, step, steepness, ghost(1.0, step)))
    out, about = {"x": grid()}, []
    for index, (plugin, params, step, steepness, pair) in enumerate(items):
        found = activation(*pair)
        out |= {f"{index}/{part}": found[part] for part in ("y", "first", "second")}
        about.append({"plugin": plugin, "params": params, "step": step, "steepness": steepness})
    return out, {"items": about, "steps_per_epoch": FADE_PER_EPOCH}


def distillation(temperature, alpha, reduction):
    def loss(x, target, teacher):
        student = F.log_softmax(x / temperature, dim=1)
        taught = F.softmax(teacher / temperature, dim=1)
        soft = F.kl_div(student, taught, reduction=reduction)
        return alpha * temperature**2 * soft + (1 - alpha) * F.cross_entropy(x, target)

    return loss


def losses():
    """Value and gradient by the logits: mild and steep logits, hard and soft targets."""
    n, classes = 6, 10
    hard = np.eye(classes)[labels(n, "functions/labels", classes)]
    targets = {"hard": hard, "soft": soft_targets(n, classes, "functions/targets")}
    out = dict(targets)
    for kind, scale in {"mild": 4.0, "steep": 100.0}.items():
        for name in ("logits", "teacher"):
            numbers = values(n * classes, f"functions/{kind}/{name}", scale)
            out[f"{kind}/{name}"] = numbers.reshape(n, classes)
    items = [("cross-entropy", {}, lambda x, target, _: F.cross_entropy(x, target))]
    for temperature, alpha in [(5.0, 0.9), (1.0, 0.5), (20.0, 1.0), (4.0, 0.0)]:
        for reduction in ("batchmean", "mean"):
            params = {"temperature": temperature, "alpha": alpha, "reduction": reduction}
            items.append(("kd", params, distillation(**params)))
    # The defaults.
    items.append(("kd", {}, distillation(5.0, 0.9, "batchmean")))
    for index, (_, _, loss) in enumerate(items):
        for kind in ("mild", "steep"):
            teacher = torch.from_numpy(out[f"{kind}/teacher"])
            for name, target in targets.items():
                x = torch.from_numpy(out[f"{kind}/logits"]).requires_grad_()
                value = loss(x, torch.from_numpy(target), teacher)
                (gradient,) = torch.autograd.grad(value, x)
                out[f"{index}/{kind}-{name}/loss"] = np.array([value.item()])
                out[f"{index}/{kind}-{name}/gradient"] = gradient.numpy()
    return out, {"items": [{"plugin": plugin, "params": params} for plugin, params, _ in items]}


def constant(optimizer, up):
    if up is None:
        return lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    return warmup(optimizer, up)


def one_cycle(optimizer, settings):
    total = EPOCHS * PER_EPOCH
    return lr_scheduler.OneCycleLR(
        optimizer, BASE, total_steps=total, cycle_momentum=False, **settings
    )


def schedules():
    """Whole curves; the parameters in the index are the plugins'."""
    linear = {"anneal_strategy": "linear"}
    cases = [
        ("constant", {}),
        ("constant", {"warmup": "2ep"}),
        ("constant", {"warmup": "10it"}),
        ("one-cycle", {}),
        ("one-cycle", linear | {"pct_start": 0.4, "div_factor": 10.0, "final_div_factor": 100.0}),
        ("one-cycle", {"three_phase": True}),
        ("one-cycle", linear | {"three_phase": True, "pct_start": 0.25}),
        ("one-cycle", {"pct_start": 0.0}),
        ("one-cycle", {"pct_start": 0.99}),
        ("one-cycle", {"warmup": "2ep"}),
        ("one-cycle", linear | {"three_phase": True, "warmup": "10it"}),
    ]
    out, about = {}, []
    for index, (plugin, params) in enumerate(cases):
        settings = dict(params)
        length = settings.pop("warmup", None)
        up = length and int(length[:-2]) * (PER_EPOCH if length.endswith("ep") else 1)
        if plugin == "constant":
            rates = curve(functools.partial(constant, up=up))
        else:
            # OneCycleLR sets its rates absolutely, so that no scheduler of PyTorch can scale them.
            steps = np.arange(EPOCHS * PER_EPOCH)
            rates = curve(functools.partial(one_cycle, settings=settings))
            rates = rates * np.minimum(1.0, (steps + 1) / (up or 1))
        out[str(index)] = rates
        about.append({"plugin": plugin, "params": params})
    shared = {"base": BASE, "epochs": EPOCHS, "steps_per_epoch": PER_EPOCH}
    return out, shared | {"curves": about}


def make(data):
    index = {"cases": {}}
    for case in (activations, losses, schedules):
        tensors, about = case()
        name, file = case.__name__, f"functions-{case.__name__}.safetensors"
        save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, data / file)
        index["cases"][name] = {"file": file} | about
        print(file, (data / file).stat().st_size, "bytes")
    (data / "functions.json").write_text(json.dumps(index, indent=1) + "\n")

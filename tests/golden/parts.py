"""Golden values of the small parts: activations, losses, schedules, optimizers."""

import numpy as np
import torch
import torch.nn.functional as F
from formula import labels, unit, values
from torch.optim import lr_scheduler

EXTREMES = [0.0, 1e-300, 1e-8, 1e-3, 15.0, 19.5, 20.5, 30.0, 50.0, 100.0, 700.0, 745.0, 1e4]


def grid():
    """Both signs of the extremes, and -10 to 10 in steps of 1/4."""
    middle = np.arange(-40, 41) / 4.0
    extremes = np.array(EXTREMES)
    return np.concatenate([-extremes, middle, extremes])


def swish(beta):
    """x·σ(βx) and its derivatives by hand."""

    def derivatives(x):
        s = torch.sigmoid(beta * x)
        first = s + beta * x * s * (1 - s)
        second = beta * s * (1 - s) * (2 + beta * x * (1 - 2 * s))
        return first, second

    return lambda x: x * torch.sigmoid(beta * x), derivatives


def mish():
    """x·tanh(softplus(x)) and its derivatives by hand."""

    def derivatives(x):
        s, t = torch.sigmoid(x), torch.tanh(F.softplus(x))
        first = t + x * s * (1 - t * t)
        second = s * (1 - t * t) * (2 + x * (1 - s) - 2 * x * t * s)
        return first, second

    # Not F.mish: above 710 its second derivative is NaN, since the exponential overflows there.
    return lambda x: x * torch.tanh(F.softplus(x)), derivatives


def activation(function, derivatives):
    """Values, first and second derivatives on the grid, in f64, by autograd; those by hand agree."""
    x = torch.from_numpy(grid()).requires_grad_()
    y = function(x)
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    for found, by_hand in zip((first, second), derivatives(x)):
        torch.testing.assert_close(found, by_hand, rtol=1e-10, atol=1e-12)
    parts = {"x": x, "y": y, "first": first, "second": second}
    return {name: value.detach().numpy() for name, value in parts.items()}


def activations():
    betas = {"swish-0.5": 0.5, "swish-1": 1.0, "swish-2": 2.0, "swish-50": 50.0}
    items = {name: swish(beta) for name, beta in betas.items()} | {"mish": mish()}
    out = {}
    for name, pair in items.items():
        out |= {f"{name}/{part}": value for part, value in activation(*pair).items()}
    return out, {"items": {name: {"beta": beta} for name, beta in betas.items()} | {"mish": {}}}


def soft_targets(n, classes, label):
    raw = unit(n * classes, label).reshape(n, classes) + 0.01
    return raw / raw.sum(axis=1, keepdims=True)


def losses():
    """Cross-entropy with hard and soft targets, plain and smoothed: value and gradient."""
    n, classes = 6, 10
    logits = values(n * classes, "loss/logits", 4.0).reshape(n, classes)
    hard = np.eye(classes)[labels(n, "loss/labels", classes)]
    targets = {"hard": hard, "soft": soft_targets(n, classes, "loss/targets")}
    out, alphas = {"logits": logits}, [0.0, 0.1, 0.3]
    for kind, target in targets.items():
        out[kind] = target
        for alpha in alphas:
            x = torch.from_numpy(logits).requires_grad_()
            smoothing = alpha * classes / (classes - 1)
            loss = F.cross_entropy(x, torch.from_numpy(target), label_smoothing=smoothing)
            others = alpha / (classes - 1)
            smooth = torch.from_numpy((1 - alpha - others) * target + others)
            by_hand = -(smooth * torch.log_softmax(x, dim=1)).sum(dim=1).mean()
            torch.testing.assert_close(loss, by_hand, rtol=1e-14, atol=0)
            (gradient,) = torch.autograd.grad(loss, x)
            out[f"{kind}-{alpha}/loss"] = np.array([loss.item()])
            out[f"{kind}-{alpha}/gradient"] = gradient.numpy()
    return out, {"alphas": alphas, "targets": list(targets)}


BASE, EPOCHS, PER_EPOCH = 0.1, 12, 7


def curve(make):
    """The learning rate of every step under a scheduler of PyTorch."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=BASE)
    scheduler, rates = make(optimizer), []
    for _ in range(EPOCHS * PER_EPOCH):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return np.array(rates)


def warmup(optimizer, steps):
    """base·(t + 1)/steps for step t."""
    return lr_scheduler.LinearLR(optimizer, start_factor=1 / steps, total_iters=steps - 1)


def multi_step(optimizer, milestones, gamma, up):
    marks = [epoch * PER_EPOCH for epoch in milestones]
    drops = lr_scheduler.MultiStepLR(optimizer, marks, gamma=gamma)
    if up is None:
        return drops
    return lr_scheduler.ChainedScheduler([warmup(optimizer, up), drops])


def cosine(optimizer, low, up):
    total = EPOCHS * PER_EPOCH - (up or 0)
    if up is None:
        return lr_scheduler.CosineAnnealingLR(optimizer, total, eta_min=low)
    first = warmup(optimizer, up)
    second = lr_scheduler.CosineAnnealingLR(optimizer, total, eta_min=low)
    return lr_scheduler.SequentialLR(optimizer, [first, second], milestones=[up])


def schedules():
    """Whole curves; the parameters in the index are the plugins'."""
    cases = [
        ("multi-step", {"milestones": [5, 9], "gamma": 0.1}),
        ("multi-step", {"milestones": [5, 9], "gamma": 0.1, "warmup": "2ep"}),
        ("multi-step", {"milestones": [1, 2, 10], "gamma": 0.5, "warmup": "10it"}),
        ("cosine", {"min": 0.0}),
        ("cosine", {"min": 0.001}),
        ("cosine", {"min": 0.001, "warmup": "2ep"}),
        ("cosine", {"min": 0.0, "warmup": "10it"}),
    ]
    out, about = {}, []
    for index, (plugin, params) in enumerate(cases):
        length = params.get("warmup")
        up = length and int(length[:-2]) * (PER_EPOCH if length.endswith("ep") else 1)
        if plugin == "multi-step":
            make = lambda o: multi_step(o, params["milestones"], params["gamma"], up)
        else:
            make = lambda o: cosine(o, params["min"], up)
        out[str(index)] = curve(make)
        about.append({"plugin": plugin, "params": params})
    shared = {"base": BASE, "epochs": EPOCHS, "steps_per_epoch": PER_EPOCH}
    return out, shared | {"curves": about}


def optimizers():
    """Weights after each of five steps, and the state after the last."""
    kinds = {
        "sgd": {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01},
        "sgd-nesterov": {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01, "nesterov": True},
        "sgd-plain": {"lr": 0.1, "weight_decay": 0.01},
        "adamw": {"lr": 0.01, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.05},
    }
    n, count, out = 6, 5, {}
    for name, settings in kinds.items():
        weight = torch.nn.Parameter(torch.from_numpy(values(n, "optimizer/weight", 1.0)))
        make = torch.optim.AdamW if name == "adamw" else torch.optim.SGD
        optimizer, rows = make([weight], **settings), []
        for step in range(count):
            weight.grad = torch.from_numpy(values(n, f"optimizer/gradient/{step}", 1.0))
            optimizer.step()
            rows.append(weight.detach().numpy().copy())
        out[f"{name}/weights"] = np.array(rows)
        for key, value in optimizer.state[weight].items():
            if torch.is_tensor(value) and value.dim() == 1:
                out[f"{name}/{key}"] = value.numpy()
    return out, {"optimizers": kinds, "steps": count, "size": n}

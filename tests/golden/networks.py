"""Golden values of whole networks: forward, gradients, optimizer steps."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from formula import labels, mask, projections, tensor, values
from resnet import ARCHITECTURES

MOMENTUM, DECAY, KEEP = 0.9, 2e-4, 0.1


class State:
    """A network, a batch, masks and momentum, all by formula from one label."""

    def __init__(self, label, architecture, width, batch, side, dtype, classes=10):
        self.label, self.dtype = label, dtype
        self.net = ARCHITECTURES[architecture](width, classes).to(dtype)
        with torch.no_grad():
            for name, value in self.net.state_dict().items():
                value.copy_(torch.from_numpy(tensor(label, name, value.shape)))
        self.shape, self.classes = (batch, 3, side, side), classes
        self.inputs, self.targets = self.batch(label)
        self.masks, self.momenta = {}, {}
        self.smallest = math.inf
        for module in self.net.modules():
            if isinstance(module, torch.nn.ReLU):
                module.register_forward_pre_hook(self.note)

    def note(self, _, inputs):
        """Keeps the smallest absolute input of any ReLU."""
        self.smallest = min(self.smallest, inputs[0].detach().abs().min().item())

    def batch(self, label):
        pixels = values(math.prod(self.shape), f"{label}/inputs", 1.0).reshape(self.shape)
        classes = labels(self.shape[0], f"{label}/labels", self.classes)
        return torch.from_numpy(pixels).to(self.dtype), torch.from_numpy(classes)

    def prune(self, momentum):
        """Masks on the weights of convolutions, an optimizer, momentum by formula or zero."""
        self.optimizer = torch.optim.SGD(
            self.net.parameters(), lr=1.0, momentum=MOMENTUM, weight_decay=DECAY
        )
        for name, value in self.net.named_parameters():
            full, n = f"{self.label}/momentum/{name}", value.numel()
            start = values(n, full, 0.01) if momentum else np.zeros(n)
            self.momenta[name] = torch.from_numpy(start).reshape(value.shape).to(self.dtype)
            self.optimizer.state[value]["momentum_buffer"] = self.momenta[name]
            if value.dim() == 4:
                keep = mask(n, f"{self.label}/mask/{name}", KEEP)
                self.masks[name] = torch.from_numpy(keep).reshape(value.shape)
        self.apply_masks(self.momenta)
        self.apply_masks({name: value.data for name, value in self.net.named_parameters()})

    def apply_masks(self, tensors):
        for name, keep in self.masks.items():
            tensors[name].copy_(torch.where(keep, tensors[name], 0.0))

    def gradients(self, inputs, targets):
        """The mean cross-entropy in train mode, and its gradients by name."""
        self.net.train()
        loss = F.cross_entropy(self.net(inputs), targets)
        parameters = dict(self.net.named_parameters())
        found = torch.autograd.grad(loss, list(parameters.values()))
        return loss, dict(zip(parameters, found))

    def step(self, lr, inputs, targets):
        """One masked step of SGD; gives the loss before it."""
        loss, gradients = self.gradients(inputs, targets)
        self.apply_masks(gradients)
        for name, weight in self.net.named_parameters():
            weight.grad = gradients[name]
        self.optimizer.param_groups[0]["lr"] = lr
        self.optimizer.step()
        self.apply_masks(self.momenta)
        self.apply_masks({name: value.data for name, value in self.net.named_parameters()})
        return loss.item()

    def parameters(self):
        return {name: array(value) for name, value in self.net.named_parameters()}

    def statistics(self):
        """Running means and variances, in state-dict order."""
        found = self.net.named_buffers()
        return {name: array(value) for name, value in found if "running" in name}


MARGIN, NOISE = 5e-6, 1e-5


def settled(base, shape, measure):
    """The first of the states `base/0`, `base/1`, … on which f32 can be judged: its label, what
    `measure` gives for it in f64, and how far PyTorch's own f32 is from that.

    All its ReLU inputs stay away from zero (else f32 may round one to the other side, and
    gradients jump), and no batch normalisation magnifies rounding errors beyond NOISE.
    """
    for attempt in range(100):
        label = f"{base}/{attempt}"
        exact = State(label, *shape, torch.float64)
        results, loss = measure(exact)
        rounded, _ = measure(State(label, *shape, torch.float32))
        noise = max(deviation(rounded[kind], results[kind]) for kind in results)
        if noise <= NOISE and exact.smallest >= MARGIN:
            return label, results, loss, noise
    raise SystemExit(f"{base}: no state is fit for f32")


def array(value):
    """A copy: the networks are changed in place."""
    return value.detach().double().numpy().reshape(-1).copy()


def project(tensors):
    """One row per tensor: its projections."""
    return np.array([projections(name, flat) for name, flat in tensors.items()])


def deviation(ours, exact):
    """The worst ‖a − a*‖ / (‖a*‖ + 1e-3·‖all a*‖)."""
    everything = math.sqrt(sum(float(value @ value) for value in exact.values()))
    norm = np.linalg.norm
    parts = [norm(ours[k] - exact[k]) / (norm(exact[k]) + 1e-3 * everything) for k in exact]
    return float(max(parts))


def state_dicts():
    """Names and shapes of parameters and buffers in state-dict order, and how many numbers the
    parameters are."""

    def lines(tensors):
        return [" ".join([name, *map(str, value.shape)]) for name, value in tensors]

    shapes = [("resnet8", 16), ("resnet20", 16), ("resnet32", 16), ("resnet18", 64)]
    counts, about = [], []
    for architecture, width in shapes:
        net = ARCHITECTURES[architecture](width, 10)
        counts.append(sum(value.numel() for value in net.parameters()))
        names = {"parameters": lines(net.named_parameters()), "buffers": lines(net.named_buffers())}
        about.append({"architecture": architecture, "width": width} | names)
    return {"counts": np.array(counts)}, {"classes": 10, "networks": about}


def forward(architecture, width, batch, side):
    """Logits in eval and train mode, and the running statistics that train mode leaves."""
    label = f"forward/{architecture}-{width}"
    out, worst = {}, 0.0
    for dtype in (torch.float64, torch.float32):
        state = State(label, architecture, width, batch, side, dtype)
        with torch.no_grad():
            found = {"eval": state.net.eval()(state.inputs).double().numpy()}
            found["train"] = state.net.train()(state.inputs).double().numpy()
        found["statistics"] = project(state.statistics())
        if not out:
            out = found
        worst = max(float(np.abs(found[k] - out[k]).max()) for k in ("eval", "train"))
    about = {"label": label, "architecture": architecture, "width": width, "batch": batch}
    return out, about | {"side": side, "classes": 10, "pytorch_f32": worst}


def gradient(architecture, width, batch, side, whole):
    """Loss, and of each parameter's gradient the norm and projections, or all of it in f32."""

    def measure(state):
        loss, gradients = state.gradients(state.inputs, state.targets)
        return {"gradients": {k: array(v) for k, v in gradients.items()}}, loss.item()

    base, shape = f"gradient/{architecture}-{width}", (architecture, width, batch, side)
    label, exact, loss, noise = settled(base, shape, measure)
    exact, out = exact["gradients"], {"loss": np.array([loss])}
    if whole:
        out["gradients"] = np.concatenate(list(exact.values())).astype(np.float32)
    else:
        out["norms"] = np.array([np.linalg.norm(flat) for flat in exact.values()])
        out["projections"] = project(exact)
    about = {"label": label, "architecture": architecture, "width": width, "batch": batch}
    return out, about | {"side": side, "classes": 10, "pytorch_f32": noise}


def steps(count):
    """One masked step from each of `count` states: weights and momentum after it."""

    def measure(state):
        state.prune(momentum=True)
        loss = state.step(0.1, state.inputs, state.targets)
        momenta = {name: array(value) for name, value in state.momenta.items()}
        return {"weights": state.parameters(), "momenta": momenta}, loss

    out, about = {"loss": np.zeros(count)}, []
    for index in range(count):
        architecture = ("resnet8", "resnet20", "resnet18")[index % 3]
        shape = (architecture, 4, 8, 16)
        label, exact, loss, noise = settled(f"step-{index:02}", shape, measure)
        out["loss"][index] = loss
        for kind in exact:
            out[f"{index:02}/{kind}"] = project(exact[kind])
        about.append({"label": label, "architecture": architecture, "pytorch_f32": noise})
    shared = {"width": 4, "batch": 8, "side": 16, "classes": 10, "lr": 0.1}
    return out, shared | {"momentum": MOMENTUM, "weight_decay": DECAY, "keep": KEEP, "states": about}


def free_run(count):
    """Masked training of a resnet20 in f64, on four batches in turn."""
    state = State("free", "resnet20", 4, 16, 16, torch.float64)
    state.prune(momentum=False)
    losses = [state.step(0.01, *state.batch(f"free/{index % 4}")) for index in range(count)]
    out = {
        "loss": np.array(losses),
        "weights": project(state.parameters()),
        "momenta": project({name: array(value) for name, value in state.momenta.items()}),
        "statistics": project(state.statistics()),
    }
    about = {"label": "free", "architecture": "resnet20", "width": 4, "batch": 16, "side": 16}
    about |= {"classes": 10, "lr": 0.01, "momentum": MOMENTUM, "weight_decay": DECAY}
    return out, about | {"keep": KEEP, "steps": count, "batches": 4}

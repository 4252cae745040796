"""Golden values of recipes that change the training itself: ghost-skip's connections while they
fade, and knowledge distillation from a teacher with batch normalisation."""

import json

import architectures
import networks
import numpy as np
import torch
import torch.nn.functional as F
from formula import mask
from networks import DECAY, MOMENTUM, array
from safetensors.numpy import save_file
from torch import nn

KEEP, RATE, BATCH, CLASSES = 0.3, 0.05, 8, architectures.CLASSES


class Run:
    """A masked training in f64 from a state, with fresh momenta; what is added to the network
    (`extra`, by name) is trained with it and has no mask."""

    def __init__(self, label, architecture, width, side, extra=None):
        shape = (architecture, width, BATCH, (3, side, side))
        self.state = architectures.State(label, *shape, torch.float64)
        self.label, self.net = label, self.state.net
        self.extra = extra(self.net) if extra else {}
        parameters = dict(self.net.named_parameters())
        self.buffers = {k: x for k, x in self.net.named_buffers() if "running" in k}
        for key, module in self.extra.items():
            parameters |= {f"{key}.{name}": x for name, x in module.named_parameters()}
            running = [(k, x) for k, x in module.named_buffers() if "running" in k]
            self.buffers |= {f"{key}.{name}": x for name, x in running}
        self.parameters = parameters
        self.masks = {}
        for name, value in self.net.named_parameters():
            if value.dim() == 4:
                kept = torch.from_numpy(mask(value.numel(), f"{label}/mask/{name}", KEEP))
                self.masks[name] = kept.reshape(value.shape)
                value.data.copy_(torch.where(self.masks[name], value, 0.0))
        self.optimizer = torch.optim.SGD(
            parameters.values(), lr=RATE, momentum=MOMENTUM, weight_decay=DECAY
        )

    def step(self, index, loss):
        """One step on the batch `label/index`; `loss` is a function of images, logits and classes.
        Gives the loss before it."""
        inputs, targets = self.state.batch(f"{self.label}/{index}")
        self.net.train()
        self.optimizer.zero_grad(set_to_none=True)
        value = loss(inputs, self.net(inputs), targets)
        value.backward()
        for name, kept in self.masks.items():
            self.parameters[name].grad = torch.where(kept, self.parameters[name].grad, 0.0)
        self.optimizer.step()
        for name, kept in self.masks.items():
            self.parameters[name].data.copy_(torch.where(kept, self.parameters[name], 0.0))
        return value.item()

    def momenta(self):
        found = {k: self.optimizer.state[x]["momentum_buffer"] for k, x in self.parameters.items()}
        return {name: array(value) for name, value in found.items()}

    def train(self, steps, loss):
        """Losses before, weights after each step, and the last momenta and statistics: tensors, and
        the names of their rows."""
        losses, weights = [], []
        for index in range(steps):
            losses.append(self.step(index, loss(index)))
            weights.append(networks.project({k: array(x) for k, x in self.parameters.items()}))
        out = {"loss": np.array(losses), "weights": np.array(weights)}
        out["momenta"] = networks.project(self.momenta())
        out["statistics"] = networks.project({k: array(x) for k, x in self.buffers.items()})
        about = {"label": self.label, "batch": BATCH, "side": self.state.shape[2], "keep": KEEP}
        about |= {"lr": RATE, "momentum": MOMENTUM, "weight_decay": DECAY, "classes": CLASSES}
        return out, about | {"parameters": list(self.parameters), "buffers": list(self.buffers)}


FADE, EPOCH, GHOST_STEPS, FILL = 2, 2, 7, float(np.float32(1e-4))


class Jump(nn.Module):
    """A 1 x 1 convolution of the same stride, all weights equal, with its normalisation."""

    def __init__(self, conv):
        super().__init__()
        self.conv = nn.Conv2d(conv.in_channels, conv.out_channels, 1, conv.stride, bias=False)
        self.bn = nn.BatchNorm2d(conv.out_channels)
        nn.init.constant_(self.conv.weight, FILL)


class Ghost:
    """Beside each larger convolution but the first one a connection from what it reads to what its
    normalisation gives, times alpha; at alpha = 0 there is none."""

    def __init__(self):
        self.alpha = 1.0

    def __call__(self, net):
        modules, jumps = list(net.named_modules()), {}
        normalisations = [m for _, m in modules if isinstance(m, nn.BatchNorm2d)]
        convolutions = [(k, m) for k, m in modules if isinstance(m, nn.Conv2d)]
        # In these networks each convolution is followed by its own normalisation.
        assert len(normalisations) == len(convolutions)
        for (name, conv), norm in zip(convolutions, normalisations):
            if conv.kernel_size != (1, 1) and conv.in_channels != 3:
                jump = jumps[f"skip.{name}"] = Jump(conv).double()
                self.connect(conv, norm, jump)
        return jumps

    def connect(self, conv, norm, jump):
        read = {}
        conv.register_forward_pre_hook(lambda _, inputs: read.update(x=inputs[0]))

        def add(_, __, result):
            if self.alpha == 0:
                return None
            return result + self.alpha * jump.bn.train(norm.training)(jump.conv(read["x"]))

        norm.register_forward_hook(add)


def ghost(architecture, width, side):
    """Some steps while the connections fade, and some after it."""
    skip = Ghost()
    run = Run(f"ghost-skip/{architecture}", architecture, width, side, skip)
    gone = FADE * EPOCH

    def loss(index):
        skip.alpha = max(0.0, 1.0 - index / gone)
        return lambda _, logits, targets: F.cross_entropy(logits, targets)

    before = [array(run.parameters[k]) for k in run.parameters if k.startswith("skip.")]
    out, about = run.train(GHOST_STEPS, loss)
    after = [array(run.parameters[k]) for k in run.parameters if k.startswith("skip.")]
    assert all(np.abs(a - b).max() > 1e-9 for a, b in zip(before, after)), "a jump does not learn"
    # What is left is the plain network.
    inputs, _ = run.state.batch(f"{run.label}/test")
    plain = architectures.network(architecture, width, (3, side, side)).double()
    plain.load_state_dict(run.net.state_dict())
    with torch.no_grad():
        out["after/eval"] = array(plain.eval()(inputs))
        out["after/batch"] = array(plain.train()(inputs))
    about |= {"architecture": architecture, "width": width, "fade": f"{FADE}ep"}
    return out, about | {"steps_per_epoch": EPOCH, "steps": GHOST_STEPS, "jumps": len(before) // 3}


TAUGHT_STEPS, TEACHER = 4, ("resnet20", 6)


def taught(params):
    """Some steps of a student whose teacher is in eval mode: with the statistics of its own."""
    label, (architecture, width), side = "taught", TEACHER, 16
    shape = (architecture, width, BATCH, (3, side, side))
    teacher = architectures.State("teacher", *shape, torch.float64).net.eval()
    temperature, alpha = params["temperature"], params["alpha"]

    def loss(_):
        def value(inputs, logits, targets):
            with torch.no_grad():
                theirs = teacher(inputs)
            log = F.log_softmax(logits / temperature, 1)
            soft = F.softmax(theirs / temperature, 1)
            kl = F.kl_div(log, soft, reduction=params["reduction"])
            return alpha * temperature**2 * kl + (1 - alpha) * F.cross_entropy(logits, targets)

        return value

    run = Run(label, "resnet8", 4, side)
    inputs, _ = run.state.batch(f"{label}/0")
    with torch.no_grad():
        own, other = teacher(inputs), teacher.train()(inputs)
    assert (own - other).abs().max() > 0.1, "the mode of the teacher must matter"
    teacher = architectures.State("teacher", *shape, torch.float64).net.eval()
    out, about = run.train(TAUGHT_STEPS, loss)
    about |= {"architecture": "resnet8", "width": 4, "params": params, "steps": TAUGHT_STEPS}
    about["teacher"] = {"label": "teacher", "architecture": architecture, "width": width}
    return out, about


def cases():
    yield "ghost-skip-resnet18", ghost("resnet18", 4, 16)
    yield "ghost-skip-vgg16", ghost("vgg16", 4, 32)
    for reduction, temperature, alpha in [
        ("batchmean", 5.0, 0.9),
        ("mean", 5.0, 0.9),
        ("batchmean", 2.0, 0.4),
    ]:
        params = {"reduction": reduction, "temperature": temperature, "alpha": alpha}
        yield f"kd-{reduction}-{temperature:g}", taught(params)


def make(data):
    index = {"torch": torch.__version__.split("+")[0], "cases": {}}
    for name, (tensors, about) in cases():
        file = f"recipes-{name}.safetensors"
        save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, data / file)
        index["cases"][name] = {"file": file} | about
        print(name, (data / file).stat().st_size, "bytes, losses", tensors["loss"])
    (data / "recipes.json").write_text(json.dumps(index, indent=1) + "\n")

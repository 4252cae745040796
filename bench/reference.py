"""PyTorch training the same network, for `cargo xtask bench`.

    python bench/reference.py MODE NETWORK [--threads N] [--batch N] [--steps N] [--device cpu]
                              [--precision f32|bf16] [--compile MODE]

MODE is one of
  paper     as the paper's code trains: NCHW, f32, a DataLoader with a worker per thread that
            augments image by image, the loss read every step
  tuned     what an expert would write: channels_last, the dataset as one tensor on the device,
            augmentation of whole batches, fused SGD, no synchronisation
  compiled  the same through torch.compile, in its mode --compile
  graph     the same as one CUDA graph for each step, without a compiler
  infer     forward passes in evaluation mode, channels_last
  infer-nchw  the same in NCHW

It says `{"ready": ...}`, then does a round of steps for each line on stdin and says
`{"images_per_second": ...}`; the end of stdin ends it.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "python"))
import convnets  # noqa: E402
import resnet  # noqa: E402

WIDTHS = {"resnet18": 64, "resnet20": 16, "vgg16": 64, "mobilenet": 32}
IMAGES, CLASSES, PAD = 10_000, 10, 4
MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)


def network(name):
    if name in convnets.ARCHITECTURES:
        return convnets.ARCHITECTURES[name](WIDTHS[name], CLASSES, (3, 32, 32))
    return resnet.ARCHITECTURES[name](WIDTHS[name], CLASSES)


class Images(Dataset):
    """Augments one image at a time, in numpy, which takes less than PIL would."""

    def __init__(self, images, labels):
        self.images, self.labels = images, labels
        self.mean = np.array(MEAN, np.float32).reshape(3, 1, 1)
        self.std = np.array(STD, np.float32).reshape(3, 1, 1)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        padded = np.pad(self.images[index], ((0, 0), (PAD, PAD), (PAD, PAD)))
        y, x = np.random.randint(0, 2 * PAD + 1, 2)
        image = padded[:, y : y + 32, x : x + 32]
        if np.random.rand() < 0.5:
            image = image[:, :, ::-1]
        image = (image.astype(np.float32) / 255 - self.mean) / self.std
        return torch.from_numpy(image), self.labels[index]


def batches(images, labels, batch, device):
    """Whole batches from one tensor, cropped and flipped together."""
    mean = torch.tensor(MEAN, device=device).reshape(1, 3, 1, 1)
    std = torch.tensor(STD, device=device).reshape(1, 3, 1, 1)
    images, labels = images.to(device), labels.to(device)
    padded = F.pad(images, (PAD,) * 4)
    rows = torch.arange(32, device=device)
    channels = torch.arange(3, device=device).reshape(1, 3, 1, 1)
    while True:
        order = torch.randperm(len(images), device=device)
        for start in range(0, len(order) - batch + 1, batch):
            index = order[start : start + batch]
            y = torch.randint(0, 2 * PAD + 1, (batch, 1), device=device) + rows
            x = torch.randint(0, 2 * PAD + 1, (batch, 1), device=device) + rows
            flip = torch.rand(batch, 1, device=device) < 0.5
            x = torch.where(flip, x.flip(1), x)
            chosen = padded[index[:, None, None, None], channels, y[:, None, :, None], x[:, None, None, :]]
            inputs = (chosen.float() / 255 - mean) / std
            yield inputs.contiguous(memory_format=torch.channels_last), labels[index]


class Paper:
    def __init__(self, options, images, labels):
        self.net = network(options.network).to(options.device)
        self.device, self.steps, self.batch = options.device, options.steps, options.batch
        self.loader = DataLoader(
            Images(images.numpy(), labels),
            batch_size=options.batch,
            shuffle=True,
            drop_last=True,
            num_workers=options.threads,
            persistent_workers=True,
            pin_memory=options.device != "cpu",
        )
        self.source = self.endless()
        self.optimizer = torch.optim.SGD(
            self.net.parameters(), lr=0.1, momentum=0.9, weight_decay=2e-4
        )
        self.net.train()

    def endless(self):
        while True:
            yield from self.loader

    def round(self):
        total = 0.0
        for _ in range(self.steps):
            inputs, targets = next(self.source)
            inputs, targets = inputs.to(self.device), targets.to(self.device)
            outputs = self.net(inputs)
            loss = F.cross_entropy(outputs, targets)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += loss.item() + (outputs.argmax(1) == targets).sum().item()
        return self.steps * self.batch


class Tuned:
    def __init__(self, options, images, labels):
        self.steps, self.batch = options.steps, options.batch
        self.device = torch.device(options.device)
        self.bf16 = options.precision == "bf16"
        self.net = network(options.network).to(options.device, memory_format=torch.channels_last)
        self.net.train()
        self.forward = self.net
        if options.mode == "compiled":
            self.forward = torch.compile(self.net, mode=options.compile, dynamic=False)
        self.source = batches(images, labels, options.batch, options.device)
        self.optimizer = torch.optim.SGD(
            self.net.parameters(), lr=0.1, momentum=0.9, weight_decay=2e-4, fused=True
        )
        self.seen = torch.zeros((), device=options.device)

    def step(self, inputs, targets):
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            outputs = self.forward(inputs)
        loss = F.cross_entropy(outputs.float(), targets)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        with torch.no_grad():
            self.seen += loss + (outputs.argmax(1) == targets).sum()

    def round(self):
        for _ in range(self.steps):
            torch.compiler.cudagraph_mark_step_begin()
            self.step(*next(self.source))
        self.seen.item()
        return self.steps * self.batch


class Graphed(Tuned):
    """A step recorded once and replayed: what a GPU can do when no launch is waited for."""

    def __init__(self, options, images, labels):
        super().__init__(options, images, labels)
        if self.device.type != "cuda":
            raise SystemExit("a CUDA graph needs a CUDA device")
        self.inputs, self.targets = (tensor.clone() for tensor in next(self.source))
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(5):
                self.step(self.inputs, self.targets)
        torch.cuda.current_stream().wait_stream(side)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.step(self.inputs, self.targets)

    def round(self):
        for _ in range(self.steps):
            inputs, targets = next(self.source)
            self.inputs.copy_(inputs)
            self.targets.copy_(targets)
            self.graph.replay()
        self.seen.item()
        return self.steps * self.batch


class Infer:
    def __init__(self, options, images):
        self.steps, self.batch = options.steps, options.batch
        nchw = options.mode == "infer-nchw"
        layout = torch.contiguous_format if nchw else torch.channels_last
        self.net = network(options.network).to(options.device, memory_format=layout)
        self.net.eval()
        inputs = images[: options.batch].to(options.device).float() / 255
        self.inputs = inputs.contiguous(memory_format=layout)

    def round(self):
        with torch.inference_mode():
            for _ in range(self.steps):
                outputs = self.net(self.inputs)
        outputs.sum().item()
        return self.steps * self.batch


def parser():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=["paper", "tuned", "compiled", "graph", "infer", "infer-nchw"])
    parser.add_argument("network", choices=sorted(WIDTHS))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--compile", default="default")
    return parser


def side_of(options):
    """What is measured, with its data."""
    torch.set_num_threads(options.threads)
    torch.backends.cudnn.benchmark = options.device != "cpu"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.manual_seed(1)
    images = torch.randint(0, 256, (IMAGES, 3, 32, 32), dtype=torch.uint8)
    labels = torch.randint(0, CLASSES, (IMAGES,))
    if options.mode.startswith("infer"):
        return Infer(options, images)
    sides = {"paper": Paper, "tuned": Tuned, "compiled": Tuned, "graph": Graphed}
    return sides[options.mode](options, images, labels)


def main():
    options = parser().parse_args()
    side = side_of(options)
    for _ in range(options.warmup):
        side.round()
    print(json.dumps({"ready": {"torch": torch.__version__}}), flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        count = side.round()
        print(json.dumps({"images_per_second": count / (time.perf_counter() - began)}), flush=True)
    os._exit(0)  # The loader's workers are not waited for.


if __name__ == "__main__":
    main()

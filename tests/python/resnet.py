"""The ResNets in plain PyTorch, with the state-dict names that Jackpot uses.

`ResNet18` has 1x1 shortcut convolutions, `SmallResNet` (6n + 2 layers) has shortcuts without
parameters. Both take square images of at least 8 x 8 pixels.
"""

import torch.nn.functional as F
from torch import nn


def conv3x3(inputs, outputs, stride=1):
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)


class PadShortcut(nn.Module):
    """Every second pixel; new channels are zeros, half of them before the old ones."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.stride = stride
        self.before = (outputs - inputs) // 2
        self.after = outputs - inputs - self.before

    def forward(self, x):
        pixels = x[:, :, :: self.stride, :: self.stride]
        return F.pad(pixels, (0, 0, 0, 0, self.before, self.after))


def projection(inputs, outputs, stride):
    """A 1x1 convolution and batch normalisation: `shortcut.0` and `shortcut.1`."""
    conv = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride, make_shortcut):
        super().__init__()
        self.conv1 = conv3x3(inputs, outputs, stride)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu1 = nn.ReLU()
        self.conv2 = conv3x3(outputs, outputs)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu2 = nn.ReLU()
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else make_shortcut(inputs, outputs, stride)

    def forward(self, x):
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return self.relu2(y + self.shortcut(x))


class ResNet(nn.Module):
    """Stem, stages of basic blocks (each stage after the first doubles the channels and halves
    the image), mean over the image, linear layer."""

    def __init__(self, blocks, width, classes, make_shortcut):
        super().__init__()
        self.conv1 = conv3x3(3, width)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.stages = []
        inputs = width
        for stage, count in enumerate(blocks):
            outputs = width << stage
            layers = []
            for block in range(count):
                stride = 2 if stage > 0 and block == 0 else 1
                layers.append(BasicBlock(inputs, outputs, stride, make_shortcut))
                inputs = outputs
            name = f"layer{stage + 1}"
            self.stages.append(name)
            setattr(self, name, nn.Sequential(*layers))
        self.linear = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        for name in self.stages:
            x = getattr(self, name)(x)
        return self.linear(x.mean(dim=(2, 3)))


def resnet18(width=64, classes=10):
    return ResNet([2, 2, 2, 2], width, classes, projection)


def small_resnet(n, width=16, classes=10):
    return ResNet([n, n, n], width, classes, PadShortcut)


ARCHITECTURES = {
    "resnet8": lambda width=16, classes=10: small_resnet(1, width, classes),
    "resnet18": resnet18,
    "resnet20": lambda width=16, classes=10: small_resnet(3, width, classes),
    "resnet32": lambda width=16, classes=10: small_resnet(5, width, classes),
}

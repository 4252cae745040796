"""The ResNets in plain PyTorch, with the state-dict names that Jackpot uses.

ResNet-18, 34 and 50 have 1x1 shortcut convolutions, those of 6n + 2 layers have shortcuts without
parameters. All take square images of at least 8 x 8 pixels.
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
    EXPANSION = 1

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


class Bottleneck(nn.Module):
    EXPANSION = 4

    def __init__(self, inputs, planes, stride, make_shortcut):
        super().__init__()
        outputs = 4 * planes
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu1 = nn.ReLU()
        self.conv2 = conv3x3(planes, planes, stride)
        self.bn2 = nn.BatchNorm2d(planes)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(planes, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.relu3 = nn.ReLU()
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else make_shortcut(inputs, outputs, stride)

    def forward(self, x):
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.relu2(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return self.relu3(y + self.shortcut(x))


class ResNet(nn.Module):
    """Stem, stages of blocks (each stage after the first doubles the channels and halves the
    image), mean over the image, linear layer."""

    def __init__(self, blocks, width, classes, make_shortcut, channels=3, make_block=BasicBlock):
        super().__init__()
        self.conv1 = conv3x3(channels, width)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.stages = []
        inputs = width
        for stage, count in enumerate(blocks):
            planes = width << stage
            layers = []
            for block in range(count):
                stride = 2 if stage > 0 and block == 0 else 1
                layers.append(make_block(inputs, planes, stride, make_shortcut))
                inputs = planes * make_block.EXPANSION
            name = f"layer{stage + 1}"
            self.stages.append(name)
            setattr(self, name, nn.Sequential(*layers))
        self.linear = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        for name in self.stages:
            x = getattr(self, name)(x)
        return self.linear(x.mean(dim=(2, 3)))


def resnet18(width=64, classes=10, channels=3):
    return ResNet([2, 2, 2, 2], width, classes, projection, channels)


def resnet34(width=64, classes=10, channels=3):
    return ResNet([3, 4, 6, 3], width, classes, projection, channels)


def resnet50(width=64, classes=10, channels=3):
    return ResNet([3, 4, 6, 3], width, classes, projection, channels, Bottleneck)


def small_resnet(n):
    """The network of 6n + 2 layers."""

    def make(width=16, classes=10, channels=3):
        return ResNet([n, n, n], width, classes, PadShortcut, channels)

    return make


ARCHITECTURES = {
    "resnet8": small_resnet(1),
    "resnet18": resnet18,
    "resnet20": small_resnet(3),
    "resnet32": small_resnet(5),
    "resnet34": resnet34,
    "resnet44": small_resnet(7),
    "resnet50": resnet50,
    "resnet56": small_resnet(9),
    "resnet110": small_resnet(18),
}

"""Networks as somebody may have them, for images [N, 3, 8, 8] of 4 classes.

The tests export them with `docs/python/torch_to_jackpot.py`; none follows the names of the plugins
that come with Jackpot.
"""

import torch
import torch.nn.functional as F
from torch import nn


class BasicBlock(nn.Module):
    """Two 3 × 3 convolutions; one ReLU module for both places, in place, as is usual."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            conv = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(outputs))

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class ResNet(nn.Module):
    """A stem with pooling, two stages of one block, the names of torchvision's ResNets."""

    def __init__(self, width=4, classes=4):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = nn.Sequential(BasicBlock(width, width))
        self.layer2 = nn.Sequential(BasicBlock(width, 2 * width, stride=2))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(2 * width, classes)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.avgpool(self.layer2(self.layer1(x)))
        return self.fc(torch.flatten(x, 1))


def vgg(classes=4):
    """Convolutions, most with batch normalisation, in one Sequential, and no class of its own."""
    layers, inputs = [nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)], 4
    for outputs in (8, 8):
        layers.append(nn.Conv2d(inputs, outputs, 3, padding="same", bias=False))
        layers += [nn.BatchNorm2d(outputs), nn.ReLU()]
        inputs = outputs
    layers += [nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32, 8), nn.ReLU(), nn.Dropout(0.0)]
    return nn.Sequential(*layers, nn.Linear(8, classes))


class Branches(nn.Module):
    """Concatenation, a module used twice, a weight used twice, groups and dilation."""

    def __init__(self, classes=4):
        super().__init__()
        self.reduce = nn.Conv2d(3, 4, 1)
        self.shared = nn.Conv2d(4, 4, 3, padding=2, dilation=2, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.depthwise = nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=8, bias=False)
        self.norm2 = nn.BatchNorm2d(8)
        self.mix = nn.Linear(8, 8)
        self.gate = nn.Parameter(torch.ones(8))
        self.last = nn.Linear(8, classes)
        self.tied = nn.Linear(8, 8)
        self.tied.weight = self.mix.weight

    def forward(self, x):
        x = F.relu(self.reduce(x))
        one = F.relu(self.norm(self.shared(x)))
        two = F.relu(self.norm(self.shared(one))) + x
        y = F.relu(self.norm2(self.depthwise(torch.cat([one, two], dim=1))))
        y = y.mean(dim=(2, 3)).view(x.size(0), -1)
        y = self.tied(F.relu(self.mix(y))) * self.gate
        return self.last(y)


class Operators(nn.Module):
    """Nearly everything that the script knows, once."""

    def __init__(self, classes=4):
        super().__init__()
        self.stem = nn.Sequential(
            nn.ZeroPad2d(1),
            nn.Conv2d(3, 8, 3, padding="same", padding_mode="zeros"),
            nn.GroupNorm(2, 8),
            nn.PReLU(),
            nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False),
            nn.LeakyReLU(0.1),
        )
        smooth = [nn.GELU(), nn.GELU("tanh"), nn.SiLU(), nn.Mish(), nn.ELU(0.5), nn.CELU(2.0)]
        smooth += [nn.SELU(), nn.Softplus(2.0), nn.LogSigmoid(), nn.Tanh(), nn.Sigmoid()]
        bent = [nn.Hardtanh(-0.5, 2.0), nn.ReLU6(), nn.Hardswish(), nn.Hardsigmoid()]
        self.smooth, self.bent = nn.ModuleList(smooth), nn.ModuleList(bent)
        self.free = nn.BatchNorm2d(8, affine=False)
        self.local = nn.BatchNorm1d(16, track_running_stats=False)
        self.layer = nn.LayerNorm(16)
        self.scale = nn.Parameter(torch.full((16,), 0.5))
        self.register_buffer("shift", torch.full((16,), 0.25))
        self.frozen = nn.Parameter(torch.full((16, 16), 0.1), requires_grad=False)
        self.head = nn.Linear(16, classes)

    def forward(self, x):
        x = self.free(self.stem(x))
        for module in self.smooth:
            x = x + 0.1 * module(x)
        for module in self.bent:
            x = module(x) - x / 4
        n, c, h, w = x.shape
        # A channel shuffle.
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().reshape(n, -1, h, w)
        a, b = x.chunk(2, dim=1)
        x = torch.cat((b.permute(0, 1, 3, 2), a, x[:, :4, :, ::1]), dim=1)
        first, rest = torch.split(x, [4, 8], dim=1)
        pooled = F.adaptive_max_pool2d(F.pad(first, (1, 0, 0, 1)), 2).flatten(1)
        x = self.local(pooled) + self.layer(pooled) * self.scale - self.shift
        x = x + torch.matmul(x, self.frozen) + 1 / (x.square() + 1) + (2 - x) * 0.5
        spread = rest.sum(dim=(2, 3)).unsqueeze(2).squeeze(2).softmax(1)
        even = torch.stack([spread, spread.exp().sqrt()], dim=1).mean(1, keepdim=True)
        x = x + F.pad(even[:, 0], (8, 0)) + torch.maximum(x, -x).clamp(max=3.0)
        x = F.relu(x.unsqueeze(1)[..., 0, :]) * torch.ones_like(x)
        return self.head(F.dropout(x, 0.0, self.training)).log_softmax(dim=1)


NETWORKS = {"resnet": ResNet, "vgg": vgg, "branches": Branches, "operators": Operators}

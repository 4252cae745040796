"""VGG16, the MobileNets and the LeNets in plain PyTorch, with the state-dict names that Jackpot
uses. Each takes a width, the number of classes and the images' shape."""

from torch import nn


class Vgg16(nn.Module):
    """Below 32 pixels the halvings round up, else nothing would be left."""

    def __init__(self, width, classes, shape):
        super().__init__()
        round_up, layers, inputs = min(shape[1:]) < 32, [], shape[0]
        for times, convs in [(1, 2), (2, 2), (4, 3), (8, 3), (8, 3)]:
            for _ in range(convs):
                layers.append(nn.Conv2d(inputs, times * width, 3, padding=1))
                inputs = times * width
                layers += [nn.BatchNorm2d(inputs), nn.ReLU()]
            layers.append(nn.MaxPool2d(2, ceil_mode=round_up))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(inputs, classes)

    def forward(self, x):
        return self.classifier(self.features(x).mean(dim=(2, 3)))


def depthwise(channels, stride):
    return nn.Conv2d(channels, channels, 3, stride, padding=1, groups=channels, bias=False)


def pointwise(inputs, outputs):
    return nn.Conv2d(inputs, outputs, 1, bias=False)


class SeparableBlock(nn.Module):
    """A convolution of each channel by itself, then one of each pixel by itself."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = depthwise(inputs, stride), nn.BatchNorm2d(inputs)
        self.conv2, self.bn2 = pointwise(inputs, outputs), nn.BatchNorm2d(outputs)
        self.relu1, self.relu2 = nn.ReLU(), nn.ReLU()

    def forward(self, x):
        y = self.relu1(self.bn1(self.conv1(x)))
        return self.relu2(self.bn2(self.conv2(y)))


class MobileNet(nn.Module):
    def __init__(self, width, classes, shape):
        super().__init__()
        self.conv1 = nn.Conv2d(shape[0], width, 3, padding=1, bias=False)
        self.bn1, self.relu1 = nn.BatchNorm2d(width), nn.ReLU()
        blocks, inputs = [], width
        for outputs, strides in [(64, [1]), (128, [2, 1]), (256, [2, 1]), (512, [2] + 5 * [1])]:
            for stride in strides:
                blocks.append(SeparableBlock(inputs, outputs * width // 32, stride))
                inputs = outputs * width // 32
        for stride in [2, 1]:
            blocks.append(SeparableBlock(inputs, 32 * width, stride))
            inputs = 32 * width
        self.layers = nn.Sequential(*blocks)
        self.linear = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.layers(self.relu1(self.bn1(self.conv1(x))))
        return self.linear(x.mean(dim=(2, 3)))


class InvertedBlock(nn.Module):
    """Widens, convolves each channel by itself, narrows; adds its input if it keeps the size."""

    def __init__(self, inputs, inner, outputs, stride):
        super().__init__()
        self.adds = stride == 1
        self.conv1, self.bn1 = pointwise(inputs, inner), nn.BatchNorm2d(inner)
        self.conv2, self.bn2 = depthwise(inner, stride), nn.BatchNorm2d(inner)
        self.conv3, self.bn3 = pointwise(inner, outputs), nn.BatchNorm2d(outputs)
        self.relu1, self.relu2 = nn.ReLU(), nn.ReLU()
        self.shortcut = nn.Identity()
        if self.adds and inputs != outputs:
            self.shortcut = nn.Sequential(pointwise(inputs, outputs), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.relu2(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return y + self.shortcut(x) if self.adds else y


class MobileNetV2(nn.Module):
    def __init__(self, width, classes, shape):
        super().__init__()

        def scaled(channels):
            """In proportion to the width, a half rounded up."""
            return max(1, (2 * channels * width + 32) // 64)

        self.conv1 = nn.Conv2d(shape[0], width, 3, padding=1, bias=False)
        self.bn1, self.relu1 = nn.BatchNorm2d(width), nn.ReLU()
        blocks, inputs, factor = [], width, 1
        for channels, strides in [
            (16, [1]),
            (24, [1, 1]),
            (32, [2, 1, 1]),
            (64, [2, 1, 1, 1]),
            (96, [1, 1, 1]),
            (160, [2, 1, 1]),
            (320, [1]),
        ]:
            for stride in strides:
                outputs = scaled(channels)
                blocks.append(InvertedBlock(inputs, factor * inputs, outputs, stride))
                inputs, factor = outputs, 6
        self.layers = nn.Sequential(*blocks)
        self.conv2 = pointwise(inputs, scaled(1280))
        self.bn2, self.relu2 = nn.BatchNorm2d(scaled(1280)), nn.ReLU()
        self.linear = nn.Linear(scaled(1280), classes)

    def forward(self, x):
        x = self.layers(self.relu1(self.bn1(self.conv1(x))))
        x = self.relu2(self.bn2(self.conv2(x)))
        return self.linear(x.mean(dim=(2, 3)))


class LeNet300100(nn.Module):
    def __init__(self, width, classes, shape):
        super().__init__()
        first, second = width, max(1, width // 3)
        channels, height, wide = shape
        hidden = [nn.Linear(channels * height * wide, first), nn.Linear(first, second)]
        self.fc_layers = nn.ModuleList(hidden)
        self.relus = nn.ModuleList([nn.ReLU(), nn.ReLU()])
        self.fc = nn.Linear(second, classes)

    def forward(self, x):
        x = x.flatten(1)
        for layer, relu in zip(self.fc_layers, self.relus):
            x = relu(layer(x))
        return self.fc(x)


class LeNet5(nn.Module):
    """Caffe's widths, ReLU after every layer but the last."""

    def __init__(self, width, classes, shape):
        super().__init__()
        second, hidden = 5 * width // 2, 25 * width
        height, wide = [((side - 4) // 2 - 4) // 2 for side in shape[1:]]
        self.conv1 = nn.Conv2d(shape[0], width, 5)
        self.conv2 = nn.Conv2d(width, second, 5)
        self.fc1 = nn.Linear(second * height * wide, hidden)
        self.fc2 = nn.Linear(hidden, classes)
        self.relu1, self.relu2, self.relu3 = nn.ReLU(), nn.ReLU(), nn.ReLU()
        self.pool1, self.pool2 = nn.MaxPool2d(2), nn.MaxPool2d(2)

    def forward(self, x):
        x = self.pool1(self.relu1(self.conv1(x)))
        x = self.pool2(self.relu2(self.conv2(x)))
        return self.fc2(self.relu3(self.fc1(x.flatten(1))))


ARCHITECTURES = {
    "vgg16": Vgg16,
    "mobilenet": MobileNet,
    "mobilenet-v2": MobileNetV2,
    "lenet-300-100": LeNet300100,
    "lenet-5": LeNet5,
}

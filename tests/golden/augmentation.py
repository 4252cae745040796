"""Golden values of trivial-augment's operations: each at every strength, pixel by pixel."""

import json
import math

import numpy as np
import torch
from formula import labels, projections
from safetensors.numpy import save_file

HEIGHT, WIDTH = 31, 33
"""Odd: no pixel turned by 45 degrees falls between two others. Different: no axis for another."""

TIE = 1e-4
"""No source is nearer than this to the middle between two pixels, so that f32 takes the same one."""

SIGNED = ["shear-x", "shear-y", "translate-x", "translate-y", "rotate"]
SIGNED += ["brightness", "color", "contrast", "sharpness"]
STRENGTHS = {name: range(-30, 31) for name in SIGNED}
STRENGTHS |= {"posterize": range(31), "solarize": range(31)}
STRENGTHS |= {"identity": range(1), "autocontrast": range(1), "equalize": range(1)}


def levels():
    """Noise of 256 levels, each channel of another range."""
    ranges = [(20, 90), (40, 130), (60, 170)]
    n = HEIGHT * WIDTH
    channels = [start + labels(n, f"augmentation/{start}", width) for start, width in ranges]
    return torch.from_numpy(np.stack(channels).reshape(3, HEIGHT, WIDTH))


def source(name, strength, x, y):
    """Where the pixel whose centre is (x, y) comes from; (0, 0) is the top left corner."""
    amount = strength / 30
    if name == "shear-x":
        return x + 0.99 * amount * y, y
    if name == "shear-y":
        return x, y + 0.99 * amount * x
    if name == "translate-x":
        return x - int(32 * strength / 30), y
    if name == "translate-y":
        return x, y - int(32 * strength / 30)
    # What stood to the right of the centre stands above it after 90 degrees.
    angle = math.radians(135 * amount)
    right, down = x - WIDTH / 2, y - HEIGHT / 2
    to_right = math.cos(angle) * right - math.sin(angle) * down
    to_down = math.sin(angle) * right + math.cos(angle) * down
    return to_right + WIDTH / 2, to_down + HEIGHT / 2


def moved(image, name, strength):
    """The image with each pixel from its source, black from outside."""
    out = torch.zeros_like(image)
    for row in range(HEIGHT):
        for column in range(WIDTH):
            x, y = source(name, strength, column + 0.5, row + 0.5)
            if 0 <= x < WIDTH and 0 <= y < HEIGHT:
                out[:, row, column] = image[:, math.floor(y), math.floor(x)]
            assert min(abs(x - round(x)), abs(y - round(y))) > TIE
    return out


def grey(image):
    return 0.299 * image[0] + 0.587 * image[1] + 0.114 * image[2]


def smooth(image):
    kernel = torch.tensor([[1.0, 1, 1], [1, 5, 1], [1, 1, 1]], dtype=image.dtype) / 13
    out = image.clone()
    inside = torch.nn.functional.conv2d(image[:, None], kernel[None, None])
    out[:, 1:-1, 1:-1] = inside[:, 0]
    return out


def blended(image, name, strength):
    factor = 1 + 0.99 * strength / 30
    other = {
        "brightness": lambda: torch.zeros_like(image),
        "color": lambda: grey(image).expand_as(image),
        "contrast": lambda: grey(image).mean().expand_as(image),
        "sharpness": lambda: smooth(image),
    }[name]()
    return (factor * image + (1 - factor) * other).clamp(0, 1)


def posterized(bin):
    bits = 8 - round(bin / 5)
    return ((levels() >> (8 - bits)) << (8 - bits)).double() / 255


def solarized(bin):
    level = levels()
    # 255 - 8.5·bin, in whole numbers.
    return torch.where(2 * level >= 510 - 17 * bin, 255 - level, level).double() / 255


def stretched(image):
    return torch.stack([(c - c.min()) / (c.max() - c.min()) for c in image])


def equalized(channel):
    """As PIL's `ImageOps.equalize` is documented and behaves."""
    histogram = torch.bincount(channel.flatten(), minlength=256).tolist()
    counts = [count for count in histogram if count]
    step = (sum(counts) - counts[-1]) // 255
    assert step > 0
    table, seen = [], step // 2
    for count in histogram:
        table.append(min(seen // step, 255))
        seen += count
    return torch.tensor(table)[channel].double() / 255


def applied(name, strength):
    image = levels().double() / 255
    if name in SIGNED[:5]:
        return moved(image, name, strength)
    if name in SIGNED[5:]:
        return blended(image, name, strength)
    return {
        "identity": lambda: image,
        "posterize": lambda: posterized(strength),
        "solarize": lambda: solarized(strength),
        "autocontrast": lambda: stretched(image),
        "equalize": lambda: torch.stack([equalized(channel) for channel in levels()]),
    }[name]()


def make(out):
    def row(name, strength):
        return projections("augmentation", applied(name, strength).reshape(-1).numpy())

    file = "augmentation.safetensors"
    tensors = {
        name: np.array([row(name, strength) for strength in strengths])
        for name, strengths in STRENGTHS.items()
    }
    save_file(tensors, out / file)
    about = {"file": file, "operations": list(STRENGTHS), "height": HEIGHT, "width": WIDTH}
    index = {"torch": torch.__version__.split("+")[0], "cases": {"trivial-augment": about}}
    (out / "augmentation.json").write_text(json.dumps(index, indent=1) + "\n")
    print("augmentation", (out / file).stat().st_size, "bytes")

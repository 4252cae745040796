"""What a training step of ResNet-18 under masks should take by the table of single layers.

    cargo run --release --example sparse_conv -- --around > layers.txt
    python bench/predicted.py layers.txt MASKS...

Between the table's sparsities times are interpolated, both as logarithms; a strided 3 × 3 convolution
counts as half of one that is not, a 1 × 1 one as one with as many kept weights, and the first one, of
three channels, likewise. Norms are added with their ReLUs and additions. Dense operators (data, loss,
optimizer) are not in it.
"""

import argparse
import bisect
import json
import math
import re
import struct
from pathlib import Path

LAYER = re.compile(r"(\d+)x\d+ +([\d.]+) % .* sum +([\d.]+) ms")
AROUND = re.compile(
    r"(\d+)x\d+ .*ReLU forward ([\d.]+) ms, backward ([\d.]+) ms; with a residual ([\d.]+) and ([\d.]+) ms"
)
CHANNELS = (64, 128, 256, 512)
# Norms of a stage: with a ReLU or alone, and with an addition.
PLAIN, ADDED = 3, 2


def kept_shares(path):
    """(out, in, kernel) and the share of kept weights of each convolution in a file of masks."""
    content = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    for name, about in header.items():
        if name == "__metadata__" or len(about["shape"]) != 4:
            continue
        if about["dtype"] != "BOOL":
            raise SystemExit(f"{path}: {name} is {about['dtype']}, where masks are BOOL")
        start, end = about["data_offsets"]
        out, channels, kernel, _ = about["shape"]
        yield (out, channels, kernel), (end - start - data[start:end].count(0)) / (end - start)


def counts_as(out, channels, kernel, share):
    """The share of kept weights of the table's layer that it counts as, and which part of that."""
    if kernel == 1:
        return share / 9, 0.5
    if channels == out:
        return share, 1
    if channels < CHANNELS[0]:
        return share * channels / CHANNELS[0], 1
    return share, 0.5


def between(points, share):
    """The time at a share of kept weights, from (share, time) in ascending order."""
    if share == 0:
        return 0.0
    place = min(max(bisect.bisect([share_of for share_of, _ in points], share), 1), len(points) - 1)
    (low, fast), (high, slow) = points[place - 1], points[place]
    part = math.log(share / low) / math.log(high / low)
    return fast * (slow / fast) ** part


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("table", type=Path, help="what the example sparse_conv printed, with --around")
    parser.add_argument("masks", nargs="+")
    parser.add_argument("--batch", type=float, default=128)
    parser.add_argument("--table-batch", type=float, default=64)
    options = parser.parse_args()
    layers, norms = {}, 0.0
    for line in options.table.read_text().splitlines():
        if found := LAYER.match(line):
            channels, zeros, time = int(found[1]), float(found[2]), float(found[3])
            layers.setdefault(channels, []).append((1 - zeros / 100, time))
        elif found := AROUND.match(line):
            forward, backward, with_addition, its_backward = map(float, found.groups()[1:])
            norms += PLAIN * (forward + backward) + ADDED * (with_addition + its_backward)
    if sorted(layers) != list(CHANNELS) or min(map(len, layers.values())) < 2 or norms == 0:
        channels = ", ".join(map(str, CHANNELS))
        raise SystemExit(
            f"{options.table} lacks layers of {channels} channels, two sparsities of each, or the loops around them"
        )
    layers = {channels: sorted(points) for channels, points in layers.items()}
    scale = options.batch / options.table_batch
    for path in options.masks:
        convolutions = 0.0
        for (out, channels, kernel), share in kept_shares(path):
            share, part = counts_as(out, channels, kernel, share)
            convolutions += part * between(layers[out], share)
        print(
            f"{path}: {scale * (convolutions + norms):.0f} ms a step, of which convolutions "
            f"{scale * convolutions:.0f} and norms {scale * norms:.0f}"
        )


if __name__ == "__main__":
    main()

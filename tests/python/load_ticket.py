"""Loads a level's weights into a plain PyTorch ResNet-18 and compares the logits.

    jackpot eval RUN_OR_FILE --logits logits.safetensors
    python load_ticket.py --model level-03/model.safetensors \\
        --logits logits.safetensors --images images.safetensors --width 64 --classes 100

The images' file has the tensor `inputs`: normalised images, f32 [N, 3, H, W], in the order of the
logits, whose file has the tensor `logits`, f32 [N, classes]. Prints the largest absolute
difference; exits with 1 if it is above the tolerance or the files do not fit.
"""

import argparse
import sys

import torch
from resnet import resnet18
from safetensors.torch import load_file


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="model.safetensors of a level")
    parser.add_argument("--logits", required=True, help="written by `jackpot eval --logits`")
    parser.add_argument("--images", required=True, help="the same images, normalised: `inputs`")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--batch", type=int, default=256, help="images at a time")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    return parser.parse_args()


def tensor(path, name):
    tensors = load_file(path)
    if name not in tensors:
        sys.exit(f"{path}: no tensor `{name}`; there are: {', '.join(sorted(tensors))}")
    return tensors[name].float()


def main():
    args = arguments()
    net = resnet18(args.width, args.classes)
    # Strict: a missing, unknown or misshapen tensor is an error that names it.
    try:
        net.load_state_dict(load_file(args.model))
    except RuntimeError as error:
        sys.exit(f"{args.model}: {error}")
    net.eval()
    images, theirs = tensor(args.images, "inputs"), tensor(args.logits, "logits")
    with torch.no_grad():
        ours = torch.cat([net(part) for part in images.split(args.batch)])
    if ours.shape != theirs.shape:
        sys.exit(f"logits have shape {list(theirs.shape)}, PyTorch's {list(ours.shape)}")
    difference = (ours - theirs).abs().max().item()
    print(f"{len(ours)} images, max abs difference {difference:.3e}")
    # Not `difference > tolerance`: NaN must fail, too.
    if not difference <= args.tolerance:
        sys.exit(1)


if __name__ == "__main__":
    main()

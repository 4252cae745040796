"""Compares exports with the network's own logits, in onnxruntime and in PyTorch.

    python check_exports.py FOLDER

For each NAME.logits (a safetensors file with `inputs` and `logits`) the folder has NAME.onnx, and
NAME.safetensors with NAME.graph.json. Prints the largest differences; exits with 1 if one is above
1e-4 times the largest logit (or 1, if that is less), or if onnx.checker refuses a file.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "python"))
from load_export import check  # noqa: E402

TOLERANCE = 1e-4


def main():
    torch.set_num_threads(1)
    worst, all_found = {".onnx": 0.0, ".safetensors": 0.0}, []
    cases = sorted(Path(sys.argv[1]).glob("*.logits"))
    for case in cases:
        tensors = load_file(case)
        inputs, logits = tensors["inputs"], tensors["logits"]
        for ending in worst:
            path = case.with_suffix(ending)
            off = check(path, inputs, logits)
            # One image alone: the size of the batch is open.
            off = max(off, check(path, inputs[:1], logits[:1]))
            # Of f32 numbers: 110 layers without bounds have logits of tens of thousands.
            off /= max(1.0, logits.abs().max().item())
            worst[ending] = max(worst[ending], off)
            all_found.append((off, f"{path.name}: {off:.1e}"))
    found = ", ".join(f"{ending} {off:.1e}" for ending, off in worst.items())
    print(f"{len(cases)} networks; largest differences: {found}")
    # NaN is no agreement.
    wrong = [text for off, text in all_found if not off <= TOLERANCE]
    print("the worst:", ", ".join(text for _, text in sorted(all_found, reverse=True)[:5]))
    if wrong or not cases:
        sys.exit("\n".join(wrong) or "there is nothing to compare")


if __name__ == "__main__":
    main()

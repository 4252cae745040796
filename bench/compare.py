"""Jackpot and PyTorch by turns: `cargo xtask bench` starts it.

    python bench/compare.py JACKPOT [--networks a,b] [--modes paper,tuned] [--threads 1,2] ...

Both sides of a pair are one program each, which waits while the other has its turn, so that
whatever else the machine does meets both. Prints a table, and writes all rounds with --json.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import sys
from pathlib import Path

from side import Ended, Side

HERE = Path(__file__).parent


def compared(ours, theirs, pairs):
    rounds = [(ours.round(), theirs.round()) for _ in range(pairs)]
    ratios = [a / b for a, b in rounds]
    return {
        "jackpot": [a for a, _ in rounds],
        "torch": [b for _, b in rounds],
        "ratio": statistics.median(ratios),
        "least": min(ratios),
        "most": max(ratios),
    }


def commands(options, network, mode, threads):
    common = ["--set", f'model.architecture="{network}"', "--set", f"threads={threads}"]
    common += ["--set", f"train.batch_size={options.batch}", "--steps", str(options.steps)]
    ours = [options.jackpot, "bench", str(HERE / "training.toml"), "--by-turns", *common]
    if options.masks:
        ours += ["--masks", str(options.masks)]
    elif options.sparsity:
        ours += ["--sparsity", str(options.sparsity)]
    if mode.startswith("infer"):
        ours += ["--inference", str(options.batch)]
    theirs = [sys.executable, str(HERE / "reference.py"), mode, network]
    theirs += ["--threads", str(threads), "--batch", str(options.batch), "--steps", str(options.steps)]
    return ours, theirs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("jackpot")
    words = lambda text: text.split(",")  # noqa: E731
    parser.add_argument("--networks", type=words, default=["resnet20", "resnet18", "vgg16", "mobilenet"])
    parser.add_argument("--modes", type=words, default=["paper", "tuned"])
    parser.add_argument("--threads", type=words, default=["1", "2"])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--sparsity", type=float, default=0.0)
    parser.add_argument("--masks", type=Path, help="a ticket's file of masks, in place of --sparsity")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = []
    print(f"{'network':12}{'against':10}{'threads':>8}{'jackpot':>10}{'torch':>10}{'ratio':>8}   least to most")
    for network in options.networks:
        for mode in options.modes:
            for threads in options.threads:
                ours, theirs = commands(options, network, mode, threads)
                cores = "1" if threads == "1" else ""
                sides = [Side(command, threads, cores) for command in (ours, theirs)]
                for side in sides:
                    side.ready()
                result = compared(*sides, options.pairs)
                measured = [side.end() for side in sides][0]
                found.append(
                    {"network": network, "mode": mode, "threads": threads, **result, "measured": measured}
                )
                medians = [statistics.median(result[side]) for side in ("jackpot", "torch")]
                print(
                    f"{network:12}{mode:10}{threads:>8}{medians[0]:10.1f}{medians[1]:10.1f}"
                    f"{result['ratio']:8.2f}   {result['least']:.2f} to {result['most']:.2f}",
                    flush=True,
                )
    if options.json:
        about = {
            "date": datetime.date.today().isoformat(),
            "machine": platform.platform(),
            "cores": os.cpu_count(),
            "batch": options.batch,
            "steps": options.steps,
            "sparsity": options.sparsity,
            "masks": str(options.masks) if options.masks else None,
        }
        options.json.write_text(json.dumps({**about, "results": found}, indent=1))


if __name__ == "__main__":
    try:
        main()
    except Ended as ended:
        sys.exit(str(ended))

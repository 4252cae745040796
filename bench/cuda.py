"""Everything that is to be measured on a CUDA machine, by one command, into one JSON file.

    python bench/cuda.py --jackpot FOLDER/bin/jackpot [--out cuda.json] [--minutes 9]

It needs Python with torch 2.11 and numpy, this repository's `bench/` and `tests/python/`, and a
Jackpot that was built elsewhere (`cargo xtask dist` makes the tarball; a plain `target/release/
jackpot` with its plugins beside it will do). No compiler, no network. What does not work is written
down with its error, what finds no time left as skipped, and the rest goes on.

    python bench/cuda.py --jackpot … --device cpu --quick     tries the whole on a CPU
"""

import argparse
import datetime
import json
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import torch

from measures import matrix_rate, profiled, step_flops
from parts import NoTime, Parts
from race import Race

HERE = Path(__file__).resolve().parent

# Name, mode of reference.py, further options. Paper is what the first goal is held against, the
# best of the others the second.
REFERENCES = [
    ("paper", "paper", []),
    ("tuned", "tuned", ["--precision", "bf16"]),
    ("graph", "graph", ["--precision", "bf16"]),
    ("compile", "compiled", ["--precision", "bf16"]),
    ("compile-reduce-overhead", "compiled", ["--precision", "bf16", "--compile", "reduce-overhead"]),
    ("compile-max-autotune", "compiled", ["--precision", "bf16", "--compile", "max-autotune"]),
]
# Name, precision, further settings.
OURS = [
    ("jackpot", "bf16", []),
    ("jackpot-operators", "bf16", ["cuda_graph=false"]),
    ("jackpot-f32", "f32", []),
]

# The share of the time by which programs have to be ready.
READY = 0.6

# What is aimed at.
PAPER, COMPILED, SHARE = 8.0, 1.1, 0.25


def environment():
    """What the program wants from its launcher, for one that is started without."""
    folder = Path(torch.__file__).parent
    given = os.environ.get("LD_LIBRARY_PATH", "")
    return {
        "JACKPOT_LIBTORCH": str(folder),
        "LD_LIBRARY_PATH": f"{folder / 'lib'}:{given}".rstrip(":"),
        # Several compile at once.
        "TORCHINDUCTOR_COMPILE_THREADS": "4",
    }


def about(options):
    found = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "device": options.device,
        "quick": options.quick,
        "network": options.network,
    }
    if options.device != "cpu":
        found["gpu"] = torch.cuda.get_device_name(options.device)
        found["cudnn"] = torch.backends.cudnn.version()
    return found


def version(options):
    command = [options.jackpot, "--version"]
    return run(command, 60).stdout.strip()


def run(command, seconds):
    environ = dict(os.environ, **environment())
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, env=environ)


def check(options, parts):
    """`jackpot device check`: every item in f32 and bf16 against the CPU in f32."""
    command = [options.jackpot, "device", "check", "--device", options.device, "--json"]
    command += [word for pattern in options.only for word in ("--only", pattern)]
    done = run(command, min(parts.left(), options.check_seconds))
    try:
        report = json.loads(done.stdout)
    except ValueError:
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr[-2000:]}") from None
    wrong = [row for row in report["rows"] if row["status"] == "failed"]
    for row in wrong:
        print(f"          failed: {row['kind']}/{row['name']} in {row['precision']}", flush=True)
    return report


def sides(options, batch):
    """Programs by name."""
    common = ["--steps", str(options.steps)]
    for name, precision, more in OURS:
        sets = [f'model.architecture="{options.network}"', f"train.batch_size={batch}"]
        sets += [f'precision="{precision}"', *more]
        command = [options.jackpot, "bench", str(HERE / "training.toml"), "--by-turns", *common]
        command += ["--device", options.device, "--warmup", str(options.warmup)]
        command += [word for one in sets for word in ("--set", one)]
        yield name, command
    for name, mode, more in REFERENCES:
        if name in options.leave_out:
            continue
        command = [sys.executable, str(HERE / "reference.py"), mode, options.network, *common, *more]
        command += ["--batch", str(batch), "--device", options.device]
        command += ["--threads", str(options.threads), "--warmup", "2"]
        yield name, command


def start(options, race):
    for batch in options.batches:
        for name, command in sides(options, batch):
            race.start(batch, name, command, options.threads, environment())
    return len(race.sides)


def speed(options, race, batch, seconds):
    found = race.rounds(batch, options.rounds, seconds)
    for name, value in found["median"].items():
        print(f"          {name:28}{value:12.1f} images/s", flush=True)
    return found


def goals(found, flops, rate):
    """How far it is, for a batch size; `None` where a side is missing."""
    own = found["median"].get("jackpot")
    others = {name: found["median"].get(name) for name, mode, _ in REFERENCES if mode != "paper"}
    others = {name: value for name, value in others.items() if value}
    best = max(others, key=others.get, default=None)
    paper = found["median"].get("paper")
    share = own * flops / rate if own and flops and rate else None
    goal = lambda value, aim: {"is": value, "aim": aim, "reached": None if value is None else value >= aim}  # noqa: E731
    return {
        "times_paper": goal(own / paper if own and paper else None, PAPER),
        "times_best": {
            **goal(own / others[best] if own and best else None, COMPILED),
            "best": best,
            "of": sorted(others),
            "missing": sorted(found["failed"]),
        },
        "share_of_matrix_rate": goal(share, SHARE),
    }


def arguments():
    parser = argparse.ArgumentParser()
    words = lambda text: [word for word in text.split(",") if word]  # noqa: E731
    parser.add_argument("--jackpot", required=True, type=Path)
    parser.add_argument("--out", type=Path, default=Path("cuda.json"))
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--minutes", type=float, default=9.0, help="after which it has ended")
    parser.add_argument("--network", default="resnet18")
    parser.add_argument("--batches", type=lambda text: [int(word) for word in words(text)], default=[128, 512])
    parser.add_argument("--only", type=words, default=[], help="items to check, all unless given")
    parser.add_argument("--leave-out", type=words, default=[], help="references by name")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=min(8, os.cpu_count() or 1))
    parser.add_argument("--quick", action="store_true", help="everything small: a rehearsal")
    options = parser.parse_args()
    options.jackpot = str(options.jackpot.resolve())
    options.warmup, options.check_seconds, options.matrix = 50, 180.0, 8192
    if options.quick:
        options.network, options.batches, options.steps, options.rounds = "resnet20", [8], 1, 2
        options.warmup, options.matrix = 1, 512
        options.only = options.only or ["activation/*", "architecture/resnet8"]
    return options


def main():
    options = arguments()
    # Whatever hangs then ends, and is written down.
    signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, 60 * options.minutes - 5)
    parts = Parts(options.out, 60 * options.minutes - 10, about(options))
    parts.do("version", 1, lambda: version(options))
    rate = parts.do("matrix rate", 5, lambda: matrix_rate(options.device, options.matrix))
    flops = parts.do("flops", 2, lambda: step_flops(options.network))
    race = Race()
    try:
        # They compile while the items are checked.
        parts.do("start", 60, lambda: start(options, race))
        parts.do("check", 10, lambda: check(options, parts))
        parts.do("ready", 1, lambda: race.wait(READY * parts.seconds - parts.elapsed()))
        for index, batch in enumerate(options.batches):
            share = (parts.left() - 40) / (len(options.batches) - index)
            found = parts.do(f"speed at {batch}", 20, lambda: speed(options, race, batch, share))
            if found:
                best = rate["bf16"]["median"] if rate else None
                flop = flops["of_a_training_image"] if flops else None
                parts.do(f"goals at {batch}", 0, lambda: goals(found, flop, best))
    finally:
        race.stop()
    for batch in options.batches:
        parts.do(f"profile at {batch}", 10, lambda: profiled(options, batch))
    print(f"{parts.elapsed():6.1f} s  {options.out}")
    states = [part["state"] for part in parts.found["parts"].values()]
    sys.exit(0 if all(state == "done" for state in states) else 1)


def over(*_):
    raise NoTime("the time is over")


if __name__ == "__main__":
    main()

"""What PyTorch itself says of the machine and of the network: rates, counts, a profile."""

import statistics
import time

import torch
from torch import nn

import reference


def matrix_rate(device, size, rounds=30):
    """FLOP/s of `size`³ matrix products by dtype, of each round and the median."""
    torch.backends.cuda.matmul.allow_tf32 = False
    found = {"size": size}
    for name, dtype in [("bf16", torch.bfloat16), ("f32", torch.float32)]:
        a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
        times = [seconds(device, lambda: torch.matmul(a, b)) for _ in range(rounds + 3)][3:]
        rates = [2 * size**3 / one for one in times]
        found[name] = {"median": statistics.median(rates), "rounds": rates}
    return found


def seconds(device, call):
    """Of one call; on a GPU by its own clock."""
    if device == "cpu":
        began = time.perf_counter()
        call()
        return time.perf_counter() - began
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    call()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / 1e3


def step_flops(name):
    """Counted in a forward pass of one image: 2 FLOP for each multiply-add of convolutions and
    linear layers; a training step takes three times as many."""
    net = reference.network(name).eval()
    counts = []

    def count(module, _, output):
        each = module.weight[0].numel()
        counts.append(each * output[0].numel())

    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.register_forward_hook(count)
    with torch.no_grad():
        net(torch.zeros(1, 3, 32, 32))
    macs = sum(counts)
    return {"network": name, "macs_forward": macs, "of_a_training_image": 3 * 2 * macs}


def profiled(options, batch, steps=10):
    """Where PyTorch's tuned step in bf16 spends the device's time, by operator."""
    from torch.profiler import ProfilerActivity, profile

    words = ["tuned", options.network, "--batch", str(batch), "--device", options.device]
    words += ["--precision", "bf16", "--steps", str(1 if options.quick else steps)]
    words += ["--threads", str(options.threads)]
    side = reference.side_of(reference.parser().parse_args(words))
    side.round()
    is_cuda = options.device != "cpu"
    activities = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if is_cuda else [])
    with profile(activities=activities) as found:
        side.round()
    own = "self_device_time_total" if is_cuda else "self_cpu_time_total"
    rows = [
        {"name": row.key, "calls": row.count, "us_device": getattr(row, own), "us_cpu": row.self_cpu_time_total}
        for row in found.key_averages()
    ]
    rows.sort(key=lambda row: -row["us_device"])
    return {"steps": side.steps, "operators": rows[:40]}

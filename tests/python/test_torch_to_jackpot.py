"""What `docs/python/torch_to_jackpot.py` refuses, and how it says so.

    python -m unittest tests/python/test_torch_to_jackpot.py

Needs torch and safetensors. The networks that it exports are compared with the host's numbers in
`tests/tests/own_network`.
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

HERE = Path(__file__).resolve().parent
SCRIPT = HERE.parents[1] / "docs" / "python" / "torch_to_jackpot.py"
sys.path[:0] = [str(SCRIPT.parent), str(HERE)]

from own_networks import NETWORKS  # noqa: E402
from safetensors.torch import load_file, load_model  # noqa: E402
from torch_to_jackpot import ExportError, export  # noqa: E402

IMAGES = torch.zeros(1, 3, 8, 8)


def head(inputs=3):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 4))


class Around(nn.Module):
    """A function before a head, with a convolution for it to use."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.head = head()

    def forward(self, x):
        return self.head(self.function(self, x))


class Exporting(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.graph, self.weights = self.folder / "net.json", self.folder / "net.safetensors"

    def export(self, module, images=IMAGES, **options):
        self.unused = export(module, images, self.graph, self.weights, **options)
        return json.loads(self.graph.read_text())

    def refused(self, module, *texts, **options):
        with self.assertRaises(ExportError) as caught:
            self.export(module, **options)
        for text in texts:
            self.assertIn(text, str(caught.exception))
        self.assertFalse(self.graph.exists() or self.weights.exists(), "something was written")

    def function(self, function, *texts):
        self.refused(Around(function), *texts)


class Refused(Exporting):
    def test_a_module_that_is_not_known(self):
        layers = nn.Sequential(nn.Upsample(scale_factor=2), head())
        self.refused(layers, "module `0` (Upsample)", "fx node `interpolate`", "is not supported")
        self.refused(nn.Sequential(nn.InstanceNorm2d(3), head()), "module `0` (InstanceNorm2d)")

    def test_a_function_that_is_not_known(self):
        self.function(lambda m, x: torch.sin(x), "itself (Around)", "fx node `sin`", "supported")
        self.function(lambda m, x: x.cumsum(1), "cumsum", "not supported")

    def test_options_that_a_graph_cannot_hold(self):
        reflect = nn.Conv2d(3, 3, 3, padding=1, padding_mode="reflect")
        self.refused(nn.Sequential(reflect, head()), "module `0` (Conv2d)", "'reflect'")
        self.function(lambda m, x: F.max_pool2d(x, 2, return_indices=True)[0], "with_indices")
        mean = nn.BatchNorm2d(3, momentum=None)
        self.refused(nn.Sequential(mean, head()), "fx node `_0`", "momentum=None")

    def test_dropout(self):
        layers = nn.Sequential(head(), nn.Dropout(0.5))
        self.refused(layers, "module `1` (Dropout)", "p = 0.5", "ignore_dropout")
        self.function(lambda m, x: F.dropout(x, training=m.training), "p = 0.5")
        graph = self.export(layers, ignore_dropout=True)
        self.assertEqual(len(graph["nodes"]), 3)
        self.export(Around(lambda m, x: F.dropout2d(x, 0.3, m.training)), ignore_dropout=True)

    def test_images_that_the_module_cannot_take(self):
        layers = nn.Sequential(nn.Flatten(), nn.Linear(10, 4))
        self.refused(layers, "module `1` (Linear)", "cannot run on images of [3, 8, 8]")

    def test_branches_on_values(self):
        branch = Around(lambda m, x: x if x.sum() > 0 else -x)
        self.refused(nn.Sequential(nn.Identity(), branch), "module `1`", "control flow")

    def test_other_networks_in_train_and_eval_mode(self):
        self.function(lambda m, x: x if m.training else 2 * x, "in eval mode", "other numbers")

    def test_a_change_in_place_that_others_see(self):
        def aliased(m, x):
            kept = x = m.conv(x)
            x += 1
            return kept

        self.function(aliased, "in place")

        def viewed(m, x):
            x = m.conv(x)
            seen = x.view(-1, 3, 64)
            F.relu(x, inplace=True)
            return seen.unsqueeze(3)

        self.function(viewed, "fx node `relu`", "changes in place what is read later as `view`")

    def test_numbers_that_depend_on_the_batch(self):
        self.function(lambda m, x: x / x.size(0), "fx node `truediv`", "size of the batch")
        self.function(lambda m, x: x[: x.size(0) // 2], "fx node `getitem", "size of the batch")

    def test_constants(self):
        noise = torch.rand(3, 1, 1)
        self.function(lambda m, x: x + noise, "neither a parameter nor a buffer")
        module = Around(lambda m, x: x - m.mean)
        module.register_buffer("mean", torch.tensor([0.4, 0.5, 0.6]).reshape(3, 1, 1))
        self.refused(module, "`mean` is not trained", "need_weights")
        graph = self.export(module, need_weights=True)
        self.assertEqual([b["name"] for b in graph["buffers"]], ["mean"])
        self.assertTrue(torch.equal(load_file(self.weights)["mean"], module.mean))
        hidden = Around(lambda m, x: x * m.scale)
        hidden.register_buffer("scale", torch.ones(1), persistent=False)
        self.graph.unlink(), self.weights.unlink()
        self.refused(hidden, "`scale` is not in the state dict")

    def test_hooks(self):
        layers = head()
        layers[0].register_forward_hook(lambda module, inputs, output: 2 * output)
        self.refused(layers, "module `0` (AdaptiveAvgPool2d) has hooks")

    def test_outputs_that_are_no_logits(self):
        self.refused(nn.Conv2d(3, 3, 1), "gives [2, 3, 8, 8]", "[2, classes]")
        self.refused(nn.Flatten(0), "logits are")
        self.function(lambda m, x: (x, x))

        class Two(nn.Module):
            def forward(self, x):
                return x.flatten(1), x

        self.refused(Two(), "one tensor")

    def test_a_second_input(self):
        class Pair(nn.Module):
            def forward(self, x, y=None):
                return x.flatten(1)

        self.refused(Pair(), "fx node `y`", "second input")

    def test_whole_numbers_and_sites(self):
        with self.assertRaisesRegex(ExportError, "batch of f32 images"):
            self.export(head(), torch.zeros(1, 3, 8, 8, dtype=torch.int64))
        self.refused(head(), "no operators of this script: rely", sites=["rely"])


class Written(Exporting):
    def test_the_module_is_left_as_it_is(self):
        module = NETWORKS["resnet"]().eval()
        before = {name: value.clone() for name, value in module.state_dict().items()}
        self.export(module)
        after = module.state_dict()
        self.assertTrue(all(torch.equal(before[name], after[name]) for name in before))
        self.assertFalse(module.training or any(m.training for m in module.modules()))

    def test_weights_load_into_the_module(self):
        for name, make in NETWORKS.items():
            with self.subTest(name):
                module, other = make(), make()
                self.export(module)
                # Of tied weights the file has one, which this function knows.
                load_model(other, self.weights)
                images = torch.rand(4, 3, 8, 8)
                self.assertTrue(torch.equal(module.eval()(images), other.eval()(images)))

    def test_what_is_not_used_is_left_out_and_told(self):
        module = Around(lambda m, x: x)
        graph = self.export(module)
        self.assertEqual(self.unused, ["conv.weight", "conv.bias"])
        self.assertEqual(list(load_file(self.weights)), ["head.2.bias", "head.2.weight"])
        self.assertEqual([p["name"] for p in graph["parameters"]], ["head.2.weight", "head.2.bias"])

    def test_in_place_activations_are_read_as_changed(self):
        def changed(m, x):
            x = m.conv(x)
            y = F.relu(x, inplace=True)
            return y + 2 * x

        graph = self.export(Around(changed))
        add = next(node for node in graph["nodes"] if node["id"] == "add")
        self.assertEqual(add["inputs"], ["relu", "mul"])

    def test_frozen_weights_and_chosen_sites(self):
        module = Around(lambda m, x: F.gelu(m.conv(x)).relu())
        module.conv.weight.requires_grad_(False).fill_(0.5)
        graph = self.export(module, sites=["gelu"])
        self.assertEqual([node["id"] for node in graph["nodes"] if "site" in node], ["gelu"])
        self.assertEqual([b["name"] for b in graph["buffers"]], ["conv.weight"])
        self.assertEqual(graph["buffers"][0]["init"], {"kind": "constant", "value": 0.5})

    def test_half_precision_becomes_f32(self):
        self.export(head().half(), IMAGES.half())
        dtypes = {value.dtype for value in load_file(self.weights).values()}
        self.assertEqual(dtypes, {torch.float32})


class CommandLine(Exporting):
    def run_script(self, *args):
        command = [sys.executable, str(SCRIPT), *args]
        return subprocess.run(command, capture_output=True, text=True, cwd=self.folder)

    def test_a_file_with_a_state(self):
        source = NETWORKS["resnet"](width=2)
        torch.save(source.state_dict(), self.folder / "state.pt")
        target = [str(HERE / "own_networks.py") + ":ResNet", "--kwargs", '{"width": 2}']
        files = ["--graph", "net.json", "--weights", "net.safetensors", "--state", "state.pt"]
        ran = self.run_script(*target, "--input", "3,8,8", *files)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""), ran.stderr)
        weights = load_file(self.weights)
        self.assertTrue(torch.equal(weights["conv1.weight"], source.conv1.weight))

    def test_errors_are_one_line(self):
        ran = self.run_script("nowhere:Net", "--input", "3,8,8", "--graph", "net.json")
        message = "error: nowhere:Net: No module named 'nowhere'\n"
        self.assertEqual((ran.returncode, ran.stderr), (1, message))
        args = ['{"in_channels": 3, "out_channels": 4, "kernel_size": 3}', "--input", "3,8,8"]
        ran = self.run_script("torch.nn:Conv2d", "--kwargs", *args, "--graph", "net.json")
        self.assertEqual(ran.returncode, 1)
        self.assertTrue(ran.stderr.startswith("error: "), ran.stderr)
        self.assertEqual(len(ran.stderr.splitlines()), 1, ran.stderr)

    def test_help(self):
        ran = self.run_script("--help")
        self.assertEqual(ran.returncode, 0)
        self.assertIn("--ignore-dropout", ran.stdout)


if __name__ == "__main__":
    unittest.main()

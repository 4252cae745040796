//! What the reader of a page has before its first command, and what makes its commands short.

use std::fs;
use std::path::Path;

use jackpot_tests::config::Config;
use jackpot_tests::install::install;
use jackpot_tests::stranger::ROOT;
use jackpot_tests::{Sandbox, data};

/// A page with commands.
#[derive(Debug)]
pub struct Page {
    pub path: &'static str,
    /// Makes what is there already.
    pub before: fn(&Sandbox),
    /// Given with `--set` to every `run`, `draw`, `spend` and `plan` of the page.
    pub set: &'static [&'static str],
}

/// The pages whose commands need something, or take long.
pub const PAGES: &[Page] = &[
    Page { path: "README.md", before: readme, set: SHORT },
    Page { path: "docs/config.md", before: config, set: &[] },
    Page { path: "docs/connect.md", before: connect, set: &[] },
    Page { path: "docs/data.md", before: cifar100, set: &[] },
    Page { path: "docs/export.md", before: export, set: &[] },
    Page { path: "docs/howto.md", before: howto, set: TINY },
    Page { path: "docs/install.md", before: nothing, set: SHORT },
    Page { path: "docs/json.md", before: experiment, set: &[] },
    Page { path: "docs/own-network.md", before: own_network, set: &[] },
    Page { path: "docs/plugins.md", before: own_plugin, set: &[] },
    Page { path: "docs/plugins/checking.md", before: built_plugin, set: &[] },
    Page { path: "docs/plugins/tutorial.md", before: nothing, set: &[] },
    Page { path: "docs/resuming.md", before: experiment, set: &[] },
    Page { path: "docs/verification.md", before: quickstart, set: &[] },
];

/// Makes the README's experiment one of seconds: a hundred images, one epoch, a narrow network.
const SHORT: &[&str] = &[
    "seeds=[1]",
    "threads=1",
    "data.validation=20",
    "data.train_limit=64",
    "data.test_limit=64",
    "model.architecture.params={ width = 4 }",
    "train.epochs=1",
    "train.batch_size=16",
    "draw.imp.levels=1",
];

/// The same for experiments with several seeds and draws.
const TINY: &[&str] = &[
    "threads=1",
    "data.validation=20",
    "data.train_limit=32",
    "data.test_limit=32",
    "model.architecture.params={ width = 4 }",
    "train.epochs=1",
    "train.batch_size=32",
];

pub fn nothing(_: &Sandbox) {}

fn cifar100(sandbox: &Sandbox) {
    data::cifar100(&sandbox.at("data/cifar-100-binary"));
}

fn readme(sandbox: &Sandbox) {
    cifar100(sandbox);
}

/// CIFAR-100, a folder of images, and a file of tensors.
fn howto(sandbox: &Sandbox) {
    cifar100(sandbox);
    sandbox.write("mine.safetensors", data::tensors_file([32, 16], 4));
    for (split, count) in [("train", 4), ("test", 2)] {
        for (class, name) in ["cat", "dog"].into_iter().enumerate() {
            for number in 0..count {
                let place = sandbox.at(&format!("photos/{split}/{name}/{number}.png"));
                data::paint(&place, class, [40, 32], false);
            }
        }
    }
}

fn write(sandbox: &Sandbox, file: &str, config: &Config) {
    data::tensors(sandbox);
    sandbox.write(file, config.text());
}

/// A run in `runs/NAME` of the config `NAME.toml`.
fn run(sandbox: &Sandbox, name: &str, config: &Config) {
    let file = format!("{name}.toml");
    write(sandbox, &file, config);
    sandbox.jackpot(&["run", &file, "--out", &format!("runs/{name}")]).run().expect(0);
}

fn config(sandbox: &Sandbox) {
    write(sandbox, "exp.toml", &Config::default().spend("vanilla", ""));
}

fn experiment(sandbox: &Sandbox) {
    write(sandbox, "experiment.toml", &Config::default());
}

fn connect(sandbox: &Sandbox) {
    let pinned = Config::default().top("seeds = [1, 2]").spend("one", "ticket_seed = 1");
    run(sandbox, "mine", &pinned);
}

/// Like the quickstart's: three levels, and a recipe `tweaks`.
fn quickstart(sandbox: &Sandbox) {
    let tweaks = "activation = \"mish\"";
    let config = Config::default().draw("keep = [0.5, 0.2, 0.02]").spend("vanilla", "");
    run(sandbox, "quickstart", &config.spend("tweaks", tweaks));
}

/// The scripts that a page tells to copy.
fn scripts(sandbox: &Sandbox) {
    for script in ["load_export.py", "torch_to_jackpot.py"] {
        let from = Path::new(ROOT).join("docs/python").join(script);
        fs::copy(from, sandbox.at(script)).unwrap();
    }
}

fn export(sandbox: &Sandbox) {
    quickstart(sandbox);
    scripts(sandbox);
    fs::copy(sandbox.at("quickstart.toml"), sandbox.at("my.toml")).unwrap();
}

fn own_network(sandbox: &Sandbox) {
    scripts(sandbox);
    let module = "import torch\n\n\nclass Net(torch.nn.Sequential):\n    \
                  def __init__(self, classes):\n        super().__init__(\n            \
                  torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1),\n            \
                  torch.nn.Flatten(), torch.nn.Linear(4, classes))\n";
    sandbox.write("mynet.py", module);
}

/// A folder for a crate, beside Jackpot's source, with an experiment that names its item.
fn own_plugin(sandbox: &Sandbox) {
    std::os::unix::fs::symlink(Path::new(ROOT).canonicalize().unwrap(), sandbox.at("../jackpot"))
        .unwrap();
    let config = Config::default().draw("levels = 1");
    write(sandbox, "experiment.toml", &config.spend("mine", "activation = \"my-swish\""));
}

/// A plugin's file where cargo would have put it.
fn built_plugin(sandbox: &Sandbox) {
    let place = sandbox.write("target/release/libmy_tweak.so", "");
    fs::copy(install().plugin("swish"), place).unwrap();
}

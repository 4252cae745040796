//! The texts of `cargo xtask --help`.

/// The tasks, as something to have help on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    Setup,
    Quickstart,
    Test,
    KillTest,
    Lint,
    Dist,
    Exports,
    Memcheck,
    Overhead,
    Fuzz,
    Bench,
}

const ALL: [Topic; 11] = [
    Topic::Setup,
    Topic::Quickstart,
    Topic::Test,
    Topic::KillTest,
    Topic::Lint,
    Topic::Dist,
    Topic::Exports,
    Topic::Memcheck,
    Topic::Overhead,
    Topic::Fuzz,
    Topic::Bench,
];

impl Topic {
    pub fn name(self) -> &'static str {
        match self {
            Topic::Setup => "setup",
            Topic::Quickstart => "quickstart",
            Topic::Test => "test",
            Topic::KillTest => "kill-test",
            Topic::Lint => "lint",
            Topic::Dist => "dist",
            Topic::Exports => "exports",
            Topic::Memcheck => "memcheck",
            Topic::Overhead => "overhead",
            Topic::Fuzz => "fuzz",
            Topic::Bench => "bench",
        }
    }

    pub fn from_name(name: &str) -> Option<Topic> {
        ALL.into_iter().find(|topic| topic.name() == name)
    }
}

/// The page for one task, or the overview.
pub fn text(topic: Option<Topic>) -> &'static str {
    match topic {
        None => OVERVIEW,
        Some(Topic::Setup) => SETUP,
        Some(Topic::Quickstart) => QUICKSTART,
        Some(Topic::Test) => TEST,
        Some(Topic::KillTest) => KILL_TEST,
        Some(Topic::Lint) => LINT,
        Some(Topic::Dist) => DIST,
        Some(Topic::Exports) => EXPORTS,
        Some(Topic::Memcheck) => MEMCHECK,
        Some(Topic::Overhead) => OVERHEAD,
        Some(Topic::Fuzz) => FUZZ,
        Some(Topic::Bench) => BENCH,
    }
}

const OVERVIEW: &str = "\
cargo xtask TASK

  setup        find or fetch libtorch, so that plain cargo commands work
  quickstart   set up, build, and run the first experiment
  test         set up and run every test
  kill-test    kill an experiment again and again; it must end with the same bytes
  lint         formatting, clippy, cargo deny
  dist         a tarball and a Python wheel for other machines
  exports      what `jackpot export` writes, in onnxruntime and PyTorch
  memcheck     the door to plugins under valgrind: no leak, no invalid access
  overhead     what it costs that an activation is a plugin
  fuzz         spoilt files for everything that reads what others wrote
  bench        the training loop by turns with PyTorch's

`cargo xtask TASK --help` says more. Exit codes: 0 done, 1 something failed, 2 usage;
a program that a task runs passes its own code on.
";

const SETUP: &str = "\
cargo xtask setup [--cuda | --light]

Makes libtorch (torch 2.11) available to cargo, from the first of these that fits:
  1. the folder named by $LIBTORCH
  2. what an earlier set-up left in .libtorch/torch
  3. torch 2.11.x in a Python environment: $VIRTUAL_ENV, .venv, python3, python
  4. the package index that pip is configured for: the wheel torch==2.11.0

Fetched files go to .libtorch/ (git-ignored; remove the folder to start over).
Running it again does nothing and takes no time.

  --cuda    the set that can use an NVIDIA GPU (default where a driver is found;
            2.8 GB to download, 8 GB of disk while installing)
  --light   the set for the CPU (default elsewhere; 0.55 GB, 2.5 GB)
";

const QUICKSTART: &str = "\
cargo xtask quickstart

Sets up, builds the release binary with its plugins, runs configs/quickstart.toml into
runs/quickstart, and says where report.html is. Running it again resumes or only
reports: nothing is trained twice.
";

const TEST: &str = "\
cargo xtask test [-- ARGUMENT...]

Sets up, builds the binary and all plugins, and runs every test of the workspace
(with cargo-nextest if it is installed, otherwise with cargo test), then the
documentation's examples. One test builds and tests the workspace in examples/, too.

Arguments after `--` go to the runner, for example a part of a test's name; then the
documentation's examples are left out.

JACKPOT_TEST_DATA=FOLDER makes tests use the real data files found there, too.
";

const KILL_TEST: &str = "\
cargo xtask kill-test [--kills N] [--seed S]

Sets up, builds, and kills a small experiment N times (500 without --kills) with SIGKILL,
at random moments and at places named in the program, alone and with a second process on
the same run; it goes on each time, and every run has to end with the bytes of one that
nobody disturbed. The last line says how many died where. Sixty kills are a part of
`cargo xtask test`.

  --seed S  other moments and places (1 without it)
";

const LINT: &str = "\
cargo xtask lint [fmt] [clippy] [deny] [--install]

Runs the named checks, all three without a name:
  fmt      cargo fmt --all --check, here and in examples/
  clippy   cargo clippy on all targets, here and in examples/; warnings are errors
  deny     cargo deny: licences, bans and sources; and advisories where the RustSec
           database can be reached

  --install   install cargo-deny if it is missing (also when $CI is set)
";

const DIST: &str = "\
cargo xtask dist [--check]

Sets up, builds for release, and packs target/dist/jackpot-VERSION-x86_64-linux.tar.gz and
the wheel jackpot-VERSION-py3-none-manylinux_2_XX_x86_64.whl: the launcher, the engine and
its plugins, and for authors of plugins plugin-api/ and examples/. The same files give the
same bytes. libtorch is not in them: the launcher finds it (docs/install.md says where).
Fails if a file names a folder of this machine.

  --check   try both in a root without Rust, a compiler or this repository (needs root and
            debootstrap; Debian's packages and torch are fetched, 3 GB)
";

const EXPORTS: &str = "\
cargo xtask exports

Sets up, builds, and runs all tests of `jackpot export`, the long one, too: every
architecture with every activation, skips, shrunk networks and whole runs. Each ONNX file
goes through onnx.checker and onnxruntime, each graph file and every safetensors export
through docs/python/load_export.py and PyTorch; logits may differ by 1e-4. Prints the
versions and the largest differences. Minutes, and a gigabyte of disk meanwhile.

JACKPOT_TEST_PYTHON=python names a Python with onnx, onnxruntime, safetensors and torch.
";

const MEMCHECK: &str = "\
cargo xtask memcheck

Builds the program `door` (host/examples/door.rs) and the reference plugin, and runs it
under valgrind, once with few rounds and once with many. A round makes items of all nine
kinds and calls their hooks, hundreds of operators, refusals, failures and panics.
Fails if valgrind sees an invalid access, or if what is lost grows with the rounds.
Takes some minutes; needs valgrind.
";

const OVERHEAD: &str = "\
cargo xtask overhead

Builds for release and times training steps of resnet20 (batches of 128 CIFAR-shaped
images, one thread) whose activation is the plugin `swish`, by turns with the same
network whose graph has swish's operators itself. Prints both and their ratio.
";

const FUZZ: &str = "\
cargo xtask fuzz [--executions N] [--target NAME] [--seed N]

Sets up, builds with overflow checks, and gives spoilt files to the readers of configs,
weights, checkpoints, datasets, graphs, manifests, job records and plugin files. None may
panic, hang, or take more memory than the bytes can be worth.

  --executions N   together, divided among the targets [default: 300000]
  --target NAME    only this one
  --seed N         other inputs [default: 1]
  --input NAME:N   write input N of a target to stdout

Inputs that a reader does not survive are written to target/fuzz/; the exit code is then 1.
Put one into fuzz/regressions/NAME/ when it is mended: every test run tries those.
";

const BENCH: &str = "\
cargo xtask bench [--networks A,B] [--modes paper,tuned,compiled,infer] [--threads 1,2]
                  [--pairs N] [--steps N] [--batch N] [--sparsity PERCENT] [--json FILE]

Sets up, builds for release, and trains networks by turns with PyTorch doing the same
(bench/reference.py says how): images per second of both, and the ratio of each pair.
One thread is pinned to a core. Needs a Python with torch and numpy: $JACKPOT_BENCH_PYTHON,
else python3. A table; all rounds go to FILE.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_has_a_page_and_stands_in_the_overview() {
        for topic in ALL {
            let page = text(Some(topic));
            assert!(page.starts_with(&format!("cargo xtask {}", topic.name())), "{page}");
            assert!(OVERVIEW.contains(&format!("\n  {}", topic.name())));
            assert!(page.lines().count() <= 24 && page.lines().all(|line| line.len() <= 100));
        }
    }
}

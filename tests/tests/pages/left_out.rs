//! The commands that no test runs as a page has them, each with the reason. Every entry has to match
//! a command of its page.

/// Commands of a page that begin with a text.
#[derive(Debug)]
pub struct LeftOut {
    /// The page; empty: any.
    pub page: &'static str,
    pub begin: &'static str,
    pub why: &'static str,
}

const fn of(page: &'static str, begin: &'static str, why: &'static str) -> LeftOut {
    LeftOut { page, begin, why }
}

pub const LEFT_OUT: &[LeftOut] = &[
    of("", "cargo xtask ", "minutes, and this very build; xtask's tests parse each such line"),
    of(
        "",
        "python3 -m venv env",
        "`cargo xtask dist --check` types it in a clean root; docs/install.md has the record",
    ),
    of(
        "",
        "pip install ./jackpot-",
        "`cargo xtask dist --check` types it in a clean root; docs/install.md has the record",
    ),
    of(
        "README.md",
        ". env/bin/activate",
        "`cargo xtask dist --check` types it in a clean root; docs/install.md has the record",
    ),
    of(
        "README.md",
        "tar xf jackpot-",
        "`cargo xtask dist --check` types it in a clean root; docs/install.md has the record",
    ),
    of(
        "README.md",
        "export PATH=",
        "`cargo xtask dist --check` types it in a clean root; docs/install.md has the record",
    ),
    of(
        "docs/export.md",
        "JACKPOT_TEST_PYTHON=",
        "minutes; it runs the tests of exports, as these are",
    ),
    of(
        "docs/verification.md",
        "jackpot device check --precision",
        "minutes, for the large networks; device_check.rs has the small ones",
    ),
    of(
        "docs/performance.md",
        "python3 bench/cuda.py",
        "needs a GPU; bench.rs rehearses it on the CPU",
    ),
    of("docs/install.md", "cargo build --release", "minutes; every other test builds as much"),
    of("docs/install.md", "python3 -m pip download ", "needs the network, and half a gigabyte"),
    of("docs/install.md", "PIP_NO_INDEX=1 ", "needs what the line before it downloads"),
    of(
        "docs/data.md",
        "jackpot data get ",
        "needs the network; data_get.rs has a server of its own",
    ),
];

/// Why a command is not run.
pub fn reason(page: &str, command: &str) -> Option<&'static str> {
    LEFT_OUT.iter().find(|entry| entry.holds(page, command)).map(|entry| entry.why)
}

impl LeftOut {
    /// Whether it is meant.
    pub fn holds(&self, page: &str, command: &str) -> bool {
        (self.page.is_empty() || self.page == page) && command.starts_with(self.begin)
    }
}

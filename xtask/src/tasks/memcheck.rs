//! `cargo xtask memcheck`: the door between host and plugins under valgrind.
//!
//! libtorch keeps some memory for good when it starts, and the loader a path for each file. So what is
//! lost, and what is never freed, after few rounds is compared with the same after many: a leak of
//! one call would be there once for each of them.

use std::fs;
use std::path::Path;

use crate::failure::Failure;
use crate::setup;
use crate::workspace::{Workspace, run as start};

/// Rounds of the two runs.
const ROUNDS: [u32; 2] = [2, 22];

pub fn run(workspace: &Workspace) -> Result<(), Failure> {
    setup::ensure(workspace, setup::Options::default())?;
    start(workspace.cargo(&["build", "--package", "jackpot", "--example", "door"]))?;
    start(workspace.cargo(&["build", "--package", "jackpot-abi1-reference"]))?;
    let folder = workspace.target.join("debug");
    let mut found = Vec::new();
    for rounds in ROUNDS {
        let log = workspace.target.join(format!("memcheck-{rounds}.log"));
        let mut valgrind = workspace.program("valgrind");
        valgrind.args([
            "--leak-check=full",
            "--show-leak-kinds=definite,indirect",
            "--num-callers=40",
        ]);
        valgrind.args(["--error-limit=no", "--main-stacksize=16777216"]);
        valgrind.arg(format!("--log-file={}", log.display()));
        valgrind.arg(folder.join("examples").join("door"));
        valgrind.arg(folder.join("libreference.so")).arg(rounds.to_string());
        // One thread, and the plain kernels: valgrind knows no AVX-512.
        valgrind.env("OMP_NUM_THREADS", "1").env("ATEN_CPU_CAPABILITY", "default");
        start(valgrind)?;
        found.push(read(&log)?);
    }
    let [few, many] = [&found[0], &found[1]];
    println!("\nafter {} rounds: {few:?}\nafter {} rounds: {many:?}", ROUNDS[0], ROUNDS[1]);
    judge(few, many).map_err(Failure::Other)
}

/// What valgrind found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Found {
    /// Bytes and blocks that nothing points to.
    lost: [u64; 2],
    /// Bytes and blocks that only lost ones point to.
    indirectly: [u64; 2],
    /// Bytes and blocks of which only the inside is pointed to.
    possibly: [u64; 2],
    /// Bytes and blocks that were never freed, and are pointed to.
    kept: [u64; 2],
    /// Reads and writes of memory that is not the program's, and decisions by uninitialised values.
    invalid: u64,
}

fn read(log: &Path) -> Result<Found, Failure> {
    let text = fs::read_to_string(log).map_err(|source| Failure::Io {
        action: "read",
        path: log.to_owned(),
        source,
    })?;
    Ok(parse(&text))
}

fn parse(text: &str) -> Found {
    let pair = |what: &str| {
        let line = text.lines().find_map(|line| line.split_once(what)).map_or("", |(_, rest)| rest);
        let mut numbers =
            line.split_whitespace().filter_map(|word| word.replace(',', "").parse().ok());
        [numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)]
    };
    let invalid =
        ["Invalid read", "Invalid write", "Invalid free", "Mismatched free", "uninitialised"];
    let of_memory = |line: &&str| invalid.iter().any(|word| line.contains(word));
    Found {
        lost: pair("definitely lost:"),
        indirectly: pair("indirectly lost:"),
        possibly: pair("possibly lost:"),
        kept: pair("still reachable:"),
        invalid: text.lines().filter(of_memory).count() as u64,
    }
}

fn judge(few: &Found, many: &Found) -> Result<(), String> {
    if few.invalid + many.invalid > 0 {
        return Err("valgrind saw invalid accesses; its logs are in the target folder".to_owned());
    }
    let grows = |of: fn(&Found) -> [u64; 2]| of(many) > of(few);
    let parts: [fn(&Found) -> [u64; 2]; 4] =
        [|found| found.lost, |found| found.indirectly, |found| found.possibly, |found| found.kept];
    if parts.into_iter().any(grows) {
        return Err(
            "what is lost grows with the rounds; see the logs in the target folder".to_owned()
        );
    }
    println!("no invalid access; nothing more is lost after more rounds");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
==7== Memcheck, a memory error detector
==7== LEAK SUMMARY:
==7==    definitely lost: 1,320 bytes in 11 blocks
==7==    indirectly lost: 48 bytes in 2 blocks
==7==      possibly lost: 9 bytes in 1 blocks
==7==    still reachable: 700 bytes in 5 blocks
";

    #[test]
    fn a_log_is_read() {
        let (lost, indirectly) = ([1320, 11], [48, 2]);
        let found = Found { lost, indirectly, possibly: [9, 1], kept: [700, 5], invalid: 0 };
        assert_eq!(parse(LOG), found);
        let bad = format!("==7== Invalid read of size 8\n{LOG}");
        assert_eq!(parse(&bad).invalid, 1);
    }

    #[test]
    fn growth_and_invalid_accesses_are_failures() {
        let few = parse(LOG);
        assert!(judge(&few, &few).is_ok());
        assert!(judge(&few, &Found { lost: [1344, 12], ..few.clone() }).is_err());
        assert!(judge(&few, &Found { indirectly: [48, 3], ..few.clone() }).is_err());
        assert!(judge(&few, &Found { kept: [701, 5], ..few.clone() }).is_err());
        assert!(judge(&few, &Found { invalid: 1, ..few.clone() }).is_err());
    }
}

//! The name of what a package needs of a machine: `manylinux_2_35`, the oldest policy of PEP 600
//! whose systems have all symbols.

use crate::elf::Needs;
use crate::error::Failure;

/// glibc 2.N, and what comes with it: the newest GLIBCXX_3.4.N, CXXABI_1.3.N and GCC_N of the
/// systems that the policies were made of (auditwheel's table).
const POLICIES: [[u32; 4]; 7] = [
    [28, 24, 11, 7],
    [31, 28, 12, 7],
    [34, 29, 13, 7],
    [35, 30, 13, 12],
    [36, 30, 13, 12],
    [39, 33, 15, 14],
    [41, 33, 15, 14],
];
/// The family of symbols that each of a policy's numbers bounds.
const FAMILIES: [&str; 4] = ["GLIBC_2.", "GLIBCXX_3.4.", "CXXABI_1.3.", "GCC_"];
/// What every system of a policy has, and what libtorch brings.
const LIBRARIES: [&str; 11] = [
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
    "libstdc++.so.6",
    "libc10.so",
    "libtorch.so",
    "libtorch_cpu.so",
];

/// The N of `manylinux_2_N` for files with these needs.
///
/// # Errors
///
/// No policy has a symbol, or a library is not among those that are there.
pub fn policy<'a>(files: impl IntoIterator<Item = (&'a str, &'a Needs)>) -> Result<u32, Failure> {
    let mut row = 0;
    for (file, needs) in files {
        if let Some(library) = needs.libraries.iter().find(|l| !LIBRARIES.contains(&l.as_str())) {
            return Err(Failure::Library { file: file.to_owned(), library: library.clone() });
        }
        for symbol in &needs.symbols {
            let first = (row..POLICIES.len()).find(|row| has(&POLICIES[*row], symbol));
            row = first
                .ok_or_else(|| Failure::TooNew { file: file.to_owned(), symbol: symbol.clone() })?;
        }
    }
    Ok(POLICIES[row][0])
}

/// Whether systems of that policy have the symbol's version.
fn has(policy: &[u32; 4], symbol: &str) -> bool {
    let bound = FAMILIES.iter().zip(policy).find_map(|(family, most)| {
        let numbers = symbol.strip_prefix(family)?;
        // `2.2.5` is older than `2.3`: only the first number behind the family's counts.
        let number: u32 = numbers.split('.').next()?.parse().ok()?;
        Some(number <= *most)
    });
    // `GLIBCXX_3.4`, `CXXABI_1.3`: the first of their families, which all have.
    bound.unwrap_or_else(|| FAMILIES.iter().any(|f| f.trim_end_matches('.') == symbol))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(symbols: &[&str]) -> Result<u32, String> {
        let needs = Needs {
            symbols: symbols.iter().map(|&symbol| symbol.to_owned()).collect(),
            ..Needs::default()
        };
        policy([("bin/x", &needs)]).map_err(|failure| failure.to_string())
    }

    #[test]
    fn the_newest_symbol_decides() {
        assert_eq!(of(&[]), Ok(28));
        assert_eq!(of(&["GLIBC_2.2.5", "GLIBC_2.28", "GCC_3.0", "GLIBCXX_3.4"]), Ok(28));
        assert_eq!(of(&["GLIBC_2.29"]), Ok(31));
        assert_eq!(of(&["GLIBC_2.34", "GLIBC_2.17"]), Ok(34));
        // A C++ library may be newer than its system's C library.
        assert_eq!(of(&["GLIBC_2.34", "GLIBCXX_3.4.30"]), Ok(35));
        assert_eq!(of(&["CXXABI_1.3.15", "CXXABI_1.3"]), Ok(39));
    }

    #[test]
    fn what_no_policy_has_is_told() {
        let expected = "bin/x needs GLIBC_2.99, which no manylinux policy has";
        assert_eq!(of(&["GLIBC_2.99"]), Err(expected.into()));
        let expected = "bin/x needs GLIBC_PRIVATE, which no manylinux policy has";
        assert_eq!(of(&["GLIBC_PRIVATE"]), Err(expected.into()));
    }

    #[test]
    fn a_library_that_is_nowhere_is_told() {
        let libraries = ["libc.so.6", "libtorch_cpu.so"].map(str::to_owned).into();
        let mut needs = Needs { libraries, ..Needs::default() };
        assert_eq!(policy([("bin/x", &needs)]).unwrap(), 28);
        needs.libraries.insert("libssl.so.3".into());
        let failure = policy([("bin/x", &needs)]).unwrap_err().to_string();
        assert!(failure.starts_with("bin/x needs libssl.so.3, which is neither"), "{failure}");
    }
}

//! Compiles `src/torch/cpp` against libtorch's headers, and lets every binary and test of a checkout
//! find libtorch at run time (rpath), so that nobody needs `LD_LIBRARY_PATH`.

use std::path::{Path, PathBuf};
use std::process::{Command, exit};

const CPP: &str = "src/torch/cpp";
const SOURCES: [&str; 8] = [
    "grad.cpp",
    "graph.cpp",
    "node.cpp",
    "op.cpp",
    "settings.cpp",
    "tape.cpp",
    "values.cpp",
    "watch.cpp",
];
const HEADERS: [&str; 4] = ["graph.h", "guarded.h", "jackpot_torch.h", "values.h"];
/// Where libtorch says its version: since 2.10, and before.
const VERSIONS: [&str; 2] =
    ["include/torch/headeronly/version.h", "include/torch/csrc/api/include/torch/version.h"];
/// A header that every libtorch with its development files has.
const PROBE: &str = "include/ATen/core/dispatch/Dispatcher.h";

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    for file in SOURCES.iter().chain(&HEADERS) {
        println!("cargo:rerun-if-changed={CPP}/{file}");
    }
    let libtorch = libtorch();

    let lib = match std::env::var_os("DEP_TCH_LIBTORCH_LIB") {
        Some(folder) => PathBuf::from(folder),
        None => libtorch.join("lib"),
    };
    // A package's launcher finds libtorch: where it was at the build must not matter.
    println!("cargo:rerun-if-env-changed=JACKPOT_PACKAGE");
    if std::env::var_os("JACKPOT_PACKAGE").is_none() {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", lib.display());
    }
    println!("cargo:rustc-env=JACKPOT_TORCH_VERSION={}", version(&libtorch));
    println!("cargo:rustc-env=JACKPOT_RUSTC_VERSION={}", rustc());

    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .pic(true)
        // Optimised in every profile: this code runs once for each operator call.
        .opt_level(2)
        .debug(false)
        .define("_GLIBCXX_USE_CXX11_ABI", "1")
        // As libtorch was built: without it `at::RecordFunction` has a field more.
        .define("NDEBUG", None)
        // As system headers, so that only our own code is held to the warnings.
        .flag("-isystem")
        .flag(libtorch.join("include"))
        .flag("-isystem")
        .flag(libtorch.join("include/torch/csrc/api/include"))
        .flag("-Wall")
        .flag("-Wextra")
        .files(SOURCES.map(|source| Path::new(CPP).join(source)))
        .compile("jackpot_torch");
}

/// The folder with `include/` and `lib/`, or a message and the end of the build.
fn libtorch() -> PathBuf {
    let Some(folder) = std::env::var_os("LIBTORCH").filter(|value| !value.is_empty()) else {
        stop("LIBTORCH is not set, so libtorch's headers cannot be found");
    };
    let folder = PathBuf::from(folder);
    if !folder.join(PROBE).is_file() {
        stop(&format!(
            "LIBTORCH is `{}`, which has no `{PROBE}`: no libtorch with its headers is there",
            folder.display()
        ));
    }
    folder
}

/// `2.11.0`, as the headers say it.
fn version(libtorch: &Path) -> String {
    for header in VERSIONS.map(|header| libtorch.join(header)) {
        let Ok(text) = std::fs::read_to_string(&header) else { continue };
        println!("cargo:rerun-if-changed={}", header.display());
        let number = |part: &str| {
            let define = format!("#define TORCH_VERSION_{part} ");
            let rest = text.lines().find_map(|line| line.strip_prefix(&define))?;
            rest.trim().parse::<u32>().ok()
        };
        if let [Some(major), Some(minor), Some(patch)] = ["MAJOR", "MINOR", "PATCH"].map(number) {
            return format!("{major}.{minor}.{patch}");
        }
    }
    stop(&format!("libtorch's headers in `{}` do not say its version", libtorch.display()));
}

/// `1.90.0`, as the compiler says it: `rustc 1.90.0 (1159e78c4 2025-09-14)`.
fn rustc() -> String {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(compiler).arg("--version").output();
    let said = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let version = said.ok().and_then(|text| text.split(' ').nth(1).map(str::to_owned));
    version.unwrap_or_else(|| stop("`rustc --version` gives no version"))
}

fn stop(problem: &str) -> ! {
    eprintln!(
        "error: {problem}.\n\
         Run `cargo xtask setup`, which finds or fetches libtorch 2.11, or set LIBTORCH to the \
         `torch` folder of a Python environment with torch 2.11."
    );
    exit(1);
}

//! Lets the tests that use the host as a library find libtorch at run time (rpath), and those of the
//! launcher know where it is.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if let Some(folder) = std::env::var_os("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", folder.display());
        println!("cargo:rustc-env=JACKPOT_TEST_LIBTORCH_LIB={}", folder.display());
    }
}

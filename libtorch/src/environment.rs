//! What has to be in the environment before libtorch is loaded.
//!
//! All of it is read when a program or a library is loaded, so a program that lacks them has to be
//! started again.

/// GNU OpenMP's setting: how many turns of the waiting loop.
const TURNS: (&str, &str) = ("GOMP_SPINCOUNT", "10000");
/// cuBLAS's setting, without which matrix products on CUDA are refused in determinism mode.
const WORKSPACE: (&str, &str) = ("CUBLAS_WORKSPACE_CONFIG", ":4096:8");
/// glibc's: freed memory is kept for the next step, in large pages where the system has them on
/// request. Between jobs it is given back all the same.
const MEMORY: (&str, &str) = (
    "GLIBC_TUNABLES",
    "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=17179869184",
);

/// The variables to set, with their values, where `is_set` says which the environment has.
pub fn missing(is_set: impl Fn(&str) -> bool) -> Vec<(&'static str, &'static str)> {
    // Whoever chose how OpenMP waits has chosen this, too.
    let waits = is_set("OMP_WAIT_POLICY");
    let lacks = |(name, _): &(&str, &str)| !(is_set(name) || *name == TURNS.0 && waits);
    [TURNS, WORKSPACE, MEMORY].into_iter().filter(lacks).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_user_did_not_choose_is_set() {
        let names = |set: &[&str]| {
            missing(|name| set.contains(&name)).iter().map(|(name, _)| *name).collect::<Vec<_>>()
        };
        assert_eq!(names(&[]), ["GOMP_SPINCOUNT", "CUBLAS_WORKSPACE_CONFIG", "GLIBC_TUNABLES"]);
        assert_eq!(names(&["GOMP_SPINCOUNT"]), ["CUBLAS_WORKSPACE_CONFIG", "GLIBC_TUNABLES"]);
        assert_eq!(names(&["OMP_WAIT_POLICY", "GLIBC_TUNABLES"]), ["CUBLAS_WORKSPACE_CONFIG"]);
        let all = ["OMP_WAIT_POLICY", "CUBLAS_WORKSPACE_CONFIG", "GLIBC_TUNABLES"];
        assert!(names(&all).is_empty());
    }
}

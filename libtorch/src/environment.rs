//! What has to be in the environment before libtorch is loaded.
//!
//! Both are read when a program or a library is loaded, so a program that lacks them has to be
//! started again.

/// GNU OpenMP's setting: how many turns of the waiting loop.
const TURNS: (&str, &str) = ("GOMP_SPINCOUNT", "10000");
/// cuBLAS's setting, without which matrix products on CUDA are refused in determinism mode.
const WORKSPACE: (&str, &str) = ("CUBLAS_WORKSPACE_CONFIG", ":4096:8");

/// The variables to set, with their values, where `is_set` says which the environment has.
pub fn missing(is_set: impl Fn(&str) -> bool) -> Vec<(&'static str, &'static str)> {
    let mut missing = Vec::new();
    // Whoever chose how OpenMP waits has chosen this, too.
    if !is_set(TURNS.0) && !is_set("OMP_WAIT_POLICY") {
        missing.push(TURNS);
    }
    if !is_set(WORKSPACE.0) {
        missing.push(WORKSPACE);
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_user_did_not_choose_is_set() {
        let names = |set: &[&str]| {
            missing(|name| set.contains(&name)).iter().map(|(name, _)| *name).collect::<Vec<_>>()
        };
        assert_eq!(names(&[]), ["GOMP_SPINCOUNT", "CUBLAS_WORKSPACE_CONFIG"]);
        assert_eq!(names(&["GOMP_SPINCOUNT"]), ["CUBLAS_WORKSPACE_CONFIG"]);
        assert_eq!(names(&["OMP_WAIT_POLICY"]), ["CUBLAS_WORKSPACE_CONFIG"]);
        assert!(names(&["OMP_WAIT_POLICY", "CUBLAS_WORKSPACE_CONFIG"]).is_empty());
    }
}

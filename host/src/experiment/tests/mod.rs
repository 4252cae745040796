//! Whole experiments with an executor that only writes small files.

mod disk;
mod growth;
mod looking;
mod rewinds;
mod sharing;
mod trouble;
mod unfinished;

use super::testing::*;
use super::*;

/// The paths of the jobs `level-00` to `level-02` of a series.
fn series(series: &str) -> Vec<String> {
    (0..3).map(|level| format!("{series}/level-{level:02}")).collect()
}

fn key(path: &str) -> JobKey {
    path.parse().unwrap()
}

//! Reports of runs of every odd shape, through the real program; and, where a browser is named, as
//! people see them.

#![allow(clippy::unwrap_used, reason = "tests")]

mod odd;
mod seen;
mod several;
mod swept;

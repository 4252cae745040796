//! `plugin check`: what each misdeed is called, and that crashes and hangs are findings.

#![allow(clippy::unwrap_used, reason = "tests")]

mod found;
mod kinds;
mod processes;
mod results;
mod whole;

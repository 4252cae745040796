//! `jackpot data get` in a sandbox.

use std::fs;
use std::path::Path;

use crate::archive::tar_gz;
use crate::data;
use crate::process::{Program, Ran};
use crate::sandbox::Sandbox;
use crate::server::Resource;

/// CIFAR-10's archive, of few images.
pub fn cifar10(sandbox: &Sandbox) -> Vec<u8> {
    let folder = sandbox.at("source/cifar-10-batches-bin");
    data::cifar10(&folder);
    tar_gz(&folder)
}

pub fn file(bytes: &[u8]) -> Resource {
    Resource { bytes: bytes.to_vec(), etag: Some("\"one\""), ranges: true, ..Resource::default() }
}

/// `jackpot data get NAME` into `data` from that address, with those checksums.
pub fn get(sandbox: &Sandbox, name: &str, url: &str, md5: &[&str]) -> Program {
    let program = sandbox.jackpot(&["data", "get", name, "--root", "data", "--url", url]);
    let program = md5.iter().fold(program, |program, md5| program.arg("--md5").arg(md5));
    // The server is on this machine, whatever proxy the machine has.
    program.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1")
}

/// The names in a folder, hidden ones included.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Fails if anything but these files is in `data`.
#[track_caller]
pub fn only(sandbox: &Sandbox, expected: &[&str], ran: &Ran) {
    assert_eq!(names(&sandbox.at("data")), expected, "{ran}");
}

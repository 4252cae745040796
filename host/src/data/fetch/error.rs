//! Why a dataset could not be fetched, and what to do then.

use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

/// A dataset that is not there now.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No address gave the file.
    #[error("{name} could not be fetched:\n{}{}", lines(attempts), by_hand(urls, name, md5, to))]
    Network {
        name: &'static str,
        attempts: Vec<(String, Problem)>,
        urls: Vec<String>,
        md5: String,
        to: PathBuf,
    },

    /// The file or folder of the disk, and what the system says.
    #[error("{}: {source}", path.display())]
    Disk { path: PathBuf, source: io::Error },

    /// A file of the name is in the place, but another one.
    #[error(
        "{} is there, but it is not the file that is wanted: its md5 is {found}, not {wanted}. \
         Remove it to fetch it again", path.display()
    )]
    OtherFile { path: PathBuf, found: String, wanted: String },

    /// A fetched folder that was changed.
    #[error(
        "{} is not what was unpacked there; remove the folder {} and run this again", file.display(),
        folder.display()
    )]
    Changed { file: PathBuf, folder: PathBuf },

    /// A fetched folder from an archive of another checksum.
    #[error(
        "{} was unpacked from an archive with the md5 {found}, not {wanted}; remove the folder, or \
         choose another --root", folder.display()
    )]
    Another { folder: PathBuf, found: String, wanted: String },

    /// An archive that was fetched well and cannot be unpacked.
    #[error("{} cannot be unpacked: {problem}; nothing was put in place", archive.display())]
    Unpack { archive: PathBuf, problem: String },

    /// `--md5` as often as there are no files.
    #[error(
        "--md5 is given {given} times; this dataset needs it {} times, in this order: {}",
        names.len(), names.join(", ")
    )]
    Checksums { given: usize, names: Vec<&'static str> },

    /// `--url` of one file of several.
    #[error(
        "--url {url} must end with `/`: it is the folder's address, to which {} are appended",
        names.join(", ")
    )]
    NoFolder { url: String, names: Vec<&'static str> },
}

impl FetchError {
    pub(in crate::data) fn disk(path: &Path, source: io::Error) -> Self {
        Self::Disk { path: path.to_owned(), source }
    }
}

/// Why one address did not give a file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Not an address, no such host, connection refused, no answer in time, TLS.
    #[error("{0}")]
    Connection(String),

    /// The server has nothing for us.
    #[error("the server says {}", status(*.0))]
    Status(u16),

    /// It broke off again and again.
    #[error(
        "the transfer broke off at {}{} ({reason}); the same command goes on from there",
        megabytes(*have), total.map(|total| format!(" of {}", megabytes(total))).unwrap_or_default()
    )]
    Broken { have: u64, total: Option<u64>, reason: String },

    /// A whole file, but another one.
    #[error(
        "its md5 is {found}, not {wanted}: nothing was unpacked, and the file was put aside as {}",
        aside.display()
    )]
    Checksum { found: String, wanted: String, aside: PathBuf },
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn status(code: u16) -> String {
    let reason = match code {
        401 | 403 => " (not allowed)",
        404 | 410 => " (not found)",
        429 => " (too many requests)",
        500.. => " (its own trouble; later it may work)",
        _ => "",
    };
    format!("{code}{reason}")
}

fn lines(attempts: &[(String, Problem)]) -> String {
    attempts.iter().fold(String::new(), |mut text, (url, problem)| {
        let _ = writeln!(text, "  {url}: {problem}");
        text
    })
}

/// How to bring a file without this machine's network.
fn by_hand(urls: &[String], name: &str, md5: &str, to: &Path) -> String {
    format!(
        "Without a network: fetch {} (md5 {md5}) on another machine, put it at {}, and run this \
         again. `jackpot data check {}` says whether it is the right file. Another address is \
         taken with --url, a proxy from HTTPS_PROXY.",
        urls.first().map_or(name, String::as_str),
        to.display(),
        to.display()
    )
}

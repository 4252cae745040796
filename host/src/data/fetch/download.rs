//! One file from the first address that gives it, checked.

use std::io::{ErrorKind, Read};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use ureq::Agent;

use super::error::{FetchError, Problem};
use super::http::{Answer, Refusal, agent, ask};
use super::partial::{Origin, Partial};
use super::{Item, Published, md5};
use crate::data::watch::{Stage, Unit, Watch};

/// How often a transfer that gets no further is tried again, after waits of 0.5, 1, 2, ... seconds.
const RETRIES: u32 = 4;
const WAIT: Duration = Duration::from_millis(500);
const BUFFER: usize = 1 << 16;

/// Why an address did not give the file.
enum Failed {
    /// Another address may.
    Here(Problem),
    /// It is the disk.
    Everywhere(FetchError),
}

impl From<FetchError> for Failed {
    fn from(error: FetchError) -> Self {
        Self::Everywhere(error)
    }
}

/// Brings the file to its place, where it has the checksum that it should have. What there is of a
/// broken transfer stays and is gone on with the next time.
pub fn download(item: &Item<'_>, dataset: &Published, watch: &dyn Watch) -> Result<(), FetchError> {
    let agent = agent();
    let mut attempts = Vec::new();
    for url in &item.urls {
        match from(&agent, url, item, watch) {
            Ok(()) => return Ok(()),
            Err(Failed::Everywhere(error)) => return Err(error),
            Err(Failed::Here(problem)) => attempts.push((url.clone(), problem)),
        }
    }
    Err(FetchError::Network {
        name: dataset.name,
        attempts,
        urls: item.urls.clone(),
        md5: item.md5.to_owned(),
        to: item.to.clone(),
    })
}

/// From one address.
fn from(agent: &Agent, url: &str, item: &Item<'_>, watch: &dyn Watch) -> Result<(), Failed> {
    let mut anew = false;
    loop {
        let disk = |source| FetchError::disk(&item.to, source);
        let mut partial = Partial::of(&item.to).map_err(disk)?;
        let pieced = transfer(agent, url, item, &mut partial, watch)?;
        let found = md5(&partial.path).map_err(disk)?;
        if found == item.md5 {
            partial.adopt(&item.to).map_err(disk)?;
            return Ok(());
        }
        if pieced && !anew {
            // The pieces may be of two different files.
            watch.note(&format!("{}: the pieces do not fit, it is fetched anew", item.name));
            partial.clear().map_err(disk)?;
            anew = true;
            continue;
        }
        let mut aside = item.to.clone().into_os_string();
        aside.push(".wrong");
        let aside = PathBuf::from(aside);
        partial.adopt(&aside).map_err(disk)?;
        let wanted = item.md5.to_owned();
        return Err(Failed::Here(Problem::Checksum { found, wanted, aside }));
    }
}

/// Fetches until the file is whole; says whether it was put together of several pieces.
fn transfer(
    agent: &Agent,
    url: &str,
    item: &Item<'_>,
    partial: &mut Partial,
    watch: &dyn Watch,
) -> Result<bool, Failed> {
    let (mut furthest, mut tries, mut pieced) = (0, 0, false);
    loop {
        let (have, origin) = partial.state(url);
        if have > 0 && origin.total == Some(have) {
            return Ok(true);
        }
        let broken = match ask(agent, have, &origin) {
            Ok(Answer::Done) => return Ok(true),
            Ok(Answer::Stale) if have == 0 => {
                let problem = "the server sends another part than was asked for".to_owned();
                return Err(Failed::Here(Problem::Connection(problem)));
            }
            Ok(Answer::Stale) => {
                partial.clear().map_err(|source| FetchError::disk(&partial.path, source))?;
                continue;
            }
            Ok(Answer::Whole { body, origin }) => {
                pieced = false;
                receive(body, 0, &origin, item, partial, watch)?
            }
            Ok(Answer::Rest { body }) => {
                pieced = true;
                receive(body, have, &origin, item, partial, watch)?
            }
            Err(Refusal { problem, transient }) if !transient || tries == RETRIES => {
                return Err(Failed::Here(problem));
            }
            Err(Refusal { problem, .. }) => Some(problem.to_string()),
        };
        let Some(reason) = broken else { return Ok(pieced) };
        let (have, origin) = partial.state(url);
        if have > furthest {
            (furthest, tries) = (have, 0);
        }
        if tries == RETRIES {
            let total = origin.total;
            return Err(Failed::Here(Problem::Broken { have, total, reason }));
        }
        sleep(WAIT * 2_u32.pow(tries));
        tries += 1;
    }
}

/// Writes an answer's body after the first `have` bytes; gives why it broke off, if it did.
fn receive(
    mut body: Box<dyn Read + Send>,
    have: u64,
    origin: &Origin,
    item: &Item<'_>,
    partial: &mut Partial,
    watch: &dyn Watch,
) -> Result<Option<String>, FetchError> {
    let path = partial.path.clone();
    let disk = |source| FetchError::disk(&path, source);
    if have == 0 {
        partial.start(origin).map_err(disk)?;
    }
    let what = format!("fetching {}", item.name);
    let _stage = Stage::begin(watch, &what, origin.total, have, Unit::Bytes);
    let (mut buffer, mut done) = (vec![0; BUFFER], have);
    loop {
        match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                partial.append(buffer.get(..count).unwrap_or_default()).map_err(disk)?;
                done += count as u64;
                watch.advance(count as u64);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Ok(Some(error.to_string())),
        }
    }
    match origin.total {
        Some(total) if done < total => Ok(Some("the connection was closed".to_owned())),
        Some(total) if done > total => {
            // More than the server said: nothing of it can be trusted.
            partial.clear().map_err(disk)?;
            Ok(Some("the server sent more than it said".to_owned()))
        }
        _ => Ok(None),
    }
}

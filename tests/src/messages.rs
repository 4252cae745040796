//! Exact messages, as users see them, in files that are read as a whole: `tests/messages/*.txt`.
//!
//! A section is `=== name`, the exit code, and stderr: all of it, or from the error on where jobs
//! were done before. `JACKPOT_TEST_MESSAGES=write` writes
//! what the program says now; whoever does that reads the difference before it is committed.

use std::fs::{self, File};
use std::path::PathBuf;

use crate::install::install;
use crate::process::Ran;

/// Fails unless the program ended and said just what the section of that name in
/// `messages/{file}.txt` has.
#[track_caller]
pub fn tells(file: &str, name: &str, ran: &Ran, stderr: &str) {
    let own = install().binary.parent().unwrap().to_str().unwrap();
    let stderr = plain(stderr).replace(own, "INSTALL");
    // What was done before the failure took its time and is not the matter.
    let error = stderr.find("\nerror: ").map_or(0, |at| at + 1);
    let found = format!("exit code {}\n{}", ran.code, stderr[error..].trim_end());
    if std::env::var_os("JACKPOT_TEST_MESSAGES").is_some_and(|mode| mode == "write") {
        return write(file, name, &found);
    }
    let all = read(file);
    let listed = all.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str());
    let listed = listed.unwrap_or("nothing is listed");
    assert!(listed == found, "messages/{file}.txt, {name}:\n{listed}\n\n--- found:\n{found}");
}

/// Without what differs between builds: where a panic is in a source.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("panicked at ") {
        let end = after.find(": ").unwrap_or(0);
        let place = &after[..end];
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let mut parts = place.rsplitn(3, ':');
        let is_place = parts.next().is_some_and(digits) && parts.next().is_some_and(digits);
        out.push_str(before);
        out.push_str("panicked at ");
        out.push_str(if is_place { "PLACE" } else { place });
        rest = &after[end..];
    }
    out.push_str(rest);
    out
}

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("messages").join(file).with_extension("txt")
}

/// The sections by name.
fn read(file: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(path(file)).unwrap_or_default();
    let sections = text.split("=== ").skip(1).filter_map(|section| section.split_once('\n'));
    sections.map(|(name, text)| (name.to_owned(), text.trim_end().to_owned())).collect()
}

fn write(file: &str, name: &str, found: &str) {
    let path = path(file);
    // Test processes run side by side.
    let lock = File::create(std::env::temp_dir().join(format!("jackpot-messages-{file}"))).unwrap();
    lock.lock().unwrap();
    let mut all = read(file);
    all.retain(|(known, _)| known != name);
    all.push((name.to_owned(), found.to_owned()));
    all.sort();
    let text: Vec<_> = all.iter().map(|(name, text)| format!("=== {name}\n{text}\n")).collect();
    fs::write(path, text.join("\n")).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_panic_is_left_out() {
        let text = "hook `forward`: panicked at src/a.rs:3:14: no: luck\n";
        assert_eq!(plain(text), "hook `forward`: panicked at PLACE: no: luck\n");
        assert_eq!(plain("panicked at noon: no"), "panicked at noon: no");
    }
}

//! Every file of a job against the checksum that `job.json` has of it.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Check, Finding, Verdict};
use super::stored::Stored;
use crate::digest::sha256;
use crate::engine::stored::{BEST_MASK, START_MASK};
use crate::experiment::sums::{FileSum, crc32};
use crate::experiment::{JobRecord, RunDir};

/// Files of every job since the beginning, for records without checksums.
const USUAL: [&str; 5] =
    ["mask.safetensors", "model.safetensors", "best.safetensors", "metrics.jsonl", "layers.csv"];

/// A job's files that are as they were written, by their names relative to its folder.
#[derive(Debug, Default)]
pub struct Intact {
    /// The names of all files that the job has, damaged ones too.
    pub names: BTreeSet<String>,
    pub tensors: BTreeMap<String, Stored>,
    pub texts: BTreeMap<String, String>,
}

/// Reads all files of a job. What is damaged is found and left out, so that no other check takes
/// offence at it once more.
pub fn read(run: &RunDir, record: &JobRecord, verdict: &mut Verdict) -> Intact {
    let mut intact = Intact::default();
    let folder = run.folder(&record.key);
    let names: Vec<&str> = match record.files.is_empty() {
        false => record.files.keys().map(String::as_str).collect(),
        true if record.linked_to.is_some() => Vec::new(),
        true => {
            verdict.without_checksums.push(record.key.path());
            let moving = [START_MASK, BEST_MASK];
            let there = moving.into_iter().filter(|name| folder.join(name).is_file());
            USUAL.into_iter().chain(there).collect()
        }
    };
    for name in names {
        intact.names.insert(name.to_owned());
        let wrong = |message: String| Finding::of_job(Check::Checksum, &record.key, name, message);
        let bytes = match std::fs::read(folder.join(name)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                verdict.findings.push(wrong("is gone".to_owned()));
                continue;
            }
            Err(error) => {
                verdict.findings.push(wrong(format!("cannot be read: {error}")));
                continue;
            }
        };
        verdict.files += 1;
        verdict.bytes += bytes.len() as u64;
        let sum = record.files.get(name).filter(|sum| sum.sha256 != sha256(&bytes));
        if let Some(sum) = sum {
            let found = damage(sum, bytes);
            verdict.findings.extend(found.into_iter().map(|(tensor, message)| match tensor {
                Some(tensor) => wrong(message).in_tensor(&tensor),
                None => wrong(message),
            }));
        } else if name.ends_with(".safetensors") {
            match Stored::parse(bytes) {
                Ok(stored) => {
                    verdict.tensors += stored.count();
                    intact.tensors.insert(name.to_owned(), stored);
                }
                Err(error) => {
                    verdict.findings.push(wrong(format!("is no valid safetensors file: {error}")));
                }
            }
        } else {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            intact.texts.insert(name.to_owned(), text);
        }
    }
    intact
}

/// Where a file that has another hash was changed: in which tensors, as far as they can be told.
fn damage(sum: &FileSum, bytes: Vec<u8>) -> Vec<(Option<String>, String)> {
    let length = bytes.len();
    let whole = |message: String| vec![(None, message)];
    if sum.tensors.is_empty() {
        return whole("was changed: its SHA-256 is another".to_owned());
    }
    let stored = match Stored::parse(bytes) {
        Ok(stored) => stored,
        Err(error) => {
            let message = format!("was changed in its header, or cut ({length} bytes): {error}");
            return whole(message);
        }
    };
    if stored.names().ne(sum.tensors.keys().map(String::as_str)) {
        return whole("was changed in its header: its tensors have other names".to_owned());
    }
    let changed = sum
        .tensors
        .iter()
        .filter(|(name, crc)| stored.get(name).is_none_or(|tensor| crc32(tensor.data) != **crc));
    let message = || "was changed: its checksum is another".to_owned();
    let changed: Vec<_> = changed.map(|(name, _)| (Some(name.clone()), message())).collect();
    match changed.is_empty() {
        true => whole("was changed in its header".to_owned()),
        false => changed,
    }
}

#[cfg(test)]
mod tests {
    use super::super::stored::tests::file;
    use super::*;

    #[test]
    fn damage_is_told_by_tensor() {
        let bytes = file(&[("a", &[1.0, 2.0]), ("b", &[3.0])], &[]);
        let sum = FileSum::of(&bytes);
        let found = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut changed = bytes.clone();
            change(&mut changed);
            assert_ne!(sha256(&changed), sum.sha256);
            damage(&sum, changed)
        };
        let in_tensor = |name: &str| vec![(Some(name.to_owned()), String::new())];
        let names = |found: Vec<(Option<String>, String)>| -> Vec<_> {
            found.into_iter().map(|(tensor, _)| (tensor, String::new())).collect()
        };
        let last = bytes.len() - 1;
        assert_eq!(names(found(&|bytes| bytes[last] ^= 1)), in_tensor("b"));
        assert_eq!(names(found(&|bytes| bytes[last - 4] ^= 128)), in_tensor("a"));
        assert!(found(&|bytes| bytes.truncate(last))[0].1.contains("or cut"));
        // The name of a tensor, in the header.
        let place = bytes.iter().position(|&byte| byte == b'a').unwrap();
        let renamed = found(&|bytes| bytes[place] = b'c');
        assert!(renamed[0].0.is_none() && renamed[0].1.contains("in its header"), "{renamed:?}");
    }
}

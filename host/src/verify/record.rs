//! `job.json` against itself, the jobs that it names, and the run's plugin files.

use std::fs;

use super::finding::{Check, Finding, Verdict};
use super::look::Look;
use crate::experiment::seal::{self, Seal};
use crate::experiment::{JobKey, JobRecord, JobStatus, identity};

const NAME: &str = JobRecord::FILE;

/// The seal, the identity, the inputs and the plugins of a record.
pub fn check(look: &Look<'_>, record: &JobRecord, verdict: &mut Verdict) {
    let key = &record.key;
    let mut wrong = |message: String| {
        verdict.findings.push(Finding::of_job(Check::Record, key, NAME, message));
    };
    verdict.files += 1;
    match fs::read(look.run.folder(key).join(NAME)) {
        Err(error) => wrong(format!("cannot be read: {error}")),
        Ok(bytes) => {
            verdict.bytes += bytes.len() as u64;
            match (seal::check(&bytes), is_old(look, record)) {
                (Seal::Whole, _) | (Seal::Missing, true) => {}
                (Seal::Missing, false) => wrong("was changed: its seal is gone".to_owned()),
                (Seal::Broken, _) => wrong("was changed: its seal is another".to_owned()),
            }
        }
    }
    if identity::hash_of(&record.description) != record.identity {
        wrong("its identity is not that of its description".to_owned());
    }
    for (path, identity) in &record.inputs {
        let input = path.parse::<JobKey>().ok().and_then(|input| look.records.get(&input));
        match input {
            None => wrong(format!("it was made from {path}, which is not there any more")),
            Some(input) if input.identity != *identity => {
                wrong(format!("it was made from another {path} than the one that is there"));
            }
            Some(_) => {}
        }
    }
    for used in &record.plugins {
        if !look.run.plugin(&used.sha256).is_file() {
            let (kind, name) = (&used.kind, &used.name);
            let message = format!("is gone; it is the file of the {kind} `{name}`");
            let file = format!("plugins/{}.so", used.sha256);
            let found =
                Finding { job: Some(key.path()), ..Finding::of_run(Check::Plugin, &file, message) };
            verdict.findings.push(found);
        }
    }
}

/// Whether the record was written before there were checksums and seals.
fn is_old(look: &Look<'_>, record: &JobRecord) -> bool {
    match &record.linked_to {
        // A link may have no file of its own.
        Some(target) => look.records.get(target).is_none_or(|target| target.files.is_empty()),
        None => record.files.is_empty(),
    }
}

/// A job that shares another's training: that one is there and is the same training, and the
/// folder's links lead to its files.
pub fn check_link(look: &Look<'_>, record: &JobRecord, findings: &mut Vec<Finding>) {
    let key = &record.key;
    let Some(target) = &record.linked_to else { return };
    let wrong = |name: &str, message: String| Finding::of_job(Check::Link, key, name, message);
    match look.records.get(target) {
        None => findings.push(wrong(NAME, format!("the job that it shares, {target}, is gone"))),
        Some(found) if found.status != JobStatus::Done => {
            findings
                .push(wrong(NAME, format!("the job that it shares, {target}, is a link itself")));
        }
        Some(found) => {
            if found.identity != record.identity {
                let message = format!("{target}, whose training it shares, is another training");
                findings.push(wrong(NAME, message));
            }
            let results = [&found.results, &record.results].map(|it| format!("{it:?}"));
            if results[0] != results[1] {
                findings.push(wrong(NAME, format!("its results are not those of {target}")));
            }
        }
    }
    let home = look.run.folder(target);
    let entries = fs::read_dir(look.run.folder(key)).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()).filter(|path| path.is_symlink()) {
        let name = path.file_name().unwrap_or_default();
        let same = match (path.canonicalize(), home.join(name).canonicalize()) {
            (Ok(here), Ok(there)) => here == there,
            _ => false,
        };
        if !same {
            let message = format!("does not lead to the file of {target}");
            findings.push(wrong(&name.to_string_lossy(), message));
        }
    }
}

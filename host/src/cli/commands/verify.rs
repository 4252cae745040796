//! `jackpot verify`.

use std::collections::BTreeSet;

use crate::cli::args::VerifyArgs;
use crate::cli::asked::verifying;
use crate::cli::failure::Failure;
use crate::cli::progress::Stages;
use crate::cli::terminal::Terminal;
use crate::cli::words::plural;
use crate::config::{self, Overrides};
use crate::engine::{OpenError, Session};
use crate::experiment::{Manifest, RunDir};
use crate::torch::settings::waiting::settle;
use crate::verify::evaluate::evaluate;
use crate::verify::{Verdict, verify};

/// Checks a run, and prints what was found.
pub fn run(args: &VerifyArgs, terminal: &Terminal) -> Result<(), Failure> {
    settle();
    let run = RunDir::open(&args.run)?;
    let busy = terminal.busy("checking the files");
    let mut verdict = verify(&run)?;
    drop(busy);
    if args.no_evaluate {
        verdict.notes.push("the results were not measured again (--no-evaluate)".to_owned());
    } else if verdict.jobs > 0 {
        measure(args, &run, &mut verdict, terminal)?;
    }
    verdict.findings.sort();
    verdict.findings.dedup();
    terminal.print(&match args.json {
        true => serde_json::to_string_pretty(&verdict).unwrap_or_default() + "\n",
        false => text(&verdict),
    })?;
    match verdict.findings.len() {
        0 => Ok(()),
        count => {
            let run = run.path().display();
            Err(Failure::other(format!("{run}: {}", plural(count, "finding"))))
        }
    }
}

/// Measures the results again where the dataset is there.
fn measure(
    args: &VerifyArgs,
    run: &RunDir,
    verdict: &mut Verdict,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let skipped = |why: String| format!("the results were not measured again: {why}");
    // A config that cannot be read is a finding already, and has no dataset.
    let Ok(loaded) = config::load(&run.config(), &Overrides::default()) else { return Ok(()) };
    let manifest = Manifest::read(run).unwrap_or_default();
    let is_open = loaded.unchecked().threads.is_none() && manifest.threads > 0;
    let overrides = verifying(args, is_open.then_some(manifest.threads));
    let session = Session::open_run(&run.config(), &overrides)?;
    let damaged: BTreeSet<String> =
        verdict.findings.iter().map(|finding| finding.file.clone()).collect();
    let busy = terminal.busy("measuring the results again");
    let found = evaluate(run, session, &damaged, &Stages::new(terminal));
    drop(busy);
    match found {
        Ok(part) => verdict.add(part),
        Err(OpenError::Data(error)) => verdict.notes.push(skipped(error.to_string())),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// As people read it.
fn text(verdict: &Verdict) -> String {
    let mut lines: Vec<String> = verdict.findings.iter().map(ToString::to_string).collect();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    let linked = match verdict.linked {
        0 => String::new(),
        linked => format!(" ({linked} linked)"),
    };
    lines.push(format!(
        "{}: {}{linked}, {}, {}, {}; {} measured again",
        verdict.run.display(),
        plural(verdict.jobs, "job"),
        plural(verdict.files, "file"),
        megabytes(verdict.bytes),
        plural(verdict.tensors, "tensor"),
        plural(verdict.evaluated, "result"),
    ));
    if let [first, ..] = verdict.without_checksums.as_slice() {
        let jobs = plural(verdict.without_checksums.len(), "job");
        lines.push(format!("note: {jobs} without checksums, made by an older jackpot ({first})"));
    }
    lines.extend(verdict.notes.iter().map(|note| format!("note: {note}")));
    lines.push(match verdict.findings.len() {
        0 => "nothing is wrong".to_owned(),
        count => plural(count, "finding"),
    });
    lines.join("\n") + "\n"
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::{Check, Finding};

    #[test]
    fn findings_come_first_and_the_sum_last() {
        let mut verdict =
            Verdict { run: "runs/x".into(), jobs: 3, linked: 1, ..Verdict::default() };
        verdict.bytes = 1_250_000;
        verdict.notes.push("something".into());
        let expected = "runs/x: 3 jobs (1 linked), 0 files, 1.2 MB, 0 tensors; 0 results measured \
                        again\nnote: something\nnothing is wrong\n";
        assert_eq!(text(&verdict), expected);
        let key = "draw/imp/seed-1/level-00".parse().unwrap();
        let finding = Finding::of_job(Check::Checksum, &key, "model.safetensors", "is gone");
        verdict.findings.push(finding);
        let found = text(&verdict);
        assert!(found.starts_with("draw/imp/seed-1/level-00/model.safetensors: is gone\n\nruns/x"));
        assert!(found.ends_with("\n1 finding\n"));
    }
}

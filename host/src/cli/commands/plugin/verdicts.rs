//! What `plugin check` found, as text.

use std::path::Path;

use super::snippet::toml_of;
use crate::cli::words::{len, plural, wrap};
use crate::engine::check::{FileFacts, Finding, ItemReport, Level, Report};

/// Columns of a level's name.
const LEVEL: usize = 7;

/// All of it, in lines of at most `width` characters.
pub fn text(report: &Report, path: &Path, width: usize) -> String {
    let mut out = String::new();
    match &report.file {
        Some(file) => out.push_str(&format!(
            "{}: {} {}, jackpot-plugin-api {}\n",
            path.display(),
            file.name,
            file.version,
            file.api
        )),
        None => out.push_str(&format!("{}\n", path.display())),
    }
    findings(&mut out, &report.findings, width);
    for item in &report.items {
        out.push_str(&format!("\n{}\n", head(item, report.file.as_ref(), width)));
        if !item.examples.is_empty() {
            let text = format!(
                "tried with an example of what is required: {}; --params gives another",
                item.examples.join(", ")
            );
            out.push_str(&format!("{}\n", wrap(&text, 2, width)));
        }
        findings(&mut out, &item.findings, width);
    }
    out.push_str(&format!("\n{}\n", summary(report)));
    out
}

/// `3 items: 1 error, 2 warnings`.
pub fn summary(report: &Report) -> String {
    let items = plural(report.items.len(), "item");
    let count = |level, word| match report.count(level) {
        0 => None,
        count => Some(plural(count, word)),
    };
    let counts = [count(Level::Error, "error"), count(Level::Warning, "warning")];
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    match counts.is_empty() {
        true => format!("{items}: nothing is wrong"),
        false => format!("{items}: {}", counts.join(", ")),
    }
}

/// `activation swish  beta = 1.0`.
fn head(item: &ItemReport, file: Option<&FileFacts>, width: usize) -> String {
    let title = format!("{} {}", item.kind, item.name);
    let own = |known: &&jackpot_plugin_api::manifest::ItemManifest| {
        known.kind == item.kind && known.name == item.name
    };
    let manifest = file.and_then(|file| file.items.iter().find(own));
    let specs = manifest.map(|manifest| manifest.params.as_slice()).unwrap_or_default();
    let shown = specs.iter().filter_map(|spec| {
        let value = item.params.get(&spec.name).filter(|value| !value.is_null())?;
        Some(format!("{} = {}", spec.name, toml_of(value, spec.ty)?))
    });
    let params = shown.collect::<Vec<_>>().join(", ");
    match params.is_empty() {
        true => title,
        false => wrap(&format!("{title} with {params}"), 0, width),
    }
}

fn findings(out: &mut String, findings: &[Finding], width: usize) {
    let column = findings.iter().map(|finding| len(&finding.check)).max().unwrap_or(0);
    let indent = 2 + LEVEL + 2 + column + 2;
    for Finding { level, check, message } in findings {
        let level = match level {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        let message = wrap(message, indent, width);
        out.push_str(&format!("  {level:<LEVEL$}  {check:<column$}  {}\n", message.trim_start()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report() -> Report {
        let manifest = json!({
            "kind": "activation", "name": "swish",
            "params": [{ "name": "beta", "type": "float", "default": 1.0 }]
        });
        let finding = |level, check: &str, message: &str| Finding::new(level, check, message);
        Report {
            file: Some(FileFacts {
                path: "/a/libx.so".into(),
                sha256: "00".into(),
                name: "my-tweak".into(),
                version: "0.1.0".into(),
                api: "0.2.0".into(),
                items: vec![serde_json::from_value(manifest).unwrap()],
            }),
            items: vec![ItemReport {
                kind: "activation".into(),
                name: "swish".into(),
                params: json!({ "beta": 1 }).as_object().unwrap().clone(),
                examples: vec!["beta".into()],
                findings: vec![
                    finding(Level::Ok, "form", "shape, dtype and device are kept"),
                    finding(Level::Warning, "extremes", "the result at x = 10000 is NaN"),
                    finding(Level::Error, "gradient", "the derivative at x = 3 is 3 by autograd"),
                ],
            }],
            findings: Vec::new(),
        }
    }

    #[test]
    fn items_with_what_was_found() {
        assert_eq!(
            text(&report(), Path::new("libx.so"), 50),
            "\
libx.so: my-tweak 0.1.0, jackpot-plugin-api 0.2.0

activation swish with beta = 1.0
  tried with an example of what is required: beta;
  --params gives another
  ok       form      shape, dtype and device are
                     kept
  warning  extremes  the result at x = 10000 is
                     NaN
  error    gradient  the derivative at x = 3 is 3
                     by autograd

1 item: 1 error, 1 warning
"
        );
    }

    #[test]
    fn a_file_that_is_no_plugin() {
        let findings = vec![Finding::new(Level::Error, "file", "the file is empty")];
        let report = Report { file: None, items: Vec::new(), findings };
        let expected = "x.so\n  error    file  the file is empty\n\n0 items: 1 error\n";
        assert_eq!(text(&report, Path::new("x.so"), 80), expected);
        let none = Report { findings: Vec::new(), ..report };
        assert_eq!(summary(&none), "0 items: nothing is wrong");
    }
}

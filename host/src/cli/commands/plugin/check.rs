//! `jackpot plugin check`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::verdicts;
use crate::cli::args::CheckArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::config::json_float;
use crate::engine::check::{CheckError, Level, Report, Request, check as follow, try_items};

/// The longest time limit: a day.
const LONGEST: f64 = 86_400.0;

/// Checks a plugin file; what is wrong with it is a failure.
pub fn check(args: &CheckArgs, terminal: &Terminal) -> Result<(), Failure> {
    if let Some(request) = &args.child {
        let request = serde_json::from_str(request).map_err(Failure::usage)?;
        return try_items(&request).map_err(Failure::other);
    }
    if !(args.timeout > 0.0 && args.timeout <= LONGEST) {
        let seconds = args.timeout;
        return Err(Failure::usage(format!("--timeout {seconds}: give seconds, up to a day")));
    }
    let request = Request {
        file: args.file.clone(),
        item: args.item.clone(),
        kind: args.kind.map(|kind| kind.0),
        params: args.params.as_deref().map(params).transpose()?,
        folders: args.plugin_dir.clone(),
        left: None,
    };
    let limit = Duration::from_secs_f64(args.timeout);
    let mut busy = None;
    let mut begun = |item: &str| {
        drop(busy.take());
        busy = Some(terminal.busy(&format!("checking {item}")));
    };
    let report = follow(&request, limit, &mut begun)?;
    drop(busy);
    match args.json {
        true => terminal.print(&format!("{:#}\n", as_json(&report)))?,
        false => terminal.print(&verdicts::text(&report, &args.file, terminal.width()))?,
    }
    match report.count(Level::Error) {
        0 => Ok(()),
        _ => {
            Err(Failure::other(format!("{}: {}", args.file.display(), verdicts::summary(&report))))
        }
    }
}

impl From<CheckError> for Failure {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Misused(message) => Self::usage(message),
            CheckError::Process(_) => Self::other(error),
        }
    }
}

fn as_json(report: &Report) -> Value {
    let mut json = json!(report);
    if let Some(file) = json["file"].as_object_mut() {
        // Each item says what it was tried with; what it may be tried with is for `plugin info`.
        file.remove("items");
    }
    for (item, report) in json["items"].as_array_mut().into_iter().flatten().zip(&report.items) {
        item["level"] = json!(report.level());
    }
    json["errors"] = json!(report.count(Level::Error));
    json["warnings"] = json!(report.count(Level::Warning));
    json
}

/// `{ beta = 1.5 }` as a plugin reads it.
fn params(text: &str) -> Result<Map<String, Value>, Failure> {
    let fail = |why: &str| {
        let example = "write a TOML table, such as --params '{ beta = 1.5 }'";
        Failure::usage(format!("--params {text}: {why}; {example}"))
    };
    let table: toml::Table = toml::from_str(&format!("params = {text}"))
        .map_err(|error| fail(error.message().lines().next().unwrap_or("no TOML")))?;
    match table.get("params").map(json_of) {
        Some(Some(Value::Object(params))) if table.len() == 1 => Ok(params),
        _ => Err(fail("this is no table of parameters")),
    }
}

/// `None` for a date, which no parameter is.
fn json_of(value: &toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => json!(text),
        toml::Value::Integer(number) => json!(number),
        toml::Value::Float(number) => json_float(*number),
        toml::Value::Boolean(truth) => json!(truth),
        toml::Value::Datetime(_) => return None,
        toml::Value::Array(items) => items.iter().map(json_of).collect::<Option<_>>()?,
        toml::Value::Table(table) => {
            let entries = table.iter().map(|(key, value)| Some((key.clone(), json_of(value)?)));
            Value::Object(entries.collect::<Option<_>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_a_toml_table() {
        let read = |text| Value::Object(params(text).unwrap());
        let text = "{ beta = 1.5, milestones = [90, 135], mode = 'x', end = inf, on = true }";
        assert_eq!(
            read(text),
            json!({ "beta": 1.5, "milestones": [90, 135], "mode": "x", "end": "inf", "on": true })
        );
        for text in ["beta = 1", "{ beta }", "3", "{ day = 2020-01-01 }", "{}\nx = 1"] {
            let error = params(text).unwrap_err();
            assert_eq!(error.code(), 2);
            assert!(error.message().contains("write a TOML table, such as"), "{text}");
        }
    }
}

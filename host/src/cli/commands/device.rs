//! `jackpot device`.

use serde_json::json;

use crate::cli::args::{DeviceCheckArgs, PrecisionArg};
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::cli::words::{columns, plural};
use crate::config::{Precision, device_named};
use crate::engine::device_check::{Report, Request, Row, Status, check as compare};
use crate::torch::settings::waiting::settle;

/// Compares a device with the CPU; what lies too far apart is a failure.
pub fn check(args: &DeviceCheckArgs, terminal: &Terminal) -> Result<(), Failure> {
    settle();
    let unknown = || {
        let name = &args.device;
        Failure::usage(format!("--device {name}: a device is auto, cpu, cuda or cuda:N"))
    };
    let request = Request {
        device: device_named(&args.device).ok_or_else(unknown)?,
        precisions: args.precision.iter().map(|&precision| precision.into()).collect(),
        only: args.only.clone(),
        folders: args.folders.plugin_dir.clone(),
        threads: args.threads.map(usize::from),
    };
    let mut busy = None;
    let mut begun = |item: &str| {
        drop(busy.take());
        busy = Some(terminal.busy(&format!("checking {item}")));
    };
    let report = compare(&request, &mut begun)?;
    drop(busy);
    match args.json {
        true => terminal.print(&format!("{:#}\n", as_json(&report)))?,
        false => terminal.print(&text(&report, terminal.table_width()))?,
    }
    match report.count(Status::Failed) {
        0 => Ok(()),
        _ => Err(Failure::other(summary(&report))),
    }
}

impl From<PrecisionArg> for Precision {
    fn from(asked: PrecisionArg) -> Self {
        match asked {
            PrecisionArg::F32 => Self::F32,
            PrecisionArg::Tf32 => Self::Tf32,
            PrecisionArg::Bf16 => Self::Bf16,
        }
    }
}

fn as_json(report: &Report) -> serde_json::Value {
    let mut json = json!(report);
    for status in [Status::Ok, Status::Failed, Status::Skipped] {
        json[status.name()] = json!(report.count(status));
    }
    json
}

/// `cuda:0: 98 ok, 1 failed`.
fn summary(report: &Report) -> String {
    let counts = [Status::Ok, Status::Failed, Status::Skipped]
        .map(|status| (report.count(status), status.name()))
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"));
    format!("{}: {}", report.device, counts.collect::<Vec<_>>().join(", "))
}

fn text(report: &Report, width: usize) -> String {
    let threads = plural(report.threads, "thread");
    let mut out = format!("{} against the CPU in f32 with {threads}\n\n", report.device);
    let head = ["kind", "name", "precision", "", "of the bound", "furthest apart"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(report.rows.iter().map(cells));
    out.push_str(&columns(&rows, head.len() - 1, width));
    for row in report.rows.iter().filter(|row| row.status == Status::Failed) {
        let title = format!("{} {} in {}", row.kind, row.name, row.precision);
        match &row.reason {
            Some(reason) => out.push_str(&format!("\n{title}: {reason}\n")),
            None => {
                out.push_str(&format!("\n{title}:\n"));
                for apart in row.differences.iter().filter(|one| !one.is_within()) {
                    let (error, bound) = (number(apart.error), number(apart.bound));
                    let (quantity, tensor) = (apart.quantity, &apart.tensor);
                    out.push_str(&format!(
                        "  {quantity} are off by {error} in `{tensor}` (allowed: {bound})\n"
                    ));
                }
            }
        }
    }
    out.push_str(&not_captured(report));
    out.push_str(&format!("\n{}\n", summary(report)));
    out
}

/// Items whose steps run by operators, each once, with the reason.
fn not_captured(report: &Report) -> String {
    let mut lines: Vec<String> = Vec::new();
    for row in &report.rows {
        if let Some(reason) = &row.not_captured {
            let line = format!("  {} {}: {reason}\n", row.kind, row.name);
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    match lines.is_empty() {
        true => String::new(),
        false => format!("\nSteps that are not captured as a graph:\n{}", lines.concat()),
    }
}

fn cells(row: &Row) -> Vec<String> {
    let (share, what) = match (&row.reason, row.worst()) {
        (Some(reason), _) => (String::new(), reason.clone()),
        (None, Some(worst)) if worst.error > 0.0 => {
            let share = match worst.share() {
                share if share.is_finite() => format!("{:.1} %", 100.0 * share),
                _ => "above".to_owned(),
            };
            (share, format!("{}, {} in `{}`", worst.quantity, number(worst.error), worst.tensor))
        }
        _ => ("0".to_owned(), "nothing: the same bits".to_owned()),
    };
    let left_out: usize = row.differences.iter().map(|one| one.left_out).sum();
    let what = match left_out {
        0 => what,
        count => format!("{what}; {} not compared", plural(count, "tensor")),
    };
    let (kind, name, precision) = (row.kind.clone(), row.name.clone(), row.precision.to_owned());
    vec![kind, name, precision, row.status.name().to_owned(), share, what]
}

fn number(value: f64) -> String {
    if value.is_finite() { format!("{value:.1e}") } else { "no finite number".to_owned() }
}

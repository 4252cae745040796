//! The memory of a run does not grow with its jobs.
//!
//! `cargo nextest run -p jackpot-tests --test memory --run-ignored only` measures the run whose
//! graph is in docs/memory.svg, and writes that file.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write;
use std::fs;
use std::path::Path;

use jackpot_tests::config::Config;
use jackpot_tests::{Running, Sandbox, data};
use serde_json::Value;

/// The memory of one job at its highest, in MiB of RAM.
#[derive(Debug)]
struct Peak {
    job: String,
    mib: f64,
}

/// Watches a run into `folder`: as often as a job is done, reads the highest memory since then.
fn peaks(mut running: Running, folder: &Path) -> Vec<Peak> {
    let timing = folder.join("timing.jsonl");
    let process = Path::new("/proc").join(running.pid().to_string());
    let mut peaks: Vec<Peak> = Vec::new();
    while !running.has_ended() {
        let text = fs::read_to_string(&timing).unwrap_or_default();
        for line in text.lines().skip(peaks.len()) {
            let line: Value = serde_json::from_str(line).unwrap();
            let status = fs::read_to_string(process.join("status")).unwrap_or_default();
            let Some(kib) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) else {
                continue;
            };
            let kib: f64 = kib.trim().trim_end_matches(" kB").parse().unwrap();
            peaks.push(Peak { job: line["job"].as_str().unwrap().to_owned(), mib: kib / 1024.0 });
            // From here on, the highest since now: proc(5).
            fs::write(process.join("clear_refs"), "5").unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    running.wait().expect(0);
    peaks
}

/// From the second level on, no level needs more than the second by so much. Levels of a small
/// network differ by what the C library happens to hold: some MiB either way.
const TOLERANCE: f64 = 24.0;

#[test]
fn levels_need_no_more_memory_than_the_second() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.config(&Config::default().draw("levels = 8"));
    let running = sandbox.jackpot(&["run", "tiny.toml", "--quiet"]).start();
    let peaks = peaks(running, &sandbox.at("runs/tiny"));
    // The last may end with the program, before anybody looks.
    assert!(peaks.len() >= 7, "{peaks:#?}");
    let second = peaks[2].mib;
    for peak in &peaks[2..] {
        assert!(peak.mib <= second + TOLERANCE, "more than {second:.0} MiB\n{peaks:#?}");
    }
}

/// A job that needs much leaves nothing to the ones after it.
#[test]
fn a_large_job_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let config = Config::default()
        .model("architecture = { plugin = \"resnet8\", params = { width = 32 } }")
        .draw("levels = 0")
        .spend("before", "optimizer = { lr = 0.05 }")
        .spend("large", "init = { plugin = \"lrsi\", params = { iterations = 2 } }")
        .spend("after", "optimizer = { lr = 0.2 }")
        .spend("end", "optimizer = { lr = 0.3 }");
    sandbox.config(&config);
    let running = sandbox.jackpot(&["run", "tiny.toml", "--quiet"]).start();
    let peaks = peaks(running, &sandbox.at("runs/tiny"));
    let of = |recipe: &str| {
        let found = peaks.iter().find(|peak| peak.job.contains(recipe));
        found.unwrap_or_else(|| panic!("{recipe}\n{peaks:#?}")).mib
    };
    assert!(of("after") <= of("before") + TOLERANCE, "{peaks:#?}");
}

/// Ten levels and two recipes, one of which needs much more memory than a plain training.
#[test]
#[ignore = "takes minutes; makes docs/memory.svg"]
fn ten_levels() {
    let sandbox = Sandbox::new();
    let config = Config::default()
        .top("seed = 1")
        .data("dataset = \"synthetic\"\nvalidation = 200\ntrain_limit = 1280")
        .model("architecture = { plugin = \"resnet8\", params = { width = 16 } }")
        .train("augmentation = [\"crop-flip\"]")
        .draw("levels = 10")
        .spend(
            "lrsi",
            "init = { plugin = \"lrsi\", params = { iterations = 5 } }\nlevels = [0, 5, 10]",
        )
        .spend("mish", "activation = \"mish\"");
    let config = Config { train: config.train.replace("16", "128"), ..config };
    sandbox.config(&config);
    let running = sandbox.jackpot(&["run", "tiny.toml", "--quiet"]).start();
    let peaks = peaks(running, &sandbox.at("runs/tiny"));
    for peak in &peaks {
        println!("{:40} {:.0} MiB", peak.job, peak.mib);
    }
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/memory.svg");
    fs::write(docs, svg(&peaks)).unwrap();
}

/// A bar for each job.
fn svg(peaks: &[Peak]) -> String {
    let (width, height, left, bottom) = (720.0, 260.0, 60.0, 40.0);
    let most = peaks.iter().map(|peak| peak.mib).fold(0.0, f64::max);
    let top = (most / 250.0).ceil() * 250.0;
    let y = |mib: f64| 10.0 + (height - bottom - 10.0) * (1.0 - mib / top);
    let step = (width - left - 10.0) / peaks.len() as f64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n<title>Highest memory of each job</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    let mut mark = 0.0;
    while mark <= top {
        let at = y(mark);
        writeln!(
            out,
            "<path d=\"M{left} {at:.1}H{:.0}\" stroke=\"#ddd\"/>\
             <text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{mark:.0}</text>",
            width - 10.0,
            left - 6.0,
            at + 4.0
        )
        .unwrap();
        mark += top / 5.0;
    }
    for (index, peak) in peaks.iter().enumerate() {
        let colour = match peak.job.split('/').nth(1) {
            Some("lrsi") => "#d1495b",
            Some("mish") => "#edae49",
            _ => "#00798c",
        };
        let (x, at) = (left + step * index as f64, y(peak.mib));
        writeln!(
            out,
            "<rect x=\"{:.1}\" y=\"{at:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{colour}\">\
             <title>{}: {:.0} MiB</title></rect>",
            x + 1.0,
            step - 2.0,
            y(0.0) - at,
            peak.job,
            peak.mib
        )
        .unwrap();
    }
    writeln!(
        out,
        "<text x=\"{left}\" y=\"{:.0}\">MiB of RAM at the highest, job by job: draw levels 0 to 10 \
         (blue), lrsi (red), mish (yellow)</text>\n</svg>",
        height - 12.0
    )
    .unwrap();
    out
}

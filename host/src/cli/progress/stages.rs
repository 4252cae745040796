//! The reading and fetching of data as one bar on a terminal. Without one there is none.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::super::terminal::Terminal;
use super::super::words::{left, len};
use super::layout::{Glyphs, row};
use crate::data::{Unit, Watch};

/// How often the bar is drawn anew.
const TICK: Duration = Duration::from_millis(200);

/// Draws a bar for each stage.
pub struct Stages {
    terminal: Terminal,
    bar: Mutex<Option<ProgressBar>>,
}

impl Stages {
    /// Nothing is drawn before a stage begins.
    pub fn new(terminal: &Terminal) -> Self {
        Self { terminal: terminal.clone(), bar: Mutex::default() }
    }

    fn put(&self, bar: Option<ProgressBar>) {
        let mut place = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = std::mem::replace(&mut *place, bar) {
            before.finish_and_clear();
            self.terminal.bars.remove(&before);
        }
    }
}

impl Watch for Stages {
    fn begin(&self, what: &str, total: Option<u64>, done: u64, unit: Unit) {
        let bar = self.terminal.bars.add(match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::no_length(),
        });
        bar.set_position(done);
        bar.reset_eta();
        let (terminal, what) = (self.terminal.clone(), what.to_owned());
        let glyphs = Glyphs::new(terminal.unicode, terminal.stderr_color);
        let draw = move |state: &ProgressState, out: &mut dyn Write| {
            let far = Far {
                done: state.pos(),
                total: state.len(),
                per_second: state.per_sec(),
                seconds_left: state.eta().as_secs_f64(),
            };
            let _ = out.write_str(&line(&what, unit, &far, terminal.stderr_width(), glyphs));
        };
        if let Ok(style) = ProgressStyle::with_template("{line}") {
            bar.set_style(style.with_key("line", draw));
        }
        bar.enable_steady_tick(TICK);
        self.put(Some(bar));
    }

    fn advance(&self, by: u64) {
        if let Some(bar) = &*self.bar.lock().unwrap_or_else(PoisonError::into_inner) {
            bar.inc(by);
        }
    }

    fn end(&self) {
        self.put(None);
    }

    fn note(&self, message: &str) {
        self.terminal.say(message);
    }
}

impl Drop for Stages {
    fn drop(&mut self) {
        self.put(None);
    }
}

/// How far a stage is.
struct Far {
    done: u64,
    total: Option<u64>,
    per_second: f64,
    seconds_left: f64,
}

/// One line of at most `width` columns.
fn line(what: &str, unit: Unit, far: &Far, width: usize, glyphs: Glyphs) -> String {
    let mut numbers = match far.total {
        Some(total) => format!("{}/{}", amount(far.done, unit), counted(total, unit)),
        None => counted(far.done, unit),
    };
    if unit == Unit::Bytes && far.per_second > 0.0 {
        numbers.push_str(&format!(", {}/s", counted(far.per_second as u64, unit)));
    }
    let name = format!("{what}: {numbers}");
    let Some(total) = far.total else { return super::super::words::cut(&name, width, glyphs.mark) };
    let time = match far.per_second > 0.0 {
        true => format!("{} left", left(far.seconds_left)),
        false => String::new(),
    };
    let fraction = far.done as f64 / total.max(1) as f64;
    // Steady for the eye, since the numbers get longer.
    let names = len(&name).next_multiple_of(8);
    row((&name, fraction, &time), (names, len(&time).max(9)), width, glyphs).trim_end().to_owned()
}

fn counted(count: u64, unit: Unit) -> String {
    match unit {
        Unit::Images => format!("{count} images"),
        Unit::Bytes => format!("{} MB", amount(count, unit)),
    }
}

fn amount(count: u64, unit: Unit) -> String {
    match unit {
        Unit::Images => count.to_string(),
        Unit::Bytes => format!("{:.1}", count as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_in_a_line() {
        let glyphs = Glyphs::new(false, false);
        let far = Far { done: 250, total: Some(1000), per_second: 50.0, seconds_left: 15.0 };
        assert_eq!(
            line("decoding Tiny-ImageNet", Unit::Images, &far, 80, glyphs),
            "decoding Tiny-ImageNet: 250/1000 images  #######---------------------- 15 s left"
        );
        let far = Far {
            done: 1_500_000,
            total: Some(6_000_000),
            per_second: 500_000.0,
            seconds_left: 9.0,
        };
        let text = line("fetching a.zip", Unit::Bytes, &far, 80, glyphs);
        assert!(text.starts_with("fetching a.zip: 1.5/6.0 MB, 0.5 MB/s "), "{text}");
        assert!(text.ends_with(" 9 s left"), "{text}");
        let far = Far { done: 1_500_000, total: None, per_second: 0.0, seconds_left: 0.0 };
        assert_eq!(line("fetching a.zip", Unit::Bytes, &far, 80, glyphs), "fetching a.zip: 1.5 MB");
    }

    #[test]
    fn no_line_is_too_wide() {
        let far = Far { done: 99_999, total: Some(110_000), per_second: 9.0, seconds_left: 1e4 };
        for width in 40..120 {
            for unit in [Unit::Images, Unit::Bytes] {
                let text =
                    line("decoding Tiny-ImageNet", unit, &far, width, Glyphs::new(true, false));
                assert!(len(&text) <= width, "{width}: {text}");
            }
        }
    }
}

//! The bars as text: lines that fit any width from about 20 columns on.
//!
//! ```text
//! spend all on imp seed 42 level 03 ━━━━━━━━━━━━━━━━━━━━━━───────────────── 40 s left
//!   epoch 3/10 · batch 240/790 · loss 1.234 · val 45.20 % · 2310 images/s
//! jobs 5/18                         ━━━━━━━━━────────────────────────────── 12 min left
//! ```
//!
//! Several trainings at once have their numbers as long as that leaves them few lines.

use std::time::Instant;

use super::super::words::{cut, cut_middle, left, len};
use super::tally::{Tally, Training};
use super::text;
use crate::cli::words::plural;

/// What bars are made of.
#[derive(Debug, Clone, Copy)]
pub struct Glyphs {
    full: char,
    empty: char,
    between: &'static str,
    /// For what is cut out.
    pub mark: &'static str,
    /// Whether bars have colours.
    color: bool,
}

impl Glyphs {
    /// For a locale, with or without colours.
    pub fn new(unicode: bool, color: bool) -> Self {
        match unicode {
            true => Self { full: '━', empty: '─', between: " · ", mark: "…", color },
            false => Self { full: '#', empty: '-', between: ", ", mark: "...", color },
        }
    }

    /// A bar of exactly `width` characters.
    fn bar(self, fraction: f64, width: usize) -> String {
        let full = ((fraction.clamp(0.0, 1.0) * width as f64) as usize).min(width);
        let part = |glyph: char, count| glyph.to_string().repeat(count);
        let (done, rest) = (part(self.full, full), part(self.empty, width - full));
        match self.color {
            true => format!("\x1b[32m{done}\x1b[0;2m{rest}\x1b[0m"),
            false => done + &rest,
        }
    }
}

/// No bar is shorter; before, the name in front of it is cut.
const SHORTEST: usize = 8;

/// A name, a bar and the time left. `names` and `times` are the widths of these columns.
pub(super) fn row(
    (name, fraction, time): (&str, f64, &str),
    (names, times): (usize, usize),
    width: usize,
    glyphs: Glyphs,
) -> String {
    let gaps = if times > 0 { 2 } else { 1 };
    let names = names.min(width.saturating_sub(times + SHORTEST + gaps));
    let bar = width.saturating_sub(names + times + gaps);
    let name = cut_middle(name, names, glyphs.mark);
    format!("{name:<names$} {} {time:<times$}", glyphs.bar(fraction, bar))
}

/// At most this many trainings have a line, and so many of them a second one with their numbers.
const SHOWN: usize = 8;
const DETAILED: usize = 2;

/// The lines at this moment: those of the trainings (none between trainings), and that of all
/// jobs. None has more than `width` columns.
pub fn lines(tally: &Tally, now: Instant, width: usize, glyphs: Glyphs) -> Vec<String> {
    let time = |seconds: Option<f64>| match seconds {
        Some(seconds) => format!("{} left", left(seconds)),
        None => String::new(),
    };
    let jobs = match tally.waiting {
        0 => format!("jobs {}/{}", tally.settled, tally.total),
        n => format!("jobs {}/{}, {} elsewhere", tally.settled, tally.total, plural(n, "job")),
    };
    let jobs = (jobs, tally.fraction(), time(tally.seconds_left(now)));
    let trainings: Vec<_> = tally.current.iter().take(SHOWN).collect();
    let mut rows: Vec<_> = trainings
        .iter()
        .map(|it| (it.job.to_string(), it.fraction(), time(it.seconds_left(now))))
        .collect();
    rows.push(jobs);
    let names = rows.iter().map(|(name, _, _)| len(name)).max().unwrap_or(0);
    let times = rows.iter().map(|(_, _, time)| len(time)).max().unwrap_or(0);
    let mut lines: Vec<String> = rows
        .iter()
        .map(|(name, fraction, time)| {
            let line = row((name, *fraction, time), (names, times), width, glyphs);
            line.trim_end().to_owned()
        })
        .collect();
    if tally.current.len() <= DETAILED {
        for (place, training) in trainings.into_iter().enumerate() {
            lines.insert(2 * place + 1, details(training, width, glyphs));
        }
    }
    let more = tally.current.len().saturating_sub(SHOWN);
    if more > 0 {
        lines.insert(SHOWN, cut(&format!("  and {more} more"), width, glyphs.mark));
    }
    lines
}

/// The numbers of a training, as many as fit, in their usual order.
fn details(training: &Training, width: usize, glyphs: Glyphs) -> String {
    let mut fitting: Vec<(usize, String)> = Vec::new();
    let mut used = 2;
    for (place, text) in text::details(training) {
        let room = len(&text) + if fitting.is_empty() { 0 } else { len(glyphs.between) };
        if used + room <= width {
            used += room;
            fitting.push((place, text));
        }
    }
    fitting.sort_by_key(|(place, _)| *place);
    let texts: Vec<String> = fitting.into_iter().map(|(_, text)| text).collect();
    format!("  {}", texts.join(glyphs.between))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::sample::{job, progress};
    use super::*;
    use crate::experiment::Event;

    /// Two of five jobs done, the third after half of its steps and 20 seconds.
    fn tally() -> (Tally, Instant) {
        let (key, start) = (job(3), Instant::now());
        let mut tally = Tally::new(1.0);
        tally.hear(&Event::Planned { total: 5, finished: 2 }, start);
        tally.hear(&Event::Started { job: &key, number: 3, total: 5 }, start);
        tally.hear(&Event::Progress { job: &key, progress: &progress(0, 400) }, start);
        let now = start + Duration::from_secs(20);
        tally.hear(&Event::Progress { job: &key, progress: &progress(200, 400) }, now);
        (tally, now)
    }

    #[test]
    fn at_80_columns() {
        let (tally, now) = tally();
        assert_eq!(
            lines(&tally, now, 80, Glyphs::new(true, false)),
            [
                "spend all on imp seed 42 level 03 ━━━━━━━━━━━━━━━━━────────────────── 20 s left",
                "  epoch 2/10 · batch 40/40 · loss 1.234 · val 45.20 % · 2310 images/s",
                "jobs 2/5                          ━━━━━━━━━━━━━━━━━────────────────── 2 min left",
            ]
        );
    }

    #[test]
    fn at_40_columns_in_ascii() {
        let (tally, now) = tally();
        assert_eq!(
            lines(&tally, now, 40, Glyphs::new(false, false)),
            [
                "spend al... level 03 ####---- 20 s left",
                "  epoch 2/10, loss 1.234, val 45.20 %",
                "jobs 2/5             ####---- 2 min left",
            ]
        );
    }

    #[test]
    fn nothing_is_wider_than_the_terminal() {
        let (mut tally, now) = tally();
        for width in 20..200 {
            for unicode in [true, false] {
                for line in lines(&tally, now, width, Glyphs::new(unicode, false)) {
                    assert!(len(&line) <= width, "{width}: {line}");
                }
            }
        }
        tally.current.clear();
        tally.waiting = 1;
        let found = lines(&tally, now, 80, Glyphs::new(true, false));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("jobs 2/5, 1 job elsewhere ━"), "{found:?}");
    }

    #[test]
    fn several_trainings_have_a_line_each() {
        let (mut tally, now) = tally();
        let mut begin = |level| {
            let key = job(level);
            tally.hear(&Event::Started { job: &key, number: 1, total: 5 }, now);
            lines(&tally, now, 80, Glyphs::new(true, false))
        };
        let two = begin(4);
        assert_eq!(two.len(), 5, "{two:#?}");
        assert!(two[2].starts_with("spend all on imp seed 42 level 04 ─"), "{two:#?}");
        assert_eq!(two[3], "  starting");
        let three = begin(5);
        assert_eq!(three.len(), 4, "{three:#?}");
        let many = (6..13).map(&mut begin).last().unwrap();
        assert_eq!(many.len(), SHOWN + 2, "{many:#?}");
        assert_eq!(many[SHOWN], "  and 2 more");
    }

    #[test]
    fn colours_add_no_columns() {
        let (tally, now) = tally();
        let plain = lines(&tally, now, 60, Glyphs::new(true, false));
        let colored = lines(&tally, now, 60, Glyphs::new(true, true));
        let stripped: Vec<String> = colored
            .iter()
            .map(|line| {
                ["\x1b[32m", "\x1b[0;2m", "\x1b[0m"]
                    .iter()
                    .fold(line.clone(), |l, c| l.replace(c, ""))
            })
            .collect();
        assert_eq!(stripped, plain);
    }
}

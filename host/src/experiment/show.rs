//! An overview as plain text: one row per series, one column per level.

use std::fmt::{self, Write};

use super::key::{self, JobKey};
use super::overview::{JobState, JobView, Overview};

impl fmt::Display for Overview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(100))
    }
}

/// At most this many failed or running jobs are named.
const NAMED: usize = 8;

impl Overview {
    /// The text, in lines of at most about `width` characters (error messages are cut to it).
    pub fn render(&self, width: usize) -> String {
        let mut lines = vec![self.headline()];
        lines.extend(self.table(width));
        lines.extend(self.legend());
        let named = |(key, text): (&JobKey, String)| cut(&format!("  {key}: {text}"), width);
        let mut section = |title: &str, found: Vec<(&JobKey, String)>| {
            if !found.is_empty() {
                lines.push(title.to_owned());
                let more = found.len().saturating_sub(NAMED);
                lines.extend(found.into_iter().take(NAMED).map(named));
                lines.extend((more > 0).then(|| format!("  and {more} more")));
            }
        };
        section(
            "running:",
            self.pick(|state| match state {
                JobState::Running(holder) => Some(holder.to_string()),
                _ => None,
            }),
        );
        section(
            "failed:",
            self.pick(|state| match state {
                JobState::Failed { error, attempts } => {
                    let first = error.lines().next().unwrap_or_default();
                    let times =
                        if *attempts > 1 { format!(" ({attempts} times)") } else { String::new() };
                    Some(format!("{first}{times}"))
                }
                _ => None,
            }),
        );
        if !self.others.is_empty() {
            let which = key::summary(&self.others, 3);
            lines.push(format!("finished, but not in the config: {which}"));
        }
        lines.extend(self.conflicts().map(|conflicts| conflicts.to_string()));
        lines.extend(self.left());
        lines.join("\n")
    }

    fn pick<'a>(
        &'a self,
        text: impl Fn(&'a JobState) -> Option<String>,
    ) -> Vec<(&'a JobKey, String)> {
        self.jobs.iter().filter_map(|job| Some((&job.key, text(&job.state)?))).collect()
    }

    fn headline(&self) -> String {
        let mut text = match &self.run {
            Some(run) => format!("{}: {} jobs", run.display(), self.jobs.len()),
            None => format!("{} jobs", self.jobs.len()),
        };
        let counts = KINDS
            .iter()
            .map(|(symbol, name)| (self.count(|state| symbol_of(state) == *symbol), name));
        for (index, (count, name)) in counts.filter(|(count, _)| *count > 0).enumerate() {
            let _ = write!(text, "{} {count} {name}", if index == 0 { ":" } else { "," });
        }
        text
    }

    fn table(&self, width: usize) -> Vec<String> {
        let mut rows: Vec<(String, Vec<&JobView>)> = Vec::new();
        for job in &self.jobs {
            let title = job.key.series_title();
            match rows.iter_mut().find(|(known, _)| *known == title) {
                Some((_, jobs)) => jobs.push(job),
                None => rows.push((title, vec![job])),
            }
        }
        let levels = self.jobs.iter().map(|job| job.key.level() + 1).max().unwrap_or(0);
        let longest = rows.iter().map(|(title, _)| title.chars().count()).max().unwrap_or(0);
        let room = longest.clamp(5, width.saturating_sub(levels + 4).max(12));
        let mut ruler = String::new();
        for level in (0..levels).step_by(5) {
            let _ = write!(ruler, "{level:<5}");
        }
        let mut lines = vec![format!("  {:<room$}  {}", "level", ruler.trim_end())];
        for (title, jobs) in rows {
            let mut cells = vec![' '; levels];
            for job in jobs {
                cells[job.key.level()] = symbol_of(&job.state);
            }
            let cells: String = cells.into_iter().collect();
            lines.push(format!("  {:<room$}  {}", cut(&title, room), cells.trim_end()));
        }
        lines
    }

    fn legend(&self) -> Option<String> {
        let used =
            KINDS.iter().filter(|(symbol, _)| self.count(|state| symbol_of(state) == *symbol) > 0);
        let words: Vec<String> = used.map(|(symbol, name)| format!("{symbol} {name}")).collect();
        (!words.is_empty()).then(|| format!("  {}", words.join("  ")))
    }

    fn left(&self) -> Option<String> {
        let trains = self.count(|state| !state.is_finished());
        if trains == 0 {
            return Some(format!("nothing is left to do; {} on disk", bytes(self.bytes)));
        }
        let disk = self.bytes_left.map(|left| format!("{} of disk", bytes(left)));
        let time = self.seconds_left.map(|left| format!("{} of computing", duration(left)));
        let parts: Vec<String> = time.into_iter().chain(disk).collect();
        (!parts.is_empty()).then(|| format!("left: about {}", parts.join(", ")))
    }
}

const KINDS: [(char, &str); 8] = [
    ('#', "done"),
    ('=', "linked"),
    ('-', "to be linked"),
    ('.', "to do"),
    ('%', "begun"),
    ('>', "running"),
    ('x', "failed"),
    ('!', "in conflict"),
];

fn symbol_of(state: &JobState) -> char {
    match state {
        JobState::Done => '#',
        JobState::Linked(_) => '=',
        JobState::WillLink(_) => '-',
        JobState::ToDo => '.',
        JobState::Begun => '%',
        JobState::Running(_) => '>',
        JobState::Failed { .. } => 'x',
        JobState::Conflict(_) => '!',
    }
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// `40 s`, `3 min`, `2 h 05 min`, `3 d 4 h`.
fn duration(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round() as u64;
    match minutes {
        _ if seconds < 90.0 => format!("{seconds:.0} s"),
        0..100 => format!("{minutes} min"),
        100..2880 => format!("{} h {:02} min", minutes / 60, minutes % 60),
        _ => format!("{} d {} h", minutes / 1440, minutes % 1440 / 60),
    }
}

/// `512 B`, `3.4 MiB`.
fn bytes(count: u64) -> String {
    let mut value = count as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            let places = usize::from(unit != "B" && value < 100.0);
            return format!("{value:.places$} {unit}");
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        let texts: Vec<String> =
            [0.4, 89.0, 90.0, 5_999.0, 7_500.0, 273_600.0].map(duration).to_vec();
        assert_eq!(texts, ["0 s", "89 s", "2 min", "1 h 40 min", "2 h 05 min", "3 d 4 h"]);
        let texts: Vec<String> = [512, 3_565_158, 150 << 20, 5 << 40].map(bytes).to_vec();
        assert_eq!(texts, ["512 B", "3.4 MiB", "150 MiB", "5.0 TiB"]);
    }

    #[test]
    fn one_row_per_series() {
        let job = |path: &str, state| JobView { key: path.parse().unwrap(), state, seconds: None };
        let overview = Overview {
            run: Some("runs/x".into()),
            jobs: vec![
                job("draw/imp/seed-1/level-00", JobState::Done),
                job(
                    "draw/imp/seed-1/level-01",
                    JobState::Failed { error: "NaN\nmore".into(), attempts: 2 },
                ),
                job("spend/all/imp/seed-1/level-01", JobState::ToDo),
            ],
            seconds_left: Some(240.0),
            bytes: 100,
            bytes_left: Some(200),
            others: vec!["spend/old/imp/seed-1/level-01".parse().unwrap()],
        };
        assert_eq!(
            overview.render(80),
            "runs/x: 3 jobs: 1 done, 1 to do, 1 failed
  level                    0
  draw imp seed 1          #x
  spend all on imp seed 1   .
  # done  . to do  x failed
failed:
  draw imp seed 1 level 01: NaN (2 times)
finished, but not in the config: spend old on imp seed 1 level 01
left: about 4 min of computing, 200 B of disk"
        );
        assert!(overview.render(30).lines().all(|line| line.chars().count() <= 70));
    }
}

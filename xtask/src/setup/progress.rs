//! The line that says how far the download is.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::disk::{self, Size, readable};
use super::wheel::{Set, Stage};

/// Shows the growth of a folder: on a terminal one line that changes, elsewhere a line now and then.
#[derive(Debug)]
pub struct Progress {
    set: Set,
    began: Instant,
    shown: Instant,
    terminal: bool,
    /// Something is on the terminal's current line.
    dirty: bool,
}

const ON_TERMINAL: Duration = Duration::from_millis(500);
const ELSEWHERE: Duration = Duration::from_secs(15);

impl Progress {
    pub fn start(set: Set) -> Self {
        let now = Instant::now();
        Self { set, began: now, shown: now, terminal: io::stderr().is_terminal(), dirty: false }
    }

    /// To be called often; it decides itself whether a line is due.
    pub fn tick(&mut self, stage: Stage, folder: &Path) {
        if self.shown.elapsed() < if self.terminal { ON_TERMINAL } else { ELSEWHERE } {
            return;
        }
        self.shown = Instant::now();
        let line = line(self.set, stage, disk::size(folder), self.began.elapsed());
        if self.terminal {
            // Back to the line's start, and clear what a longer line left.
            eprint!("\r\x1b[K{line}");
            let _ = io::stderr().flush();
            self.dirty = true;
        } else {
            eprintln!("{line}");
        }
    }

    /// Clears the line and gives the time taken.
    pub fn finish(self) -> Duration {
        if self.dirty {
            eprint!("\r\x1b[K");
        }
        self.began.elapsed()
    }
}

fn line(set: Set, stage: Stage, size: Size, elapsed: Duration) -> String {
    let (word, done, total) = match stage {
        Stage::Downloading => ("downloading", size.wheels, set.download()),
        Stage::Unpacking => ("unpacking", size.files, set.unpacked()),
    };
    format!("setup: {word} {} of about {}, {}", readable(done), readable(total), clock(elapsed))
}

/// `1:05` in minutes and seconds.
pub fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_stage_amount_and_time() {
        let size = Size { wheels: 312_400_000, files: 1_000_000_000 };
        let time = Duration::from_secs(65);
        assert_eq!(
            line(Set::Light, Stage::Downloading, size, time),
            "setup: downloading 312 MB of about 545 MB, 1:05"
        );
        assert_eq!(
            line(Set::Cuda, Stage::Unpacking, size, time),
            "setup: unpacking 1.0 GB of about 4.9 GB, 1:05"
        );
    }

    #[test]
    fn nothing_is_shown_before_it_is_due() {
        let mut progress = Progress::start(Set::Light);
        let began = progress.shown;
        progress.terminal = false;
        progress.tick(Stage::Downloading, Path::new("/nowhere"));
        assert_eq!(progress.shown, began);
    }
}

//! The run as two bars on a terminal, with a line above them for each finished job.

use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::super::terminal::Terminal;
use super::Display;
use super::layout::{Glyphs, lines};
use super::tally::Tally;
use super::text::Message;
use crate::experiment::{Event, Observer};

/// How often the bars are drawn anew.
const TICK: Duration = Duration::from_millis(200);

/// Draws bars.
pub struct Bars {
    terminal: Terminal,
    glyphs: Glyphs,
    tally: Arc<Mutex<Tally>>,
    drawn: Mutex<Drawn>,
}

/// What is on the screen.
enum Drawn {
    Nothing,
    Bars(ProgressBar),
    /// Nothing, for good.
    Closed,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves at worst an older number here.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bars {
    /// Bars on stderr, once there is something to show.
    pub fn new(terminal: &Terminal, share: f64) -> Self {
        Self {
            terminal: terminal.clone(),
            glyphs: Glyphs::new(terminal.unicode, terminal.stderr_color),
            tally: Arc::new(Mutex::new(Tally::new(share))),
            drawn: Mutex::new(Drawn::Nothing),
        }
    }

    /// Shows the bars from now on.
    fn open(&self) {
        let mut drawn = lock(&self.drawn);
        if let Drawn::Nothing = *drawn {
            let bar = self.terminal.bars.add(ProgressBar::no_length());
            bar.set_style(self.style());
            bar.enable_steady_tick(TICK);
            *drawn = Drawn::Bars(bar);
        }
    }

    /// The lines are laid out anew whenever they are drawn, for the width that the terminal has
    /// then.
    fn style(&self) -> ProgressStyle {
        let (tally, terminal, glyphs) =
            (Arc::clone(&self.tally), self.terminal.clone(), self.glyphs);
        let draw = move |_: &ProgressState, out: &mut dyn Write| {
            let lines = lines(&lock(&tally), Instant::now(), terminal.stderr_width(), glyphs);
            let _ = out.write_str(&lines.join("\n"));
        };
        ProgressStyle::with_template("{lines}")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .with_key("lines", draw)
    }
}

impl Observer for Bars {
    fn event(&self, event: &Event<'_>) {
        let message = {
            let mut tally = lock(&self.tally);
            tally.hear(event, Instant::now());
            Message::of(event, &tally)
        };
        if let Event::Planned { total, finished } = event
            && finished < total
        {
            self.open();
        }
        let shown = !matches!(event, Event::Waiting { .. });
        if let Some(message) = message.filter(|_| shown) {
            let text = message.render(self.terminal.stderr_width(), self.glyphs.mark);
            self.terminal.line(&self.terminal.paint(message.tone.style(), &text));
        }
    }
}

impl Display for Bars {
    fn close(&self) {
        let before = std::mem::replace(&mut *lock(&self.drawn), Drawn::Closed);
        if let Drawn::Bars(bar) = before {
            bar.finish_and_clear();
            self.terminal.bars.remove(&bar);
        }
    }

    // The terminal has just written `^C` among the bars: they can no longer be wiped.
    fn freeze(&self) {
        let before = std::mem::replace(&mut *lock(&self.drawn), Drawn::Closed);
        if let Drawn::Bars(bar) = before {
            self.terminal.bars.set_draw_target(ProgressDrawTarget::hidden());
            bar.abandon();
            self.terminal.line("");
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.close();
    }
}

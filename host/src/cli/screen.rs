//! The rows of the bars on a terminal: drawn and wiped so that nothing of them stays and nothing
//! else goes, also when the terminal's width changes in between.
//!
//! indicatif fills each row with spaces and lets the terminal begin the next one. A terminal that
//! becomes wider then takes all rows for one long line, and wiping as many rows as were drawn wipes
//! messages above them; in one that becomes narrower the rows take more room, and some stay. Here
//! rows end where their text does, and what they take is counted anew at the width of the moment.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use indicatif::TermLike;

use super::words::len;

/// A terminal with bars at its end.
pub struct Screen {
    /// Columns and rows, as they are now.
    size: fn() -> (u16, u16),
    /// Whether the terminal breaks long lines anew when its width changes; else it cuts them.
    reflows: bool,
    state: Mutex<State>,
}

struct State {
    out: Box<dyn Write + Send>,
    /// The columns that each row of the bars has, from the top; the cursor is behind the last one.
    rows: Vec<usize>,
    /// Written, and not yet sent.
    pending: String,
    /// The next text fills a row with spaces, which nobody needs.
    filler: bool,
}

impl Screen {
    /// A terminal of that size behind `out`.
    pub fn new(size: fn() -> (u16, u16), reflows: bool, out: Box<dyn Write + Send>) -> Self {
        let state = State { out, rows: Vec::new(), pending: String::new(), filler: false };
        Self { size, reflows, state: Mutex::new(state) }
    }

    fn change(&self, change: impl FnOnce(&mut State)) -> io::Result<()> {
        // A panic elsewhere leaves at worst an older picture here.
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    /// How many rows of the terminal the bars take now.
    fn taken(&self, rows: &[usize]) -> usize {
        let width = usize::from((self.size)().0).max(1);
        match self.reflows {
            true => rows.iter().map(|columns| columns.div_ceil(width).max(1)).sum(),
            false => rows.len(),
        }
    }
}

/// The columns of a text with colours.
fn columns(text: &str) -> usize {
    let mut parts = text.split("\x1b[");
    let plain = parts.next().map_or(0, len);
    plain + parts.map(|part| part.split_once('m').map_or(0, |(_, rest)| len(rest))).sum::<usize>()
}

/// What cannot be written, because the terminal was closed, is nobody's loss: nothing here fails.
impl TermLike for Screen {
    fn width(&self) -> u16 {
        (self.size)().0
    }

    fn height(&self) -> u16 {
        (self.size)().1
    }

    /// Every picture begins with this: the one before is wiped.
    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        self.change(|state| {
            state.filler = false;
            // Row by row: tmux takes the wiping of all from the first row on for the end of a
            // program, and keeps what was there.
            for row in 0..self.taken(&state.rows) {
                state.pending.push_str(if row == 0 { "\r\x1b[2K" } else { "\x1b[A\x1b[2K" });
            }
            state.rows.clear();
        })
    }

    // Row by row indicatif would wipe what is wiped already.
    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    // Never asked for.
    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.change(|state| {
            if std::mem::take(&mut state.filler) {
                return;
            }
            for row in text.split('\n') {
                if !state.rows.is_empty() {
                    state.pending.push_str("\r\n");
                }
                state.pending.push_str(row);
                state.rows.push(columns(row));
            }
            state.filler = true;
        })
    }

    fn flush(&self) -> io::Result<()> {
        self.change(|state| {
            let _ = state.out.write_all(state.pending.as_bytes());
            let _ = state.out.flush();
            state.pending.clear();
        })
    }
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen").field("reflows", &self.reflows).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU16, Ordering};

    use super::*;

    static WIDTH: AtomicU16 = AtomicU16::new(40);

    #[derive(Clone, Default)]
    struct Sent(Arc<Mutex<Vec<u8>>>);

    impl Write for Sent {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Sent {
        fn take(&self) -> String {
            String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
        }
    }

    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::from(io::ErrorKind::BrokenPipe))
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::Error::from(io::ErrorKind::BrokenPipe))
        }
    }

    /// As indicatif draws rows: back to the first one, each wiped, each filled with spaces.
    fn draw(screen: &Screen, rows: &[&str]) {
        screen.move_cursor_up(0).unwrap();
        for row in rows {
            screen.clear_line().unwrap();
            screen.write_str(row).unwrap();
            screen.write_str("   ").unwrap();
        }
        screen.flush().unwrap();
    }

    #[test]
    fn what_rows_take_is_counted_at_the_width_of_the_moment() {
        let size = || (WIDTH.load(Ordering::Relaxed), 24);
        for (reflows, up) in [(true, 5), (false, 1)] {
            WIDTH.store(40, Ordering::Relaxed);
            let sent = Sent::default();
            let screen = Screen::new(size, reflows, Box::new(sent.clone()));
            let row = "x".repeat(33);
            let colored = format!("\x1b[32m{row}\x1b[0m");
            draw(&screen, &[&row, &colored]);
            assert_eq!(sent.take(), format!("{row}\r\n{colored}"));
            draw(&screen, &[&row, &colored]);
            assert_eq!(sent.take(), format!("\r\x1b[2K\x1b[A\x1b[2K{row}\r\n{colored}"));
            // 33 columns take three rows of 15: five are above the last one, else one.
            WIDTH.store(15, Ordering::Relaxed);
            draw(&screen, &["short"]);
            assert_eq!(sent.take(), format!("\r\x1b[2K{}short", "\x1b[A\x1b[2K".repeat(up)));
            // One that is wider has the rows that it had.
            WIDTH.store(200, Ordering::Relaxed);
            draw(&screen, &[]);
            assert_eq!(sent.take(), "\r\x1b[2K");
            draw(&screen, &[]);
            assert_eq!(sent.take(), "");
        }
    }

    #[test]
    fn a_terminal_that_is_gone_ends_nothing() {
        use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};
        let screen = Screen::new(|| (80, 24), true, Box::new(Gone));
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::term_like(Box::new(screen)));
        let bar = bars.add(ProgressBar::new(10));
        bar.inc(1);
        assert_eq!(bars.suspend(|| 7), 7);
        bar.finish_and_clear();
    }
}

//! The two streams: what may be printed on them, how wide they are, and how the bars on stderr
//! make room for a line.

use std::borrow::Cow;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::{AsRawFd, RawFd};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::args::{Common, LogFormat};
use super::failure::Failure;
use super::screen::Screen;
use super::words::{ascii, cut, fold, wrap};
use crate::config;

/// Columns of what is no terminal, unless `COLUMNS` says another number.
const COLUMNS: usize = 100;

/// Where the program prints. Clones are the same terminal.
#[derive(Debug, Clone)]
pub struct Terminal {
    pub quiet: bool,
    /// Whether stderr gets JSON lines.
    pub json: bool,
    /// Whether bars may be drawn on stderr.
    pub animated: bool,
    /// Whether stdout takes colours.
    pub color: bool,
    /// Whether stderr takes colours.
    pub stderr_color: bool,
    /// Whether the locale has more than ASCII.
    pub unicode: bool,
    /// The bars, of which there may be none.
    pub bars: MultiProgress,
}

impl Terminal {
    /// The terminal as it is found, and as the options want it.
    pub fn new(options: &Common) -> Self {
        let json = options.log_format == LogFormat::Json;
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let dumb = variable("TERM") == "dumb";
        let stderr = io::stderr().is_terminal() && !dumb;
        let plain = !variable("NO_COLOR").is_empty() || dumb;
        let animated = stderr && !json && !options.quiet && !options.no_progress;
        // XTerm, GNU screen and the console cut lines where others break them anew.
        let cuts = ["XTERM_VERSION", "STY"].iter().any(|name| !variable(name).is_empty());
        let target = match animated {
            true => bars(!cuts && variable("TERM") != "linux"),
            false => ProgressDrawTarget::hidden(),
        };
        Self {
            quiet: options.quiet,
            json,
            animated,
            color: io::stdout().is_terminal() && !plain,
            stderr_color: stderr && !json && !plain,
            unicode: is_utf8([variable("LC_ALL"), variable("LC_CTYPE"), variable("LANG")]),
            bars: MultiProgress::with_draw_target(target),
        }
    }

    /// Columns of stdout.
    pub fn width(&self) -> usize {
        columns(io::stdout().as_raw_fd()).unwrap_or_else(|| {
            let variable = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
            variable.filter(|columns| *columns >= 20).unwrap_or(COLUMNS)
        })
    }

    /// Columns for tables that can be cut: what is no terminal gets everything.
    pub fn table_width(&self) -> usize {
        columns(io::stdout().as_raw_fd()).unwrap_or(usize::MAX)
    }

    /// Columns of stderr.
    pub fn stderr_width(&self) -> usize {
        columns(io::stderr().as_raw_fd()).unwrap_or(COLUMNS)
    }

    /// What that stream can show: a terminal without UTF-8 would print other signs. What is no
    /// terminal gets the text as it is.
    fn shown<'a>(&self, text: &'a str, stream: &impl IsTerminal) -> Cow<'a, str> {
        match self.unicode || !stream.is_terminal() {
            true => Cow::Borrowed(text),
            false => Cow::Owned(ascii(text)),
        }
    }

    /// Prints a result on stdout. A reader that has gone away is no error.
    ///
    /// # Errors
    /// Stdout cannot be written: a full disk, for example.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        let text = self.shown(text, &io::stdout());
        let written = self.bars.suspend(|| {
            let mut stdout = io::stdout().lock();
            stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
        });
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Failure::other(format!("cannot write to stdout: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Tells something on stderr, unless nothing but results is wanted.
    pub fn say(&self, text: &str) {
        match (self.quiet, self.json) {
            (true, _) => {}
            (false, true) => self.line(&json!({ "event": "note", "message": text }).to_string()),
            (false, false) => self.line(&self.wrapped(text)),
        }
    }

    /// Prose in lines as stderr takes them: a file has lines of any length.
    fn wrapped(&self, text: &str) -> String {
        match columns(io::stderr().as_raw_fd()) {
            Some(width) => wrap(text, 0, width),
            None => text.to_owned(),
        }
    }

    /// Draws that something takes a while, until the value is dropped.
    pub fn busy(&self, what: &str) -> Busy {
        let bar = self.bars.add(ProgressBar::new_spinner());
        let what = if self.unicode { format!("{what} …") } else { format!("{what} ...") };
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        bar.set_message(cut(&what, self.stderr_width(), ""));
        bar.tick();
        Busy { bar, bars: self.bars.clone() }
    }

    /// Writes a line on stderr, above the bars.
    pub fn line(&self, text: &str) {
        let text = self.shown(text, &io::stderr());
        // Nobody is left to tell if stderr itself is gone.
        self.bars.suspend(|| {
            let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
        });
    }

    /// Shows what a command failed with.
    pub fn fail(&self, failure: &Failure) {
        let text = match failure {
            _ if self.json => {
                let event = if matches!(failure, Failure::Stopped(_)) { "note" } else { "error" };
                let (message, code) = (failure.message(), failure.code());
                json!({ "event": event, "message": message, "exit_code": code }).to_string()
            }
            Failure::Config { errors, notes } => {
                let text = config::render(errors, self.stderr_color, self.stderr_width());
                let notes = notes.as_ref().map(|notes| format!("\n\n{notes}"));
                format!("{}{}", text.trim_end(), notes.unwrap_or_default())
            }
            Failure::Stopped(message) => self.wrapped(message),
            Failure::Usage(message) | Failure::Other(message) => {
                let text = format!("error: {message}");
                let text = columns(io::stderr().as_raw_fd())
                    .map_or(text.clone(), |width| fold(&text, width));
                text.replacen("error:", &self.paint("1;31", "error:"), 1)
            }
        };
        self.line(&text);
    }

    /// `text` in an ANSI style, where stderr takes colours.
    pub fn paint(&self, style: &str, text: &str) -> String {
        match self.stderr_color {
            true => format!("\x1b[{style}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

/// Something that takes a while, shown on stderr.
#[derive(Debug)]
pub struct Busy {
    bar: ProgressBar,
    bars: MultiProgress,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        self.bars.remove(&self.bar);
    }
}

/// Whether the first variable that is set names UTF-8. None set is the C locale.
fn is_utf8(variables: [String; 3]) -> bool {
    let locale = variables.into_iter().find(|value| !value.is_empty()).unwrap_or_default();
    let locale = locale.to_lowercase();
    locale.ends_with("utf-8") || locale.ends_with("utf8") || locale.contains("utf-8@")
}

/// Where bars are drawn, on stderr.
fn bars(reflows: bool) -> ProgressDrawTarget {
    let now = || {
        let size = size(io::stderr().as_raw_fd());
        size.map_or((COLUMNS as u16, 24), |size| (size.ws_col, size.ws_row.max(1)))
    };
    let screen = Screen::new(now, reflows, Box::new(io::stderr()));
    ProgressDrawTarget::term_like_with_hz(Box::new(screen), 20)
}

/// The width of a terminal; `None` if it is none, or does not know.
fn columns(stream: RawFd) -> Option<usize> {
    size(stream).map(|size| usize::from(size.ws_col))
}

fn size(stream: RawFd) -> Option<libc::winsize> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: `size` is a whole winsize, which the call fills or leaves alone.
    let answer = unsafe { libc::ioctl(stream, libc::TIOCGWINSZ, &raw mut size) };
    (answer == 0 && size.ws_col > 0).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_variable_counts() {
        let of =
            |all: &str, ctype: &str, lang: &str| is_utf8([all, ctype, lang].map(str::to_owned));
        assert!(
            of("", "", "en_US.UTF-8") && of("", "C.utf8", "C") && of("de_DE.UTF-8@euro", "", "")
        );
        assert!(!of("C", "", "en_US.UTF-8") && !of("", "", "") && !of("", "POSIX", "C.UTF-8"));
    }
}

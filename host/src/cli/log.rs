//! Log messages (`tracing`) → stderr, in words or as JSON lines, without tearing the bars.

use std::fmt;
use std::io::{self, Write};

use indicatif::MultiProgress;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use super::terminal::Terminal;

/// Chooses messages by itself, in the syntax of `tracing_subscriber::EnvFilter`.
const VARIABLE: &str = "JACKPOT_LOG";

/// Begins to show messages: warnings, and more with `-v`.
pub fn start(terminal: &Terminal, verbose: u8) {
    let usual = match (terminal.quiet, verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "warn,jackpot=info,plugin=info",
        (false, 2) => "info,jackpot=debug,plugin=debug",
        (false, _) => "trace",
    };
    let wanted = std::env::var(VARIABLE).ok().filter(|text| !text.trim().is_empty());
    let parsed = wanted.map(|text| EnvFilter::try_new(text).map_err(|error| error.to_string()));
    let (filter, problem) = match parsed {
        Some(Ok(filter)) => (filter, None),
        Some(Err(problem)) => (EnvFilter::new(usual), Some(problem)),
        None => (EnvFilter::new(usual), None),
    };
    let writer = BesideBars(terminal.bars.clone());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        // It would tell them on stderr, and panic if that cannot be written.
        .log_internal_errors(false)
        .with_ansi(terminal.stderr_color);
    // In a test's process somebody else may have been first.
    let _ = match terminal.json {
        true => builder.json().flatten_event(true).with_current_span(false).try_init(),
        false => builder.event_format(Words).try_init(),
    };
    if let Some(problem) = problem {
        tracing::warn!("{VARIABLE} is not understood ({problem}); it is ignored");
    }
}

/// Stderr, with the bars out of the way while it is written to. That it cannot be written is no
/// reason to stop: nobody is left to tell.
#[derive(Clone)]
struct BesideBars(MultiProgress);

impl MakeWriter<'_> for BesideBars {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Write for BesideBars {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.suspend(|| io::stderr().write_all(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `warning: the message`; below info with the place in the code.
struct Words;

impl<S, N> FormatEvent<S, N> for Words
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        let (style, name) = match *metadata.level() {
            Level::ERROR => ("1;31", "error"),
            Level::WARN => ("1;33", "warning"),
            Level::INFO => ("32", "info"),
            Level::DEBUG => ("2", "debug"),
            Level::TRACE => ("2", "trace"),
        };
        match writer.has_ansi_escapes() {
            true => write!(writer, "\x1b[{style}m{name}:\x1b[0m ")?,
            false => write!(writer, "{name}: ")?,
        }
        if *metadata.level() >= Level::DEBUG {
            write!(writer, "{}: ", metadata.target())?;
        }
        context.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn levels_in_words() {
        let memory = Memory::default();
        let writer = memory.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(Level::DEBUG)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .event_format(Words)
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(file = "a.so", "not loaded");
            tracing::debug!(target: "jackpot::x", "deep");
        });
        let text = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text, "warning: not loaded file=\"a.so\"\ndebug: jackpot::x: deep\n");
    }
}

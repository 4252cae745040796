//! What is wrong with a config: where, what, what would be allowed.

use std::fmt;
use std::sync::Arc;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
};

use super::tree::{Pos, Source};

/// One mistake, as it is collected; it becomes a [`ConfigError`] once all sources are known.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    pub pos: Option<Pos>,
    pub message: String,
    pub label: String,
    pub help: Option<String>,
    /// A second place that belongs to the mistake.
    pub also: Option<Box<(Pos, String)>>,
}

impl Fault {
    pub fn new(pos: Pos, message: impl Into<String>) -> Self {
        Self { pos: Some(pos), ..Self::nowhere(message) }
    }

    /// About the file as a whole.
    pub fn nowhere(message: impl Into<String>) -> Self {
        Self { pos: None, message: message.into(), label: String::new(), help: None, also: None }
    }

    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn also(mut self, pos: Pos, label: impl Into<String>) -> Self {
        self.also = Some(Box::new((pos, label.into())));
        self
    }
}

/// One mistake in a config, with the text it stands in.
#[derive(Debug, Clone)]
pub struct ConfigError {
    message: String,
    help: Option<String>,
    text: Option<NamedSource<Arc<str>>>,
    labels: Vec<LabeledSpan>,
    /// Line and column of the first label, from 1.
    at: Option<(usize, usize)>,
}

impl ConfigError {
    fn new(fault: Fault, sources: &[Source]) -> Self {
        let Fault { pos, message, label, help, also } = fault;
        let mut error = Self { message, help, text: None, labels: Vec::new(), at: None };
        let Some((pos, source)) = pos.and_then(|pos| Some((pos, sources.get(pos.source)?))) else {
            return error;
        };
        error.text = Some(NamedSource::new(&source.name, Arc::clone(&source.text)));
        let pos = visible(pos, &source.text);
        let span = |pos: Pos| (pos.start, pos.end.saturating_sub(pos.start));
        let label = (!label.is_empty()).then_some(label);
        error.labels.push(LabeledSpan::new_primary_with_span(label, span(pos)));
        let beside =
            |(also, label): (Pos, String)| (also.source == pos.source).then_some((also, label));
        if let Some((also, label)) = also.and_then(|also| beside(*also)) {
            error.labels.push(LabeledSpan::new_with_span(Some(label), span(also)));
        }
        let before = source.text.get(..pos.start).unwrap_or(&source.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        error.at = Some((
            before.matches('\n').count() + 1,
            before.get(line_start..).unwrap_or_default().chars().count() + 1,
        ));
        error
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The words beside the caret.
    pub fn label(&self) -> Option<&str> {
        self.labels.first().and_then(LabeledSpan::label)
    }

    /// The name of the text (file, or `--set`), the line and the column, from 1.
    pub fn place(&self) -> Option<(&str, usize, usize)> {
        let (line, column) = self.at?;
        Some((self.text.as_ref()?.name(), line, column))
    }
}

/// The end of the text has no character to point at: its last one stands for it.
fn visible(pos: Pos, text: &str) -> Pos {
    match text.char_indices().next_back() {
        Some((start, _)) if pos.start >= text.len() => Pos { start, end: text.len(), ..pos },
        _ => pos,
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

impl Diagnostic for ConfigError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.text.as_ref().map(|text| text as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty()).then(|| Box::new(self.labels.iter().cloned()) as _)
    }
}

/// All mistakes of a config, by position. Never empty.
#[derive(Debug, Clone)]
pub struct ConfigErrors {
    errors: Vec<ConfigError>,
}

impl ConfigErrors {
    pub(super) fn new(mut faults: Vec<Fault>, sources: &[Source]) -> Self {
        faults.sort_by_key(|fault| fault.pos);
        faults.dedup();
        Self { errors: faults.into_iter().map(|fault| ConfigError::new(fault, sources)).collect() }
    }

    /// The mistakes, in the order of the text.
    pub fn errors(&self) -> &[ConfigError] {
        &self.errors
    }
}

/// One line for each mistake: `file:line:column: message`.
impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.errors.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            if let Some((name, line, column)) = error.place() {
                write!(f, "{name}:{line}:{column}: ")?;
            }
            f.write_str(&error.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

impl Diagnostic for ConfigErrors {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.errors.iter().map(|error| error as &dyn Diagnostic)))
    }
}

/// How many mistakes are drawn in full, so that the first stays on the screen.
const DRAWN: usize = 10;

/// The mistakes as the terminal shows them: the lines, with carets. `width` is in columns.
pub fn render(errors: &ConfigErrors, color: bool, width: usize) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler =
        GraphicalReportHandler::new_themed(theme).with_width(width.max(40)).with_links(false);
    let mut out = String::new();
    for error in errors.errors.iter().take(DRAWN) {
        // Only a span outside of its text fails; the plain line is then the best there is.
        let mut one = String::new();
        if handler.render_report(&mut one, error).is_err() {
            one = format!("{error}\n");
        }
        out.push_str(&one);
    }
    let rest = errors.errors.len().saturating_sub(DRAWN);
    if rest > 0 {
        out.push_str(&format!("and {rest} more:\n"));
        for error in errors.errors.iter().skip(DRAWN) {
            let place = error.place().map(|(name, line, column)| format!("{name}:{line}:{column}"));
            out.push_str(&format!("  {}: {error}\n", place.unwrap_or_default()));
        }
    }
    out
}

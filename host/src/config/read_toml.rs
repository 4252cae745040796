//! TOML text → tree, and what is said about text that is no TOML.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::error::Fault;
use super::tree::{Entry, Node, Pos, Table, Val};

/// Reads one source. With a syntax error there is no table, only the errors.
pub fn read_toml(source: usize, text: &str) -> Result<Table, Vec<Fault>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut faults = Vec::new();
    if errors.is_empty() {
        let table = convert_table(source, table.get_ref(), &mut faults);
        return if faults.is_empty() { Ok(table) } else { Err(faults) };
    }
    let mut errors: Vec<_> =
        errors.iter().map(|error| (error.span().unwrap_or_default(), error.message())).collect();
    errors.sort_by_key(|(span, _)| span.start);
    // One mistake often upsets the parser again on the same line.
    let line = |at: usize| text.as_bytes().iter().take(at).filter(|&&b| b == b'\n').count();
    errors.dedup_by_key(|(span, _)| line(span.start));
    // After a bracket that is not closed, everything looks wrong.
    let open = |message: &str| message.contains("missing comma") || message.contains("unclosed");
    if let Some(first) = errors.iter().position(|(_, message)| open(message)) {
        errors.truncate(first + 1);
    }
    for (span, message) in errors {
        faults.push(syntax_fault(text, Pos { source, start: span.start, end: span.end }, message));
    }
    Err(faults)
}

fn syntax_fault(text: &str, pos: Pos, message: &str) -> Fault {
    let found = text.get(pos.start..pos.end).unwrap_or_default().trim();
    if message == "duplicate key" {
        return Fault::new(pos, format!("`{found}` is given twice"))
            .label("the second time")
            .help("a key may stand only once in its table");
    }
    if found.is_empty() && message.starts_with("string values") {
        return Fault::new(pos, "this is no TOML: a value is missing").label("here");
    }
    let is_word = found.starts_with(|c: char| c.is_ascii_alphabetic());
    if message.starts_with("invalid boolean") || (is_word && message.starts_with("string values")) {
        return Fault::new(pos, format!("`{found}` is no TOML value"))
            .label(format!("a string needs quotes: \"{found}\""));
    }
    Fault::new(pos, format!("this is no TOML: {message}")).label("here")
}

fn convert_table(source: usize, table: &DeTable<'_>, faults: &mut Vec<Fault>) -> Table {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| {
            let span = key.span();
            Entry {
                key: key.get_ref().to_string(),
                key_pos: Pos { source, start: span.start, end: span.end },
                node: convert(source, value.span(), value.get_ref(), faults),
                given: true,
            }
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_pos);
    Table { entries }
}

fn convert(
    source: usize,
    span: Range<usize>,
    value: &DeValue<'_>,
    faults: &mut Vec<Fault>,
) -> Node {
    let pos = Pos { source, start: span.start, end: span.end };
    let val = match value {
        DeValue::String(text) => Val::Str(text.to_string()),
        DeValue::Integer(int) => match i64::from_str_radix(int.as_str(), int.radix()) {
            Ok(value) => Val::Int(value),
            Err(_) => {
                faults.push(
                    Fault::new(pos, "this whole number does not fit into 64 bits")
                        .label(format!("at most {}", i64::MAX)),
                );
                Val::Bad
            }
        },
        // Rust reads all that TOML's grammar allows: digits, exponent, `inf`, `nan` and a sign.
        DeValue::Float(float) => match float.as_str().parse() {
            Ok(value) => Val::Float(value),
            Err(_) => {
                faults.push(Fault::new(pos, "this is no number").label("here"));
                Val::Bad
            }
        },
        DeValue::Boolean(value) => Val::Bool(*value),
        DeValue::Datetime(_) => Val::Date,
        DeValue::Array(items) => Val::List(
            items.iter().map(|item| convert(source, item.span(), item.get_ref(), faults)).collect(),
        ),
        DeValue::Table(table) => Val::Table(convert_table(source, table, faults)),
    };
    Node { pos, val }
}

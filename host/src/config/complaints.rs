//! What is said when a key or a value does not fit the tables of keys.

use super::error::Fault;
use super::keys::{Key, Section, Shape};
use super::nearest::did_you_mean;
use super::tables::SECTIONS;
use super::tree::{Entry, Pos, Val};
use super::values::OPTIMIZERS;

/// A key as the start of a message.
pub fn subject(key: &Key) -> String {
    match key.shape {
        Shape::Section(section) | Shape::Sections(section, _) => section.title.to_owned(),
        _ => format!("`{}`", key.name),
    }
}

pub fn unknown_key(section: &Section, entry: &Entry) -> Fault {
    let label = did_you_mean(&entry.key, section.names(), "unknown");
    let known: Vec<_> = section.names().collect();
    let mut help = format!("known here: {}", known.join(", "));
    let optimizers = OPTIMIZERS.iter().map(|(_, section)| section);
    let elsewhere: Vec<_> = SECTIONS
        .iter()
        .chain(optimizers)
        .filter(|section| section.key(&entry.key).is_some())
        .map(|section| section.title)
        .collect();
    if !elsewhere.is_empty() {
        help = format!("`{}` belongs to {}; {help}", entry.key, elsewhere.join(" or "));
    }
    let message = format!("unknown key `{}` {}", entry.key, section.place());
    Fault::new(entry.key_pos, message).label(label).help(help)
}

pub fn missing_key(section: &Section, pos: Pos, key: &Key) -> Fault {
    let what = subject(key);
    let (message, help) = match key.shape {
        Shape::Section(_) | Shape::Sections(..) => {
            (format!("the section {what} is missing"), key.doc.to_owned())
        }
        shape => {
            let doc = key.doc.trim_end_matches('.');
            (
                format!("{what} is missing {}", section.place()),
                format!("{doc}: {}", shape.describe()),
            )
        }
    };
    Fault::new(pos, message).label(format!("{what} is missing")).help(help)
}

pub fn mismatch(subject: &str, shape: &Shape, val: &Val, pos: Pos) -> Fault {
    let fault = |label: &str| {
        let message = format!("{subject} must be {}, not {}", shape.describe(), val.show());
        Fault::new(pos, message).label(label)
    };
    match (shape, val) {
        (Shape::Choice(names), Val::Str(text)) => {
            fault(&did_you_mean(text, names.iter().copied(), "none of them"))
        }
        (Shape::Teacher, Val::Str(text)) => {
            fault(&did_you_mean(text, ["dense", "none"], "neither")).help(
                "a file is written as a table: `teacher = { weights = \"teacher.safetensors\" }`",
            )
        }
        (Shape::Sections(_, _), Val::List(_)) => {
            Fault::new(pos, format!("at least one {subject} is needed")).label("none here")
        }
        (Shape::Sections(..), Val::Table(_)) => {
            Fault::new(pos, format!("{subject} may stand more than once, so it is a list"))
                .label(format!("write {subject}, with two brackets"))
        }
        (Shape::Int { .. }, Val::Int(_)) => fault("out of range"),
        (Shape::Float(_), Val::Int(_) | Val::Float(_)) => fault("out of range"),
        (Shape::Word(word), Val::Str(_)) if word.hint.is_empty() => fault("not this"),
        (Shape::Word(word), Val::Str(_)) => fault("not this").help(word.hint),
        (Shape::Path, Val::Str(_)) => fault("empty"),
        _ => fault(val.describe()),
    }
}

/// Of `Or(keyword, …)`: a string that the shape cannot take is most likely the keyword misspelt.
pub fn misspelt_keyword(
    subject: &str,
    keyword: &str,
    shape: &Shape,
    val: &Val,
    pos: Pos,
) -> Option<Fault> {
    let Val::Str(text) = val else { return None };
    if !matches!(shape, Shape::Int { .. } | Shape::List { .. }) {
        return None;
    }
    let message =
        format!("{subject} must be {} or \"{keyword}\", not {}", shape.describe(), val.show());
    Some(Fault::new(pos, message).label(did_you_mean(text, [keyword], "a string")))
}

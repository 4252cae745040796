//! A TOML document as a tree whose every key and value remembers where it was written.
//!
//! The config file and each `--set` are sources of their own; merged into one tree, every value
//! still points into the text that it came from.

use std::sync::Arc;

use super::inline::float;

/// A text that values come from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file's path, or the option's name.
    pub name: String,
    pub text: Arc<str>,
}

/// The bytes `start..end` of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pos {
    pub source: usize,
    pub start: usize,
    pub end: usize,
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    pub pos: Pos,
    pub val: Val,
}

#[derive(Debug, Clone)]
pub enum Val {
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
    Date,
    List(Vec<Node>),
    Table(Table),
    /// The word that stands for "no value of its own", such as `"none"`.
    Keyword,
    /// Wrong, and already reported.
    Bad,
}

impl Val {
    /// As an error message would say it.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "a whole number",
            Self::Float(_) => "a number with a point",
            Self::Str(_) => "a string",
            Self::Date => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Keyword => "a keyword",
            Self::Bad => "an error",
        }
    }

    /// The value itself if it is short, else what it is.
    pub fn show(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => float(*value),
            Self::Str(text) => format!("\"{text}\""),
            other => other.describe().to_owned(),
        }
    }
}

/// Keys and values in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Table {
    pub entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
pub struct Entry {
    pub key: String,
    pub key_pos: Pos,
    pub node: Node,
    /// Whether somebody wrote it; a default that was filled in did nobody write.
    pub given: bool,
}

impl Table {
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub fn entry_mut(&mut self, key: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.key == key)
    }

    /// Whether the config itself has this key.
    pub fn given(&self, key: &str) -> bool {
        self.entry(key).is_some_and(|entry| entry.given)
    }

    /// The key's value, unless it is absent, wrong or a keyword.
    pub fn value(&self, key: &str) -> Option<&Node> {
        let node = &self.entry(key)?.node;
        (!matches!(node.val, Val::Bad | Val::Keyword)).then_some(node)
    }

    /// `None`: wrong. `Some(None)`: absent, or the keyword that says so.
    pub fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Node) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.entry(key).map(|entry| &entry.node) {
            None => Some(None),
            Some(Node { val: Val::Keyword, .. }) => Some(None),
            Some(node) => read(node).map(Some),
        }
    }

    pub fn bool(&self, key: &str) -> Option<bool> {
        self.value(key)?.bool()
    }

    pub fn int(&self, key: &str) -> Option<i64> {
        self.value(key)?.int()
    }

    pub fn float(&self, key: &str) -> Option<f64> {
        self.value(key)?.float()
    }

    pub fn str(&self, key: &str) -> Option<&str> {
        self.value(key)?.str()
    }

    /// The items; none if the key is absent or wrong.
    pub fn list(&self, key: &str) -> &[Node] {
        self.value(key).and_then(Node::list).unwrap_or_default()
    }

    pub fn table(&self, key: &str) -> Option<&Table> {
        self.value(key)?.table()
    }
}

impl Node {
    pub fn bool(&self) -> Option<bool> {
        match self.val {
            Val::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub fn int(&self) -> Option<i64> {
        match self.val {
            Val::Int(value) => Some(value),
            _ => None,
        }
    }

    pub fn float(&self) -> Option<f64> {
        match self.val {
            Val::Float(value) => Some(value),
            _ => None,
        }
    }

    pub fn str(&self) -> Option<&str> {
        match &self.val {
            Val::Str(value) => Some(value),
            _ => None,
        }
    }

    pub fn list(&self) -> Option<&[Node]> {
        match &self.val {
            Val::List(items) => Some(items),
            _ => None,
        }
    }

    pub fn table(&self) -> Option<&Table> {
        match &self.val {
            Val::Table(table) => Some(table),
            _ => None,
        }
    }
}

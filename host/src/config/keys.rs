//! How a key of the config is described: its name, the shape of its value, its default.
//!
//! The tables of [`super::tables`] are made of these. Checking, the JSON schema and the tests of
//! the documentation all read the same tables.

use jackpot_plugin_api::manifest::Kind;

/// A table of the config.
#[derive(Debug)]
pub struct Section {
    /// As a message names it: `[train]`.
    pub title: &'static str,
    pub keys: &'static [Key],
}

impl Section {
    /// The title after its preposition.
    pub fn place(&self) -> String {
        let preposition = if self.title.starts_with("the top") { "at" } else { "in" };
        format!("{preposition} {}", self.title)
    }

    /// The names of its keys.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.keys.iter().map(|key| key.name)
    }

    /// The key of that name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// One key of a section.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    pub name: &'static str,
    pub shape: Shape,
    pub presence: Presence,
    /// One sentence: what it means.
    pub doc: &'static str,
}

impl Key {
    pub const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { name, shape, presence: Presence::Required, doc }
    }

    pub const fn optional(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { name, shape, presence: Presence::Optional, doc }
    }

    /// `default` is TOML.
    pub const fn with_default(
        name: &'static str,
        shape: Shape,
        default: &'static str,
        doc: &'static str,
    ) -> Self {
        Self { name, shape, presence: Presence::Default(default), doc }
    }

    /// The same key where it replaces the one of another section.
    pub const fn inherited(self) -> Self {
        Self { presence: Presence::Inherited, ..self }
    }
}

/// What holds if the key is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// An error.
    Required,
    /// Nothing; the key's meaning says what follows.
    Optional,
    /// The value of [model] or [train] holds.
    Inherited,
    /// This TOML value holds.
    Default(&'static str),
}

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    Bool,
    Int {
        min: i64,
        max: i64,
    },
    Float(Bounds),
    /// A string that is a path; relative ones are relative to the config file.
    Path,
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// A string of a certain form.
    Word(&'static Word),
    /// This string, or the shape.
    Or(&'static str, &'static Shape),
    List {
        item: &'static Shape,
        /// The fewest items.
        min: usize,
        /// The most items.
        max: usize,
        /// Whether no item may occur twice.
        unique: bool,
    },
    /// A list of one or more, or the only item by itself.
    OneOrMany {
        item: &'static Shape,
        unique: bool,
    },
    /// A plugin's name, or a table of its name and parameters.
    Plugin(Kind),
    /// As `Plugin`, or a table with a file.
    Architecture,
    /// An optimizer's name, or a table of its name and settings.
    Optimizer,
    /// `dense`, or a table with a file of weights.
    Teacher,
    /// A table of any keys: a plugin's parameters.
    Params,
    Section(&'static Section),
    /// An array of tables with at least so many.
    Sections(&'static Section, usize),
}

/// A string of a certain form.
#[derive(Debug)]
pub struct Word {
    /// As an error message would say it.
    pub describe: &'static str,
    /// More of it, for the help; may be empty.
    pub hint: &'static str,
    pub ok: fn(&str) -> bool,
    /// The same as a regular expression, for the schema.
    pub pattern: &'static str,
}

/// An interval of numbers; infinite bounds are none, and never part of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    pub min: f64,
    pub with_min: bool,
    pub max: f64,
    pub with_max: bool,
}

impl Bounds {
    pub const ANY: Self =
        Self { min: f64::NEG_INFINITY, with_min: false, max: f64::INFINITY, with_max: false };
    pub const POSITIVE: Self = Self { min: 0.0, ..Self::ANY };
    pub const AT_LEAST_ZERO: Self = Self { min: 0.0, with_min: true, ..Self::ANY };
    /// Above 0 and below 1.
    pub const PROPER_FRACTION: Self = Self { min: 0.0, max: 1.0, ..Self::ANY };
    /// From 0 to below 1.
    pub const BELOW_ONE: Self = Self { with_min: true, ..Self::PROPER_FRACTION };

    /// Whether `x` lies inside; NaN and infinities never do.
    pub fn contains(&self, x: f64) -> bool {
        let above = x > self.min || self.with_min && x == self.min;
        let below = x < self.max || self.with_max && x == self.max;
        above && below && x.is_finite()
    }

    fn describe(&self) -> String {
        let (min, max) = (self.min, self.max);
        match (min.is_finite(), self.with_min, max.is_finite(), self.with_max) {
            (true, true, true, true) => format!("a number from {min} to {max}"),
            (true, true, true, false) => format!("a number from {min} to below {max}"),
            (true, false, true, true) => format!("a number above {min} and at most {max}"),
            (true, false, true, false) => format!("a number above {min} and below {max}"),
            (true, true, false, _) => format!("a number of at least {min}"),
            (true, false, false, _) => format!("a number above {min}"),
            (false, _, true, true) => format!("a number of at most {max}"),
            (false, _, true, false) => format!("a number below {max}"),
            (false, _, false, _) => "a finite number".to_owned(),
        }
    }
}

impl Shape {
    /// As an error message would say it, after "must be".
    pub fn describe(&self) -> String {
        match self {
            Self::Bool => "true or false".to_owned(),
            Self::Int { min, max: i64::MAX } => format!("a whole number of at least {min}"),
            Self::Int { min, max } => format!("a whole number from {min} to {max}"),
            Self::Float(bounds) => bounds.describe(),
            Self::Path => "a path (a string)".to_owned(),
            Self::Choice(names) => format!("one of {}", quoted(names)),
            Self::Word(word) => word.describe.to_owned(),
            Self::Or(keyword, shape) => format!("{} or \"{keyword}\"", shape.describe()),
            Self::List { item, min, max, .. } if min == max => {
                format!("a list of {min}, each {}", item.describe())
            }
            Self::List { item, .. } => format!("a list, each entry {}", item.describe()),
            Self::OneOrMany { item, .. } => format!("{}, or a list of such", item.describe()),
            Self::Plugin(kind) => format!("a plugin: \"name\" or {{ plugin = \"name\" }} ({kind})"),
            Self::Architecture => {
                "{ plugin = \"name\" } or { file = \"net.json\" } (architecture)".to_owned()
            }
            Self::Optimizer => "an optimizer: \"name\" or { name = \"name\", lr = … }".to_owned(),
            Self::Teacher => "\"dense\" or { weights = \"file.safetensors\" }".to_owned(),
            Self::Params | Self::Section(_) => "a table".to_owned(),
            Self::Sections(..) => "an array of tables".to_owned(),
        }
    }
}

/// `"a", "b" or "c"`.
pub fn quoted(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

//! The keys of the tables that are values: a plugin's, a graph file's, an optimizer's.

use super::keys::{Bounds, Key, Section, Shape};
use super::words;

/// The keys of a plugin's table.
pub static PLUGIN: Section = Section {
    title: "a plugin's table",
    keys: &[
        Key::required(
            "plugin",
            Shape::Word(&words::ITEM),
            "The item's name, or `path/to/file.so:name`.",
        ),
        Key::with_default(
            "params",
            Shape::Params,
            "{}",
            "Its parameters; see `jackpot plugin info`.",
        ),
    ],
};

/// The keys of an architecture that is a file.
pub static GRAPH_FILE: Section = Section {
    title: "`architecture`",
    keys: &[Key::required("file", Shape::Path, "A graph in the published JSON schema.")],
};

/// The keys of a teacher's table.
pub static TEACHER: Section = Section {
    title: "`teacher`",
    keys: &[
        Key::required(
            "weights",
            Shape::Path,
            "A safetensors file of the teacher's weights, by their state-dict names.",
        ),
        Key::optional(
            "architecture",
            Shape::Architecture,
            "The teacher's network; without it, the one of [model].",
        ),
    ],
};

const DECAY_NORM: Key = Key::with_default(
    "decay_norm",
    Shape::Bool,
    "true",
    "Whether normalisation weights and biases decay, too.",
);
const BETA: Shape = Shape::Float(Bounds::BELOW_ONE);

pub const OPTIMIZER_NAMES: &[&str] = &["sgd", "adamw"];

/// The optimizers by name, each with the keys of its table.
pub static OPTIMIZERS: &[(&str, &Section)] = &[("sgd", &SGD), ("adamw", &ADAMW)];

static SGD: Section = Section {
    title: "`optimizer` (sgd)",
    keys: &[
        optimizer_name(),
        learning_rate("0.1"),
        Key::with_default("momentum", BETA, "0.9", "What is kept of the last step."),
        weight_decay("2e-4"),
        Key::with_default("nesterov", Shape::Bool, "false", "Nesterov's momentum."),
        DECAY_NORM,
    ],
};

static ADAMW: Section = Section {
    title: "`optimizer` (adamw)",
    keys: &[
        optimizer_name(),
        learning_rate("1e-3"),
        Key::with_default(
            "betas",
            Shape::List { item: &BETA, min: 2, max: 2, unique: false },
            "[0.9, 0.999]",
            "What is kept of the running mean of gradients, and of their squares.",
        ),
        Key::with_default(
            "eps",
            Shape::Float(Bounds::POSITIVE),
            "1e-8",
            "Added to the denominator.",
        ),
        weight_decay("0.01"),
        DECAY_NORM,
    ],
};

const fn optimizer_name() -> Key {
    Key::with_default("name", Shape::Choice(OPTIMIZER_NAMES), "\"sgd\"", "Which optimizer.")
}

const fn learning_rate(default: &'static str) -> Key {
    let shape = Shape::Float(Bounds::POSITIVE);
    Key::with_default("lr", shape, default, "The learning rate, before the schedule.")
}

const fn weight_decay(default: &'static str) -> Key {
    let shape = Shape::Float(Bounds::AT_LEAST_ZERO);
    Key::with_default(
        "weight_decay",
        shape,
        default,
        "Of SGD inside the gradient, of AdamW outside.",
    )
}

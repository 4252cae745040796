//! Every key of the config, in the order of the documentation.

use jackpot_plugin_api::manifest::Kind;

use super::give_up;
use super::keys::{Bounds, Key, Section, Shape};
use super::report::REPORT;
use super::words;

const COUNT: Shape = Shape::Int { min: 1, max: i64::MAX };
const SEED: Shape = Shape::Int { min: 0, max: i64::MAX };
pub const NAME: Shape = Shape::Word(&words::NAME);
const POINT: Shape = Shape::Word(&words::POINT);
pub const LEVEL: Shape = Shape::Int { min: 0, max: 999 };

const fn plugin_or_none(kind: &'static Shape) -> Shape {
    Shape::Or("none", kind)
}

/// The sections, in the order of the file.
pub static SECTIONS: &[&Section] =
    &[&ROOT, &PLUGINS, &DATA, &MODEL, &TRAIN, &DRAW, &SPEND, &REPORT];

/// The keys outside of any section, and the sections.
pub static ROOT: Section = Section {
    title: "the top of the file",
    keys: &[
        Key::required("name", NAME, "Names the experiment and its run directory `runs/<name>`."),
        Key::optional("seed", SEED, "The only seed: short for `seeds = [N]`."),
        Key::with_default(
            "seeds",
            Shape::List { item: &SEED, min: 1, max: usize::MAX, unique: true },
            "[42]",
            "One independent repetition each; weights, data order and augmentation follow from it.",
        ),
        Key::with_default("device", Shape::Word(&words::DEVICE), "\"auto\"", "Where to compute."),
        Key::with_default(
            "precision",
            Shape::Choice(&["auto", "f32", "tf32", "bf16"]),
            "\"auto\"",
            "The number format of forward and backward pass; weights are always f32.",
        ),
        Key::with_default(
            "threads",
            Shape::Or("auto", &Shape::Int { min: 1, max: 4096 }),
            "\"auto\"",
            "CPU threads of a process; bits depend on it. `auto`: all cores, or its share.",
        ),
        Key::with_default(
            "deterministic",
            Shape::Or("auto", &Shape::Bool),
            "\"auto\"",
            "Only operators that give the same bits every time. `auto`: on the CPU.",
        ),
        Key::with_default(
            "cuda_graph",
            Shape::Or("auto", &Shape::Bool),
            "\"auto\"",
            "Training steps are captured as CUDA graphs. `auto`: on CUDA.",
        ),
        Key::with_default(
            "sparse",
            Shape::Choice(&["auto", "rule", "measured", "always", "never"]),
            "\"auto\"",
            "Which layers of pruned networks run on sparse kernels: on the CPU, in f32.",
        ),
        Key::with_default("plugins", Shape::Section(&PLUGINS), "{}", "Where plugins are found."),
        Key::required("data", Shape::Section(&DATA), "What is learned from."),
        Key::required("model", Shape::Section(&MODEL), "The network."),
        Key::required("train", Shape::Section(&TRAIN), "How a network is trained."),
        Key::required("draw", Shape::Sections(&DRAW, 1), "The ways to find tickets."),
        Key::with_default("spend", Shape::Sections(&SPEND, 0), "[]", "The recipes."),
        Key::with_default("report", Shape::Section(&REPORT), "{}", "How results are looked at."),
    ],
};

pub static PLUGINS: Section = Section {
    title: "[plugins]",
    keys: &[Key::with_default(
        "path",
        Shape::List { item: &Shape::Path, min: 0, max: usize::MAX, unique: true },
        "[]",
        "Folders that are searched for plugins, after `--plugin-dir`.",
    )],
};

pub static DATA: Section = Section {
    title: "[data]",
    keys: &[
        Key::required(
            "dataset",
            Shape::Choice(&[
                "cifar10",
                "cifar100",
                "tiny-imagenet",
                "mnist",
                "fashion-mnist",
                "image-folder",
                "tensors",
                "synthetic",
            ]),
            "Which dataset.",
        ),
        Key::optional(
            "root",
            Shape::Path,
            "The dataset's folder; of `tensors` the file; `synthetic` needs none.",
        ),
        Key::with_default(
            "image_size",
            Shape::Or("original", &Shape::Int { min: 1, max: 4096 }),
            "\"original\"",
            "Of `image-folder`: the shorter side is resized to N pixels, the middle N×N kept.",
        ),
        Key::with_default(
            "validation",
            Shape::Int { min: 0, max: i64::MAX },
            "0",
            "How many of the first training images are set aside for validation.",
        ),
        Key::with_default(
            "mean",
            Shape::Or(
                "auto",
                &Shape::List {
                    item: &Shape::Float(Bounds::ANY),
                    min: 1,
                    max: usize::MAX,
                    unique: false,
                },
            ),
            "\"auto\"",
            "Subtracted per channel, of values in [0, 1]. `auto`: the dataset's own.",
        ),
        Key::with_default(
            "std",
            Shape::Or(
                "auto",
                &Shape::List {
                    item: &Shape::Float(Bounds::POSITIVE),
                    min: 1,
                    max: usize::MAX,
                    unique: false,
                },
            ),
            "\"auto\"",
            "Divides per channel, after `mean`. `auto`: the dataset's own.",
        ),
        Key::with_default(
            "train_limit",
            Shape::Or("all", &COUNT),
            "\"all\"",
            "Use only the first N training images (after the validation split).",
        ),
        Key::with_default(
            "test_limit",
            Shape::Or("all", &COUNT),
            "\"all\"",
            "Use only the first N test images.",
        ),
    ],
};

const ARCHITECTURE: Key =
    Key::required("architecture", Shape::Architecture, "A plugin, or a file with a graph.");

pub static MODEL: Section = Section { title: "[model]", keys: &[ARCHITECTURE] };

const EPOCHS: Key = Key::required("epochs", COUNT, "Passes over the training images.");
const BATCH_SIZE: Key = Key::with_default("batch_size", COUNT, "128", "Images in a step.");
const OPTIMIZER: Key =
    Key::with_default("optimizer", Shape::Optimizer, "\"sgd\"", "What turns gradients into steps.");
const LR_SCHEDULE: Key = Key::with_default(
    "lr_schedule",
    plugin_or_none(&Shape::Plugin(Kind::LrSchedule)),
    "\"none\"",
    "The learning rate of every step. `none`: constant.",
);
const AUGMENTATION: Key = Key::with_default(
    "augmentation",
    plugin_or_none(&Shape::OneOrMany { item: &Shape::Plugin(Kind::Augmentation), unique: false }),
    "\"none\"",
    "Changes every training batch, in this order.",
);
const ACTIVATION: Key = Key::with_default(
    "activation",
    plugin_or_none(&Shape::Plugin(Kind::Activation)),
    "\"none\"",
    "The function at every activation site. `none`: the graph's own.",
);
const SKIP: Key = Key::with_default(
    "skip",
    plugin_or_none(&Shape::Plugin(Kind::Skip)),
    "\"none\"",
    "Edges added to the graph.",
);
const INIT: Key = Key::with_default(
    "init",
    plugin_or_none(&Shape::Plugin(Kind::Init)),
    "\"none\"",
    "Sets the weights before a training. `none`: the graph's own, then the ticket's.",
);
const LOSS: Key = Key::with_default(
    "loss",
    plugin_or_none(&Shape::Plugin(Kind::Loss)),
    "\"none\"",
    "What is minimised. `none`: cross-entropy.",
);
const UPDATE: Key = Key::with_default(
    "update",
    plugin_or_none(&Shape::Plugin(Kind::Update)),
    "\"none\"",
    "Moves the masks during the training. `none`: they stay.",
);

const TEACHER: Key = Key::with_default(
    "teacher",
    Shape::Or("none", &Shape::Teacher),
    "\"none\"",
    "A trained network whose outputs the loss sees: `dense`, or a table with a file.",
);

const GIVE_UP: Key = Key::with_default(
    "give_up",
    Shape::Or("none", &give_up::TABLE),
    "\"none\"",
    "Ends a training that has not come far by then. `none`: it goes on to its end.",
);

pub static TRAIN: Section = Section {
    title: "[train]",
    keys: &[
        EPOCHS,
        BATCH_SIZE,
        OPTIMIZER,
        LR_SCHEDULE,
        AUGMENTATION,
        ACTIVATION,
        SKIP,
        INIT,
        LOSS,
        TEACHER,
        UPDATE,
        GIVE_UP,
    ],
};

pub static DRAW: Section = Section {
    title: "[[draw]]",
    keys: &[
        Key::with_default("name", NAME, "\"imp\"", "Names the draw; no two have the same."),
        Key::with_default(
            "score",
            Shape::Plugin(Kind::Score),
            "\"magnitude\"",
            "Which weights a pruning keeps.",
        ),
        Key::optional(
            "levels",
            LEVEL,
            "How many prunings; level 0 is dense. Either this or `keep`.",
        ),
        Key::with_default(
            "fraction",
            Shape::Float(Bounds::PROPER_FRACTION),
            "0.2",
            "Of the remaining weights, how many each level prunes. With `levels` only.",
        ),
        Key::optional(
            "keep",
            Shape::List {
                item: &Shape::Float(Bounds::PROPER_FRACTION),
                min: 1,
                max: usize::MAX,
                unique: false,
            },
            "Of all prunable weights, how many levels 1, 2, … keep; falling.",
        ),
        Key::with_default(
            "rewind",
            Shape::OneOrMany { item: &POINT, unique: true },
            "\"init\"",
            "The point of the dense training that tickets start from; a list makes a draw of each.",
        ),
        Key::with_default(
            "prunable",
            Shape::OneOrMany { item: &Shape::Word(&words::PATTERN), unique: false },
            "[\"conv\"]",
            "`conv`, `linear`, or globs of parameter names; `!` excludes.",
        ),
        Key::with_default(
            "schedule",
            Shape::Choice(&["iterative", "one-shot"]),
            "\"iterative\"",
            "Each level is pruned from the one before, or every level from the dense network.",
        ),
        Key::with_default(
            "prune_at",
            Shape::Choice(&["trained", "init"]),
            "\"trained\"",
            "The score sees trained weights, or those before any training.",
        ),
        Key::with_default(
            "from",
            Shape::Section(&FROM),
            "{}",
            "Weights or masks in files, instead of drawing them.",
        ),
    ],
};

/// What a draw takes from files.
pub static FROM: Section = Section {
    title: "`from`",
    keys: &[
        Key::optional(
            "weights",
            Shape::Path,
            "A safetensors file of the weights to begin with, by their state-dict names.",
        ),
        Key::optional(
            "mask",
            Shape::OneOrMany { item: &Shape::Path, unique: true },
            "A safetensors file of masks for each level from 1; nothing is then drawn.",
        ),
    ],
};

pub static SPEND: Section = Section {
    title: "[[spend]]",
    keys: &[
        Key::required("recipe", NAME, "Names the recipe; no two have the same."),
        Key::with_default(
            "draw",
            Shape::Or("all", &Shape::OneOrMany { item: &NAME, unique: true }),
            "\"all\"",
            "The draws whose tickets it spends.",
        ),
        Key::with_default(
            "levels",
            Shape::Or("all", &Shape::List { item: &LEVEL, min: 1, max: usize::MAX, unique: true }),
            "\"all\"",
            "The levels that it spends; level 0 is the dense network under this recipe.",
        ),
        Key::with_default(
            "mask",
            Shape::Choice(&["own", "shuffled-layerwise", "shuffled-global"]),
            "\"own\"",
            "The ticket's own mask, or a shuffled one: the control that shows whether it matters.",
        ),
        Key::with_default(
            "start",
            Shape::Choice(&["rewind", "trained", "reinit"]),
            "\"rewind\"",
            "The ticket's weights, those that were pruned (fine-tuning), or fresh ones (a control).",
        ),
        Key::optional(
            "trial_of",
            NAME,
            "Makes it a trial: the one that is best on validation is reported under this name.",
        ),
        Key::optional(
            "sweep",
            Shape::Params,
            "Makes a trial of every combination of values, as `{ \"optimizer.lr\" = [0.05, 0.1] }`.",
        ),
        Key::with_default(
            "ticket_seed",
            Shape::Or("own", &SEED),
            "\"own\"",
            "Every seed spends the ticket drawn with this seed. `own`: each its own.",
        ),
        ARCHITECTURE.inherited(),
        EPOCHS.inherited(),
        BATCH_SIZE.inherited(),
        OPTIMIZER.inherited(),
        LR_SCHEDULE.inherited(),
        AUGMENTATION.inherited(),
        ACTIVATION.inherited(),
        SKIP.inherited(),
        INIT.inherited(),
        LOSS.inherited(),
        TEACHER.inherited(),
        UPDATE.inherited(),
        GIVE_UP.inherited(),
    ],
};

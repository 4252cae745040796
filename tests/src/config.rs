//! A config whose whole run takes about a second, and changes of it.

use std::fmt::Write;

/// An experiment: the smallest network of the family on a few 8 × 8 images.
///
/// The sections are texts, so that a test shows the TOML that it is about.
#[derive(Debug, Clone)]
pub struct Config {
    /// Lines before the first section, after `name`.
    pub top: String,
    /// `[data]`.
    pub data: String,
    /// `[model]`.
    pub model: String,
    /// `[train]`.
    pub train: String,
    /// One text per `[[draw]]`.
    pub draws: Vec<String>,
    /// One text per `[[spend]]`.
    pub spends: Vec<String>,
}

impl Default for Config {
    /// One seed, two epochs of three steps, a draw of two levels, no recipe. The data are those of
    /// [`crate::data::tensors`] in `data.safetensors`.
    fn default() -> Self {
        Self {
            top: "seed = 1\ndevice = \"cpu\"\nthreads = 1".to_owned(),
            data: "dataset = \"tensors\"\nroot = \"data.safetensors\"\nvalidation = 16".to_owned(),
            model: "architecture = { plugin = \"resnet8\", params = { width = 4 } }".to_owned(),
            train: "epochs = 2\nbatch_size = 16".to_owned(),
            draws: vec!["levels = 2".to_owned()],
            spends: Vec::new(),
        }
    }
}

impl Config {
    /// With one more line in `[train]`.
    pub fn train(mut self, line: &str) -> Self {
        self.train = format!("{}\n{line}", self.train);
        self
    }

    /// With another only `[[draw]]`.
    pub fn draw(mut self, text: &str) -> Self {
        self.draws = vec![text.to_owned()];
        self
    }

    /// With one more `[[spend]]` of that name and these lines.
    pub fn spend(mut self, recipe: &str, lines: &str) -> Self {
        self.spends.push(format!("recipe = \"{recipe}\"\n{lines}"));
        self
    }

    /// With other lines before the first section.
    pub fn top(mut self, text: &str) -> Self {
        self.top = format!("{text}\ndevice = \"cpu\"\nthreads = 1");
        self
    }

    /// With another `[data]`.
    pub fn data(mut self, text: &str) -> Self {
        self.data = text.to_owned();
        self
    }

    /// With another `[model]`.
    pub fn model(mut self, text: &str) -> Self {
        self.model = text.to_owned();
        self
    }

    /// The TOML.
    pub fn text(&self) -> String {
        let Self { top, data, model, train, draws, spends } = self;
        let mut text = format!(
            "name = \"tiny\"\n{top}\n\n[data]\n{data}\n\n[model]\n{model}\n\n[train]\n{train}\n"
        );
        for (section, bodies) in [("draw", draws), ("spend", spends)] {
            for body in bodies {
                write!(text, "\n[[{section}]]\n{}\n", body.trim_end()).unwrap();
            }
        }
        text
    }
}

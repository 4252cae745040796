//! The stored values.

use std::fs;
use std::path::{Path, PathBuf};

use jackpot::model::state::{self, State};
use serde_json::Value;
use tch::{Kind, Tensor};

/// One case of `data/index.json` with its tensors.
pub struct Case {
    /// What the index says of it.
    pub about: Value,
    tensors: State,
}

/// The case of that name in `index.json`.
#[track_caller]
pub fn case(name: &str) -> Case {
    case_of("index.json", name)
}

/// The case of that name in a topic's own index.
#[track_caller]
pub fn case_of(index: &str, name: &str) -> Case {
    let folder = folder();
    let index = fs::read_to_string(folder.join(index)).unwrap();
    let mut index: Value = serde_json::from_str(&index).unwrap();
    let about = index["cases"][name].take();
    let file = about["file"].as_str().unwrap_or_else(|| panic!("there is no case {name}"));
    let tensors = state::read(&folder.join(file)).unwrap();
    Case { about, tensors }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/data")
}

impl Case {
    /// Whether it has that tensor.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// A stored tensor, f64.
    #[track_caller]
    pub fn tensor(&self, name: &str) -> Tensor {
        let found = self.tensors.get(name);
        found.unwrap_or_else(|| panic!("there is no tensor {name}")).to_kind(Kind::Double)
    }

    /// A stored tensor's numbers.
    #[track_caller]
    pub fn values(&self, name: &str) -> Vec<f64> {
        numbers(&self.tensor(name))
    }

    /// A matrix by its rows.
    #[track_caller]
    pub fn rows(&self, name: &str) -> Vec<Vec<f64>> {
        let tensor = self.tensor(name);
        (0..tensor.size()[0]).map(|row| numbers(&tensor.get(row))).collect()
    }

    /// A text of the index.
    #[track_caller]
    pub fn text(&self, key: &str) -> &str {
        self.about[key].as_str().unwrap()
    }

    /// A number of the index.
    #[track_caller]
    pub fn number(&self, key: &str) -> f64 {
        self.about[key].as_f64().unwrap()
    }
}

/// A tensor's numbers in row-major order.
pub fn numbers(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.detach().to_kind(Kind::Double).contiguous().view(-1)).unwrap()
}

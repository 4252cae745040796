//! The tensors that an item declares, as its manual shows them.

use jackpot_plugin_api::ctx::Site;
use jackpot_plugin_api::declared::DeclaredTensor;
use jackpot_plugin_api::manifest::Kind;
use serde_json::Map;

use super::snippet::example_params;
use crate::plugin::kinds::declared;
use crate::plugin::{Found, Registry};

/// Where the item is asked, and what it declares there.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    pub site: Site,
    pub tensors: Vec<DeclaredTensor>,
}

/// What an item declares with its defaults (and examples of what is required); `None` where that
/// is nothing, or where it says so only with other parameters. Shapes at a place with 16 channels
/// stand for those at any.
pub fn declared_by(registry: &Registry, found: &Found, reference: &str) -> Option<Declared> {
    let manifest = found.manifest();
    let kind = Kind::from_name(&manifest.kind)?;
    let site = match kind {
        Kind::Activation => Site { name: "relu1".to_owned(), shape: vec![16, 8, 8] },
        Kind::Loss => Site { name: "loss".to_owned(), shape: Vec::new() },
        Kind::Augmentation => Site { name: "augmentation0".to_owned(), shape: Vec::new() },
        // Other kinds may not declare any.
        _ => return None,
    };
    let params: Map<_, _> = example_params(manifest).into_iter().collect();
    let item = registry.create(kind, reference, &params).ok()?;
    let tensors = declared(&item, &site, 0).ok()?;
    (!tensors.is_empty()).then_some(Declared { site, tensors })
}

impl Declared {
    /// `tensors, here at a site of shape [16, 8, 8]`.
    pub fn heading(&self) -> String {
        match self.site.shape.as_slice() {
            [] => "tensors (kept by the host)".to_owned(),
            shape => format!("tensors (kept by the host, here at a site of shape {shape:?})"),
        }
    }

    /// `slope   [16], begins with 0.25; trained, without weight decay`, in rows.
    pub fn rows(&self) -> Vec<[String; 2]> {
        let row = |one: &DeclaredTensor| {
            let trained = match (one.trainable, one.decay) {
                (false, _) => "not trained",
                (true, true) => "trained, with weight decay",
                (true, false) => "trained, without weight decay",
            };
            let shape = match one.shape.as_slice() {
                [] => "one number".to_owned(),
                shape => format!("{shape:?}"),
            };
            [one.name.clone(), format!("{shape}, begins with {}; {trained}", one.value)]
        };
        self.tensors.iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_tensor() {
        let site = Site { name: "relu1".to_owned(), shape: vec![16, 8, 8] };
        let tensors = vec![
            DeclaredTensor::trainable("slope", &[16], 0.25),
            DeclaredTensor::constant("shift", &[], 0.0),
        ];
        let declared = Declared { site, tensors };
        assert!(declared.heading().ends_with("here at a site of shape [16, 8, 8])"));
        let rows: Vec<_> = declared.rows().iter().map(|row| row.join(" ")).collect();
        assert_eq!(
            rows,
            [
                "slope [16], begins with 0.25; trained, without weight decay",
                "shift one number, begins with 0; not trained"
            ]
        );
    }
}

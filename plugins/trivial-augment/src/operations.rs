//! The operations by name.

use jackpot_plugin_api::json::Value;
use jackpot_plugin_api::manifest::ParamType;
use jackpot_plugin_api::params::ParamValue;

macro_rules! operations {
    ($($operation:ident = $name:literal),* $(,)?) => {
        /// What may happen to an image.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Operation { $($operation),* }

        /// Their names in configs.
        pub const NAMES: [&str; 14] = [$($name),*];

        const ALL: [Operation; 14] = [$(Operation::$operation),*];
    };
}

operations! {
    Identity = "identity",
    ShearX = "shear-x",
    ShearY = "shear-y",
    TranslateX = "translate-x",
    TranslateY = "translate-y",
    Rotate = "rotate",
    Brightness = "brightness",
    Color = "color",
    Contrast = "contrast",
    Sharpness = "sharpness",
    Posterize = "posterize",
    Solarize = "solarize",
    Autocontrast = "autocontrast",
    Equalize = "equalize",
}

/// Different operations to choose from, at least one.
#[derive(Debug, PartialEq, Eq)]
pub struct Operations(Vec<Operation>);

impl Operations {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Its number in the list.
    pub fn place(&self, operation: Operation) -> Option<usize> {
        self.0.iter().position(|&one| one == operation)
    }

    /// Whether one of them is in the list.
    pub fn any(&self, operations: &[Operation]) -> bool {
        operations.iter().any(|&one| self.place(one).is_some())
    }
}

impl ParamValue for Operations {
    const TYPE: ParamType = ParamType::StringList;

    fn read(value: &Value) -> Result<Self, String> {
        let mut found = Vec::new();
        for name in Vec::<String>::read(value)? {
            let place = NAMES.iter().position(|&known| known == name);
            let operation =
                ALL[place.ok_or_else(|| format!("there is no operation \"{name}\""))?];
            if found.contains(&operation) {
                return Err(format!("\"{name}\" stands there twice"));
            }
            found.push(operation);
        }
        match found.is_empty() {
            true => Err("the list needs at least one operation".to_owned()),
            false => Ok(Self(found)),
        }
    }
}

#[cfg(test)]
mod tests {
    use jackpot_plugin_api::json::json;

    use super::*;

    #[test]
    fn a_list_is_read_in_its_order() {
        let operations = Operations::read(&json!(["rotate", "identity"])).unwrap();
        assert_eq!(operations.len(), 2);
        assert_eq!(operations.place(Operation::Rotate), Some(0));
        assert_eq!(operations.place(Operation::Identity), Some(1));
        assert_eq!(operations.place(Operation::Equalize), None);
        assert!(operations.any(&[Operation::Equalize, Operation::Rotate]));
        assert!(!operations.any(&[Operation::Equalize]));
        let all = Operations::read(&json!(NAMES)).unwrap();
        assert_eq!(ALL.map(|one| all.place(one)), std::array::from_fn(Some));
    }

    #[test]
    fn wrong_lists_are_refused() {
        let message = |value| Operations::read(&value).unwrap_err();
        assert_eq!(message(json!([])), "the list needs at least one operation");
        assert_eq!(message(json!(["rotate", "rotate"])), "\"rotate\" stands there twice");
        assert_eq!(message(json!(["turn"])), "there is no operation \"turn\"");
        assert!(message(json!("rotate")).contains("is not"), "{}", message(json!("rotate")));
    }
}

//! Whatever the text is, the config answers with a value or with errors that can be drawn.

use proptest::prelude::*;

use super::*;

const TEXT: &str = r#"name = "käse"
seeds = [1, 2]
[data]
dataset = "cifar10"
root = 'x' # 東京
[model]
architecture = { plugin = "resnet", params = { width = 8 } }
[train]
epochs = 10
optimizer = { name = "adamw", betas = [0.9, 0.99] }
augmentation = ["crop-flip", { plugin = "noise" }]
[[draw]]
levels = 3
rewind = ["init", "2ep"]
[[spend]]
recipe = "a"
levels = [0, 3]
"#;

fn answer(text: &str, overrides: &Overrides) {
    if let Err(errors) = read_with(text, overrides) {
        assert!(!errors.errors().is_empty());
        assert!(!render(&errors, false, 80).is_empty());
        assert!(!render(&errors, true, 10).is_empty());
        assert!(!errors.to_string().is_empty());
    }
}

proptest! {
    #[test]
    fn spoilt_text(
        at in 0..TEXT.chars().count(),
        gone in 0..30usize,
        new in prop_oneof![
            "[\\[\\]{}=.,\"'#\n a-z0-9-]{0,8}",
            ".{0,4}",
            Just("[[x]]\n".to_owned()),
            Just("\"\"\"".to_owned()),
        ],
    ) {
        let head: String = TEXT.chars().take(at).collect();
        let tail: String = TEXT.chars().skip(at + gone).collect();
        answer(&format!("{head}{new}{tail}"), &Overrides::default());
    }

    #[test]
    fn any_text(text in any::<String>()) {
        answer(&text, &Overrides::default());
    }

    #[test]
    fn any_set(
        key in "(train|draw|spend|seeds|name|data)(\\.[a-z0-9]{1,7}|\\.imp|\\.a){0,3}",
        value in prop_oneof![any::<String>(), "[\\[{\"]?[a-z0-9.=]{0,5}[\\]}\"]?"],
        whole in any::<String>(),
    ) {
        answer(TEXT, &set(&[&format!("{key}={value}")]));
        answer(TEXT, &set(&[&whole]));
    }
}

//! What a new crate begins with. The sources in `template/` are whole: the words that begin with
//! `template-` and `Template` stand for the author's own.

use std::path::Path;

use jackpot_plugin_api::manifest::Kind;

use super::api::Api;
use crate::cli::args::NewName;

/// The files of a crate: path and text. Its tests use that program.
pub fn files(name: &NewName, kind: Kind, api: &Api, program: &Path) -> Vec<(String, String)> {
    let texts = [
        ("Cargo.toml", include_str!("template/Cargo.toml.txt")),
        ("README.md", include_str!("template/README.md.txt")),
        ("experiment.toml", include_str!("template/experiment.toml.txt")),
        ("src/lib.rs", source(kind)),
        (".cargo/config.toml", include_str!("template/cargo-config.toml.txt")),
        (".gitignore", "/target\n/.cargo\n"),
    ];
    let program = toml::Value::String(program.display().to_string()).to_string();
    let filled = |text: &str| {
        text.replace("template-api", &api.dependency(&[]))
            .replace("template-testing", &api.dependency(&["testing"]))
            .replace("template-program", &program)
            .replace("template-body", body(kind).trim_end())
            .replace("template-snippet", &snippet(kind))
            .replace("template-kind", kind.as_str())
            .replace("template_item", &name.library())
            .replace("template-item", name.as_str())
            .replace("TemplateItem", &name.type_name())
    };
    texts.map(|(path, text)| (path.to_owned(), filled(text))).into()
}

/// An item of that kind, with a comment for each decision and a test.
fn source(kind: Kind) -> &'static str {
    match kind {
        Kind::Architecture => include_str!("template/architecture.rs"),
        Kind::Activation => include_str!("template/activation.rs"),
        Kind::Skip => include_str!("template/skip.rs"),
        Kind::Init => include_str!("template/init.rs"),
        Kind::Augmentation => include_str!("template/augmentation.rs"),
        Kind::LrSchedule => include_str!("template/lr-schedule.rs"),
        Kind::Loss => include_str!("template/loss.rs"),
        Kind::Score => include_str!("template/score.rs"),
        Kind::Update => include_str!("template/update.rs"),
        #[cfg(feature = "next")]
        Kind::Next => "",
    }
}

/// The key and value that name the item, with a parameter where one teaches something.
fn setting(kind: Kind) -> &'static str {
    match kind {
        Kind::Architecture => {
            "architecture = { plugin = \"template-item\", params = { width = 8 } }"
        }
        Kind::Activation => "activation = { plugin = \"template-item\", params = { beta = 1.5 } }",
        Kind::Skip => "skip = { plugin = \"template-item\", params = { fade = \"2ep\" } }",
        Kind::Init => "init = { plugin = \"template-item\", params = { factor = 1.2 } }",
        Kind::Augmentation => {
            "augmentation = [{ plugin = \"template-item\", params = { share = 0.5 } }]"
        }
        Kind::LrSchedule => {
            "lr_schedule = { plugin = \"template-item\", params = { gamma = 0.8 } }"
        }
        Kind::Loss => "loss = { plugin = \"template-item\", params = { temperature = 1.5 } }",
        Kind::Score => "score = { plugin = \"template-item\", params = { power = 1.0 } }",
        Kind::Update => "update = { plugin = \"template-item\", params = { share = 0.1 } }",
        #[cfg(feature = "next")]
        Kind::Next => "",
    }
}

/// A section that can be pasted into a config.
fn snippet(kind: Kind) -> String {
    let setting = setting(kind);
    match kind {
        Kind::Architecture => format!("[model]\n{setting}"),
        Kind::Score => format!("[[draw]]\nname = \"template-item\"\n{setting}\nlevels = 1"),
        _ => format!("[[spend]]\nrecipe = \"template-item\"\n{setting}"),
    }
}

/// An experiment that uses it, beside what it is compared with.
fn body(kind: Kind) -> String {
    let model = match kind {
        Kind::Architecture => snippet(kind),
        _ => "[model]\narchitecture = { plugin = \"resnet8\", params = { width = 4 } }".to_owned(),
    };
    let own = match kind {
        Kind::Architecture => String::new(),
        _ => snippet(kind),
    };
    let mut text =
        format!("{model}\n\n[train]\nepochs = 3\nbatch_size = 64\n\n[[draw]]\nlevels = 1\n");
    if kind == Kind::Score {
        text += &format!("\n{own}\n");
    }
    text += "\n[[spend]]\nrecipe = \"vanilla\"\n";
    if kind != Kind::Score && !own.is_empty() {
        text += &format!("\n{own}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Overrides, load};

    fn made(kind: Kind) -> Vec<(String, String)> {
        let program = Path::new("/opt/my \"own\"/jackpot");
        files(&"my-tweak".parse().unwrap(), kind, &Api::Version("0.1.0"), program)
    }

    #[test]
    fn nothing_of_the_template_is_left() {
        for (path, text) in Kind::ALL.into_iter().flat_map(made) {
            assert!(!text.to_lowercase().contains("template"), "{path}\n{text}");
        }
    }

    #[test]
    fn every_kind_exports_its_item_and_its_config_is_right() {
        for kind in Kind::ALL {
            let files = made(kind);
            let text = |wanted: &str| &files.iter().find(|(path, _)| path == wanted).unwrap().1;
            assert!(text("src/lib.rs").contains("const NAME: &str = \"my-tweak\";"), "{kind}");
            assert!(
                text("README.md").contains(&snippet(kind).replace("template-item", "my-tweak"))
            );
            let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
            assert_eq!(manifest["package"]["name"].as_str(), Some("my-tweak"));
            let tested = &manifest["dev-dependencies"]["jackpot-plugin-api"];
            assert_eq!(tested["features"].as_array().unwrap()[0].as_str(), Some("testing"));
            let cargo: toml::Table = text(".cargo/config.toml").parse().unwrap();
            assert_eq!(cargo["env"]["JACKPOT"].as_str(), Some("/opt/my \"own\"/jackpot"));
            let config = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(config.path(), text("experiment.toml")).unwrap();
            load(config.path(), &Overrides::default()).unwrap();
            assert!(text("experiment.toml").contains("plugin = \"my-tweak\""), "{kind}");
        }
    }
}

//! What the command line changes.

use super::*;

fn read_set(text: &str, values: &[&str]) -> Config {
    match read_with(text, &set(values)) {
        Ok(config) => config,
        Err(errors) => panic!("{}", render(&errors, false, 100)),
    }
}

#[test]
fn set_replaces_and_adds() {
    let text = plus("[[spend]]\nrecipe = \"a\"\n[[spend]]\nrecipe = \"b\"");
    let config = read_set(
        &text,
        &[
            "train.epochs=3",
            "train . batch_size = 64",
            "data.train_limit = 100",
            "draw.imp.levels=2",
            "spend.b.epochs=7",
            "spend.0.levels=[1]",
            "train.loss.plugin=\"label-smoothing\"",
            "train.loss.params.alpha=0.3",
        ],
    );
    assert_eq!((config.train.epochs, config.train.batch_size), (3, 64));
    assert_eq!(config.data.train_limit, Some(100));
    assert_eq!(config.draws[0].levels.last(), 2);
    let spends: Vec<_> = config.spends.iter().map(|s| (s.train.epochs, s.levels.clone())).collect();
    assert_eq!(spends, [(3, Some(vec![1])), (7, None)]);
    assert_eq!(config.train.loss.unwrap().params["alpha"], 0.3);
}

#[test]
fn set_reaches_into_shorthands() {
    let config = read_set(
        &with("epochs = 10", "epochs = 10\noptimizer = \"adamw\""),
        &["model.architecture.params.width=8", "train.optimizer.lr=0.5"],
    );
    assert_eq!(config.train.optimizer.lr(), 0.5);
    assert!(matches!(config.train.optimizer, Optimizer::Adamw { .. }));
    let Architecture::Plugin(item) = config.model.architecture else { panic!("a plugin") };
    assert_eq!(item.params["width"], 8);
    assert_eq!(read_set(MINIMAL, &["train.optimizer.lr=0.5"]).train.optimizer.lr(), 0.5);
}

#[test]
fn the_last_set_wins() {
    assert_eq!(read_set(MINIMAL, &["train.epochs=3", "train.epochs=4"]).train.epochs, 4);
}

#[test]
fn a_key_of_the_command_line_replaces_its_alternative_in_the_file() {
    let text = with("name =", "seeds = [1, 2]\nname =");
    assert_eq!(read_set(&text, &["seed=7"]).seeds, [7]);
    let config = read_set(MINIMAL, &["draw.imp.keep=[0.5, 0.1]"]);
    assert_eq!(config.draws[0].levels, Levels::Keep(vec![0.5, 0.1]));
}

#[test]
fn seed_and_device_have_options_of_their_own() {
    let overrides = Overrides {
        seeds: Some(vec![5, 6]),
        device: Some("cuda:1".to_owned()),
        ..Overrides::default()
    };
    let text = with("name =", "seed = 1\ndevice = \"cpu\"\nname =");
    let config = read_with(&text, &overrides).unwrap();
    assert_eq!((config.seeds, config.device), (vec![5, 6], DeviceChoice::Cuda(1)));
}

#[test]
fn mistakes_are_shown_in_the_words_of_the_command_line() {
    let text = plus("[[spend]]\nrecipe = \"wide\"");
    let mut shown = String::new();
    for value in [
        "train.epochs=0",
        "trian.epochs=3",
        "train.epoch=3",
        "name=foo",
        "train.epochs",
        "=3",
        "",
        "[train]\nepochs=3",
        "a=1\nb=2",
        "name.first=\"a\"",
        "spend.wild.epochs=3",
        "spend.1.epochs=3",
        "draw.imp=3",
        "seeds.0.x=1",
        "train.activation=\"relu6\"",
        "train.activation.params.beta=1",
    ] {
        shown.push_str(&format!("### --set {value:?}\n{}\n", refused(&text, &set(&[value]))));
    }
    let overrides = Overrides {
        seeds: Some(vec![1, 2, 1, u64::MAX]),
        device: Some("gpu".to_owned()),
        ..Overrides::default()
    };
    shown.push_str(&format!("### --seed and --device\n{}\n", refused(&text, &overrides)));
    insta::assert_snapshot!(shown);
}

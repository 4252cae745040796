//! Config files that cannot be read, and where their relative paths lead.

use std::fs;

use super::*;

fn load_error(path: &Path) -> String {
    match load(path, &Overrides::default()) {
        Ok(_) => panic!("loaded {}", path.display()),
        Err(errors) => render(&errors, false, 400),
    }
}

#[test]
fn a_missing_file_names_the_nearest() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("quickstart.toml"), MINIMAL).unwrap();
    fs::write(dir.path().join("notes.txt"), "").unwrap();
    let error = load_error(&dir.path().join("quikstart.toml"));
    let near = dir.path().join("quickstart.toml");
    assert!(error.contains(&format!("did you mean `{}`?", near.display())), "{error}");
    let error = load_error(&dir.path().join("x.toml"));
    assert!(error.contains("holds: quickstart.toml"), "{error}");
}

#[test]
fn a_missing_folder_and_a_folder_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let error = load_error(&dir.path().join("no/x.toml"));
    assert!(
        error.contains("there is no file") && error.contains("nor is there a folder"),
        "{error}"
    );
    assert!(load_error(dir.path()).contains("is a folder, not a config file"));
    assert!(load_error(&dir.path().join("x.toml")).contains("holds no .toml file"));
}

#[test]
fn bytes_that_are_no_text_are_shown() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.toml");
    fs::write(&path, b"name = \"a\"\ndevice = \"\xff\"\n").unwrap();
    let errors = load(&path, &Overrides::default()).expect_err("no UTF-8");
    let error = &errors.errors()[0];
    assert_eq!(error.message(), "this file is not UTF-8 text");
    assert_eq!(error.place().map(|(_, line, column)| (line, column)), Some((2, 11)));
    assert!(render(&errors, false, 80).contains("device = "));
}

#[test]
fn a_byte_order_mark_does_not_shift_the_caret() {
    let text = format!("\u{feff}{}", with("epochs = 10", "epochs = 0"));
    let errors = read_with(&text, &Overrides::default()).expect_err("epochs = 0");
    assert_eq!(errors.errors()[0].place(), Some(("exp.toml", 10, 10)));
    let text = format!("\u{feff}{}", with("name =", "nam ="));
    assert!(refused(&text, &Overrides::default()).contains("nam = \"test\""));
}

#[test]
fn windows_line_ends_are_fine() {
    assert_eq!(read(&MINIMAL.replace('\n', "\r\n")), read(MINIMAL));
}

#[test]
fn paths_start_at_the_config_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.toml");
    let text = plus("[plugins]\npath = [\"./plugins\", \"/abs/\"]")
        .replace("\"synthetic\"", "\"tensors\"\nroot = \"../data/./t.safetensors\"")
        .replace("\"resnet\"", "{ file = \"net.json\" }")
        .replace("epochs = 10", "epochs = 10\nactivation = \"own/libgelu.so:gelu\"");
    fs::write(&path, text).unwrap();
    let loaded = load(&path, &Overrides::default()).unwrap();
    assert_eq!(loaded.plugin_path(), [dir.path().join("plugins"), "/abs".into()]);
    assert_eq!(loaded.plugin_files(), [dir.path().join("own/libgelu.so")]);
    assert_eq!(loaded.name(), "test");

    let file = format!("{}:gelu", dir.path().join("own/libgelu.so").display());
    let mut known = known();
    known.extend([item("activation", &file, vec![])]);
    let config = check_plugins(&loaded, &known).unwrap();
    assert_eq!(config.data.root, Some(dir.path().join("../data/t.safetensors")));
    let file = dir.path().join("net.json");
    assert_eq!(config.model.architecture, Architecture::File { file });
}

#[test]
fn plugin_dirs_of_the_command_line_come_first_and_start_at_the_current_folder() {
    let text = plus("[plugins]\npath = [\"a\", \"b\"]");
    let plugin_dirs = vec!["/x".into(), "here".into(), "/exp/b".into()];
    let overrides = Overrides { plugin_dirs, ..Overrides::default() };
    let loaded = parse("exp.toml", &text, Path::new("/exp"), &overrides).unwrap();
    let here = std::env::current_dir().unwrap().join("here");
    let wanted = [Path::new("/x"), &here, Path::new("/exp/b"), Path::new("/exp/a")];
    assert_eq!(loaded.plugin_path(), wanted);
}

#[test]
fn the_plugins_in_use_are_listed_before_they_are_loaded() {
    let text = plus("[[spend]]\nrecipe = \"a\"\nactivation = \"mish\"");
    let loaded = parse("exp.toml", &text, Path::new("/exp"), &Overrides::default()).unwrap();
    let names: Vec<_> =
        loaded.plugins().iter().map(|(kind, name)| format!("{kind} {name}")).collect();
    assert_eq!(names, ["architecture resnet", "score magnitude", "activation mish"]);
}

//! `jackpot data check`.

use std::path::Path;

use super::describe::description;
use crate::cli::args::Dataset;
use crate::cli::failure::Failure;
use crate::cli::progress::Stages;
use crate::cli::terminal::Terminal;
use crate::cli::words;
use crate::config::{DataConfig, DatasetChoice};
use crate::data::fetch::{self, Published};
use crate::data::{self, recognise};

/// Reads a dataset and prints what it is.
pub fn check(
    path: Option<&Path>,
    dataset: Option<Dataset>,
    image_size: Option<u16>,
    classes: bool,
    terminal: &Terminal,
) -> Result<(), Failure> {
    if let (None, Some(path)) = (dataset, path)
        && is_archive(path)
    {
        let busy = terminal.busy("reading the archive");
        let text = archive(path)?;
        drop(busy);
        return terminal.print(&text);
    }
    let dataset = match (dataset, path) {
        (Some(dataset), _) => DatasetChoice::from(dataset),
        (None, Some(path)) => guess(path)?,
        (None, None) => return Err(Failure::usage("name a folder or file, or --dataset")),
    };
    if image_size.is_some() && dataset != DatasetChoice::ImageFolder {
        return Err(Failure::usage("--image-size is for the dataset image-folder alone"));
    }
    let config = DataConfig {
        image_size: image_size.map(usize::from),
        ..DataConfig::whole(dataset, path.map(Path::to_owned))
    };
    let watch = Stages::new(terminal);
    let busy = terminal.busy("reading the data");
    let data = data::load(&config, &watch)?;
    let origin = match path {
        Some(path) => data::origin(dataset, path, [data.train.len(), data.test.len()])?,
        None => None,
    };
    let text = description(&data, origin.as_deref(), classes)?;
    drop(busy);
    terminal.print(&text)
}

/// Which dataset lies at `path`, by the names of its files.
fn guess(path: &Path) -> Result<DatasetChoice, Failure> {
    let shown = path.display();
    if path.is_file() {
        return Ok(DatasetChoice::Tensors);
    }
    if !path.exists() {
        return Err(Failure::other(format!("{shown} does not exist")));
    }
    let found = recognise(path);
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Failure::usage(format!(
            "{shown} has the files of no dataset that is known; say which it should be with \
             --dataset, and see `jackpot data list`"
        ))),
        [first, ..] => {
            let name = |choice: &DatasetChoice| match serde_json::to_value(choice) {
                Ok(serde_json::Value::String(name)) => name,
                _ => format!("{choice:?}"),
            };
            let names: Vec<String> = found.iter().map(name).collect();
            Err(Failure::usage(format!(
                "{shown} has the files of {}; say which with --dataset {}",
                names.join(" and "),
                name(first)
            )))
        }
    }
}

fn is_archive(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    path.is_file() && [".zip", ".gz", ".tgz", ".tar"].iter().any(|ending| name.ends_with(ending))
}

/// Whether an archive is a published one, by its checksum.
fn archive(path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let found = fetch::md5(path)
        .map_err(|error| Failure::other(format!("{shown} cannot be read: {error}")))?;
    if let Some((dataset, file)) = Published::by_md5(&found) {
        let rows = [
            ["file", &*shown.to_string()],
            ["md5", &found],
            ["published", &format!("yes: {} of {}", file.name, dataset.name)],
            ["to use it", &to_use(dataset, file.name)],
        ];
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        return Ok(words::columns(&rows, 1, usize::MAX));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Err(Failure::other(match Published::archive(&name) {
        Some((dataset, file)) => format!(
            "{shown} is not the published archive of {}: its md5 is {found}, not {}; it is \
             incomplete, or another one",
            dataset.name, file.md5
        ),
        None => format!(
            "{shown} is no archive that is known (md5 {found}); unpack it, and check its folder"
        ),
    }))
}

fn to_use(dataset: &Published, name: &str) -> String {
    let folder = match dataset.layout {
        fetch::Layout::Archive => String::new(),
        fetch::Layout::Files => format!("{}/", dataset.folder),
    };
    format!("put it at DIR/{folder}{name}, and run: jackpot data get {} --root DIR", dataset.key)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_lies_there_is_guessed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert_eq!(guess(path).unwrap_err().code(), 2);
        assert_eq!(guess(&path.join("nope")).unwrap_err().code(), 1);
        fs::write(path.join("train.bin"), "").unwrap();
        assert_eq!(guess(path).unwrap(), DatasetChoice::Cifar100);
        assert_eq!(guess(&path.join("train.bin")).unwrap(), DatasetChoice::Tensors);
        fs::create_dir(path.join("cifar-10-batches-bin")).unwrap();
        fs::write(path.join("cifar-10-batches-bin/test_batch.bin"), "").unwrap();
        let message = guess(path).unwrap_err().message();
        assert!(message.contains("has the files of cifar10 and cifar100; say which"), "{message}");
    }

    #[test]
    fn an_archive_is_known_by_its_checksum() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cifar-10-binary.tar.gz");
        fs::write(&path, "half").unwrap();
        assert!(is_archive(&path) && !is_archive(folder.path()));
        let message = archive(&path).unwrap_err().message();
        assert!(message.contains("is not the published archive of CIFAR-10: its md5 is "));
        assert!(message.contains("not c32a1d4ab5d03f1284b67883e8d87530"), "{message}");
        let other = folder.path().join("mine.zip");
        fs::write(&other, "half").unwrap();
        assert!(archive(&other).unwrap_err().message().contains("no archive that is known"));
    }
}

//! `jackpot data`.

use std::path::Path;

use crate::cli::args::Dataset;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::cli::words;
use crate::config::{DataConfig, DatasetChoice};
use crate::data::{self, Data, Split};

/// Name, what it is, what `root` is, where to get it.
const DATASETS: [[&str; 4]; 4] = [
    [
        "cifar10",
        "CIFAR-10: 50,000 training and 10,000 test images, 3×32×32, 10 classes; the official \
         binary version",
        "the folder cifar-10-batches-bin, or its parent",
        "cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html",
    ],
    [
        "cifar100",
        "CIFAR-100: 50,000 training and 10,000 test images, 3×32×32, 100 classes; the official \
         binary version",
        "the folder cifar-100-binary, or its parent",
        "cifar-100-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html",
    ],
    [
        "tensors",
        "any images: u8 NCHW tensors train_images and test_images with i64 train_labels and \
         test_labels, and validation_images and validation_labels if there are some",
        "a safetensors file",
        "made by you, e.g. with safetensors.torch.save_file in Python",
    ],
    [
        "synthetic",
        "2,000 training and 1,000 test images, 3×32×32, 10 classes; generated in code",
        "not needed",
        "nothing to get",
    ],
];

/// Prints the datasets.
pub fn list(terminal: &Terminal) -> Result<(), Failure> {
    terminal.print(&listing(terminal.width()))
}

fn listing(width: usize) -> String {
    let mut out = String::new();
    for [name, what, root, source] in DATASETS {
        out.push_str(&format!("{name}\n"));
        for text in [what.to_owned(), format!("root: {root}"), format!("from: {source}")] {
            out.push_str(&words::wrap(&text, 2, width));
            out.push('\n');
        }
    }
    out.push_str("\nIn a config:\n  [data]\n  dataset = \"cifar100\"\n  root = \"data\"\n");
    out
}

/// Reads a dataset and prints what it is.
pub fn check(
    path: Option<&Path>,
    dataset: Option<Dataset>,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let dataset = match (dataset, path) {
        (Some(dataset), _) => dataset,
        (None, Some(path)) => guess(path)?,
        (None, None) => return Err(Failure::usage("name a folder or file, or --dataset")),
    };
    let config = DataConfig {
        dataset: DatasetChoice::from(dataset),
        root: path.map(Path::to_owned),
        validation: 0,
        mean: None,
        std: None,
        train_limit: None,
        test_limit: None,
    };
    let busy = terminal.busy("reading the data");
    let data = data::load(&config)?;
    drop(busy);
    terminal.print(&description(&data)?)
}

/// Which dataset lies at `path`, by the names of its files.
fn guess(path: &Path) -> Result<Dataset, Failure> {
    let shown = path.display();
    if path.is_file() {
        return Ok(Dataset::Tensors);
    }
    if !path.exists() {
        return Err(Failure::other(format!("{shown} does not exist")));
    }
    let has = |names: [&str; 2]| names.iter().any(|name| path.join(name).exists());
    let ten = has(["cifar-10-batches-bin", "data_batch_1.bin"]);
    match (ten, has(["cifar-100-binary", "train.bin"])) {
        (true, false) => Ok(Dataset::Cifar10),
        (false, true) => Ok(Dataset::Cifar100),
        (true, true) => Err(Failure::usage(format!(
            "{shown} has both CIFAR-10 and CIFAR-100; say which with --dataset cifar10 or cifar100"
        ))),
        (false, false) => Err(Failure::usage(format!(
            "{shown} has the files of no dataset that is known; say which it should be with \
             --dataset, and see `jackpot data list`"
        ))),
    }
}

fn description(data: &Data) -> Result<String, Failure> {
    let [channels, height, width] = data.shape;
    let numbers = |values: &[f32]| {
        let texts: Vec<String> = values.iter().map(|value| format!("{value:.4}")).collect();
        texts.join(", ")
    };
    let mut rows = vec![
        ["dataset".to_owned(), data.name.clone()],
        ["images".to_owned(), format!("{channels}×{height}×{width} (channels, height, width)")],
    ];
    for (name, split) in
        [("train", &data.train), ("validation", &data.validation), ("test", &data.test)]
    {
        if !split.is_empty() {
            rows.push([name.to_owned(), counts(split)?]);
        }
    }
    let names = data.label_names.as_ref().map(|names| match names.as_slice() {
        [first, .., last] => format!(" ({first} to {last})"),
        _ => String::new(),
    });
    let classes = format!("{}{}", data.classes, names.unwrap_or_default());
    rows.extend([
        ["classes".to_owned(), classes],
        ["mean".to_owned(), numbers(&data.mean)],
        ["std".to_owned(), numbers(&data.std)],
        ["sha256".to_owned(), data.sha256.clone()],
    ]);
    let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
    Ok(words::columns(&rows, 1, usize::MAX))
}

/// `50000 images, 500 of each class`.
fn counts(split: &Split) -> Result<String, Failure> {
    let labels: Vec<i64> = Vec::try_from(&split.labels)
        .map_err(|error| Failure::other(format!("the labels cannot be read: {error}")))?;
    let mut of_class = vec![0_usize; split.classes];
    for count in labels.iter().filter_map(|&label| usize::try_from(label).ok()) {
        if let Some(count) = of_class.get_mut(count) {
            *count += 1;
        }
    }
    let (least, most) = (of_class.iter().min(), of_class.iter().max());
    let (least, most) = (least.copied().unwrap_or(0), most.copied().unwrap_or(0));
    let each = match least == most {
        true => format!("{least} of each class"),
        false => format!("{least} to {most} of a class"),
    };
    Ok(format!("{}, {each}", words::plural(labels.len(), "image")))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::cli::words::len;

    #[test]
    fn the_list_fits_and_names_every_dataset() {
        for width in [40, 80] {
            let text = listing(width);
            // An address does not break.
            let fits = |line: &str| len(line) <= width || line.contains("https");
            assert!(text.lines().all(fits), "{text}");
            for name in ["cifar10\n", "cifar100\n", "tensors\n", "synthetic\n"] {
                assert!(text.contains(name), "{name}");
            }
        }
    }

    #[test]
    fn datasets_are_known_by_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert_eq!(guess(path).unwrap_err().code(), 2);
        assert_eq!(guess(&path.join("nope")).unwrap_err().code(), 1);
        fs::write(path.join("train.bin"), "").unwrap();
        assert_eq!(guess(path).unwrap(), Dataset::Cifar100);
        assert_eq!(guess(&path.join("train.bin")).unwrap(), Dataset::Tensors);
        fs::create_dir(path.join("cifar-10-batches-bin")).unwrap();
        assert!(guess(path).unwrap_err().message().contains("has both"));
        fs::remove_file(path.join("train.bin")).unwrap();
        assert_eq!(guess(path).unwrap(), Dataset::Cifar10);
    }

    #[test]
    fn a_dataset_in_words() {
        let config = DataConfig {
            dataset: DatasetChoice::Synthetic,
            root: None,
            validation: 100,
            mean: Some(vec![0.5; 3]),
            std: Some(vec![0.25; 3]),
            train_limit: None,
            test_limit: Some(25),
        };
        let text = description(&data::load(&config).unwrap()).unwrap();
        for line in [
            "dataset     synthetic",
            "images      3×32×32 (channels, height, width)",
            "train       1900 images, 190 of each class",
            "validation  100 images, 10 of each class",
            "test        25 images, 2 to 3 of a class",
            "mean        0.5000, 0.5000, 0.5000",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}

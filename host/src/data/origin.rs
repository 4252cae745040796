//! Which dataset lies in a folder, and whether it is the published one.

use std::path::{Path, PathBuf};

use super::fetch::{FetchError, Layout, Published, Standing, md5};
use super::{cifar, images, mnist};
use crate::config::DatasetChoice;

/// The datasets whose files are in `root`, or in a folder of the usual name in it.
pub fn recognise(root: &Path) -> Vec<DatasetChoice> {
    use DatasetChoice::{Cifar10, Cifar100, FashionMnist, ImageFolder, Mnist, TinyImagenet};
    let mut found: Vec<DatasetChoice> = [Cifar10, Cifar100, TinyImagenet, Mnist, FashionMnist]
        .into_iter()
        .filter(|&dataset| folder(dataset, root).is_some())
        .collect();
    if found.contains(&Mnist) && folder(Mnist, root) == folder(FashionMnist, root) {
        // The files have the same names.
        let other = if is_fashion(root) { Mnist } else { FashionMnist };
        found.retain(|&dataset| dataset != other);
    }
    let split = |name: &str| root.join(name).is_dir();
    if found.is_empty() && split("train") && (split("test") || split("val")) {
        found.push(ImageFolder);
    }
    found
}

/// The folder with a dataset's files, which is `root` or in it.
fn folder(dataset: DatasetChoice, root: &Path) -> Option<PathBuf> {
    match dataset {
        DatasetChoice::Cifar10 => cifar::CIFAR10.folder(root),
        DatasetChoice::Cifar100 => cifar::CIFAR100.folder(root),
        DatasetChoice::TinyImagenet => images::find_tiny(root),
        DatasetChoice::Mnist => mnist::MNIST.find(root),
        DatasetChoice::FashionMnist => mnist::FASHION_MNIST.find(root),
        DatasetChoice::ImageFolder | DatasetChoice::Tensors | DatasetChoice::Synthetic => None,
    }
}

/// Whether a folder of IDX files is Fashion-MNIST's: by the files' checksums, else by its name.
fn is_fashion(root: &Path) -> bool {
    let files = mnist::FILES.iter().filter_map(|name| mnist::file(root, name));
    let known = files.filter_map(|path| md5(&path).ok()).find_map(|md5| Published::by_md5(&md5));
    match known {
        Some((dataset, _)) => dataset.key == mnist::FASHION_MNIST.key,
        None => root.to_string_lossy().to_lowercase().contains("fashion"),
    }
}

/// Whether a dataset that was read well is the published one, in words: `yes`, `no` or `unknown`,
/// and why. `None` for datasets that are published nowhere. `images` are those that it has for
/// training and testing.
pub fn origin(
    dataset: DatasetChoice,
    root: &Path,
    images: [usize; 2],
) -> Result<Option<String>, FetchError> {
    let known = match dataset {
        DatasetChoice::Cifar10 => Published::find("cifar10"),
        DatasetChoice::Cifar100 => Published::find("cifar100"),
        DatasetChoice::TinyImagenet => Published::find("tiny-imagenet"),
        DatasetChoice::Mnist => Published::find("mnist"),
        DatasetChoice::FashionMnist => Published::find("fashion-mnist"),
        DatasetChoice::ImageFolder | DatasetChoice::Tensors | DatasetChoice::Synthetic => None,
    };
    let (Some(known), Some(folder)) = (known, folder(dataset, root)) else { return Ok(None) };
    if images != known.images {
        let [train, test] = known.images;
        return Ok(Some(format!(
            "no: the published one has {train} training and {test} test images"
        )));
    }
    let text = match known.layout {
        Layout::Archive => of_archive(known, &folder)?,
        Layout::Files => of_files(known, &folder)?,
    };
    Ok(Some(text))
}

fn of_archive(known: &Published, folder: &Path) -> Result<String, FetchError> {
    let published = known.files.first().map_or("", |file| file.md5);
    Ok(match Standing::of(folder)? {
        Standing::Unknown => format!(
            "unknown: right in form and number, but only the archive's checksum is published, and \
             this was not unpacked by `jackpot data get {}`",
            known.key
        ),
        Standing::Changed(file) => {
            format!("no: {} is not as it was unpacked", file.display())
        }
        Standing::Intact(receipt) if receipt.md5 == published => format!(
            "yes: unpacked from {} with the published md5 {published}, and unchanged since",
            receipt.archive
        ),
        Standing::Intact(receipt) => format!(
            "no: unpacked from {} with the md5 {}; the published one has {published}",
            receipt.archive, receipt.md5
        ),
    })
}

fn of_files(known: &Published, folder: &Path) -> Result<String, FetchError> {
    let mut plain = None;
    for (name, published) in mnist::FILES.iter().zip(known.files) {
        let Some(path) = mnist::file(folder, name) else { continue };
        if path.extension().is_none_or(|ending| ending != "gz") {
            plain.get_or_insert(path);
            continue;
        }
        let found = md5(&path).map_err(|source| FetchError::disk(&path, source))?;
        if found != published.md5 {
            let whose = match Published::by_md5(&found) {
                Some((other, file)) => format!("it is {} of {}", file.name, other.name),
                None => format!("its md5 is {found}, the published one's {}", published.md5),
            };
            return Ok(format!("no: {}: {whose}", path.display()));
        }
    }
    Ok(match plain {
        Some(path) => format!(
            "unknown: right in form and number, but only checksums of the .gz files are published, \
             and {} is unpacked",
            path.display()
        ),
        None => "yes: all four files have the published md5".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn datasets_are_known_by_their_files() {
        use DatasetChoice::{Cifar10, Cifar100, FashionMnist, ImageFolder, Mnist, TinyImagenet};
        let of = |files: &[&str]| {
            let folder = tempfile::tempdir().unwrap();
            for file in files {
                let path = folder.path().join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
            }
            recognise(folder.path())
        };
        assert_eq!(of(&["cifar-10-batches-bin/data_batch_1.bin"]), [Cifar10]);
        assert_eq!(of(&["test.bin"]), [Cifar100]);
        assert_eq!(of(&["tiny-imagenet-200/wnids.txt"]), [TinyImagenet]);
        // Its folders look like those of any images, too.
        assert_eq!(
            of(&["wnids.txt", "train/a/images/x.JPEG", "val/images/y.JPEG"]),
            [TinyImagenet]
        );
        assert_eq!(of(&["train-images-idx3-ubyte.gz"]), [Mnist]);
        assert_eq!(of(&["fashion-mnist/t10k-labels-idx1-ubyte"]), [FashionMnist]);
        assert_eq!(
            of(&["mnist/train-images.idx3-ubyte", "fashion-mnist/t10k-labels-idx1-ubyte"]),
            [Mnist, FashionMnist]
        );
        assert_eq!(of(&["train/a/x.png", "val/a/y.png"]), [ImageFolder]);
        assert_eq!(of(&["train/a/x.png"]), []);
    }

    #[test]
    fn the_name_of_a_folder_tells_the_mnists_apart() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("FashionMNIST-raw");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("train-images-idx3-ubyte"), "").unwrap();
        assert_eq!(recognise(&folder), [DatasetChoice::FashionMnist]);
    }
}

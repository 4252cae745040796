//! `jackpot data list`.

use super::snippet;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::cli::words;
use crate::data::fetch::Published;

/// Name, what it is, what `root` is, where else it comes from than `jackpot data get`.
const DATASETS: [[&str; 4]; 8] = [
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
        "tiny-imagenet",
        "Tiny-ImageNet-200: 100,000 training images and, as test images, the 10,000 of `val`; \
         3×64×64, 200 classes; the archive's own folders. For research and education",
        "the folder tiny-imagenet-200, or its parent",
        "tiny-imagenet-200.zip of Stanford's course CS231N, https://cs231n.stanford.edu",
    ],
    [
        "mnist",
        "MNIST: 60,000 training and 10,000 test images of digits, 1×28×28, 10 classes; the \
         official IDX files, plain or .gz",
        "the folder with the four files, or the parent of a folder mnist or MNIST/raw",
        "train-images-idx3-ubyte.gz and the other three, as torchvision has them",
    ],
    [
        "fashion-mnist",
        "Fashion-MNIST: 60,000 training and 10,000 test images of clothes, 1×28×28, 10 classes; \
         IDX files, plain or .gz",
        "the folder with the four files, or the parent of a folder fashion-mnist or \
         FashionMNIST/raw",
        "https://github.com/zalandoresearch/fashion-mnist",
    ],
    [
        "image-folder",
        "any images in folders: train/CLASS/... and test/CLASS/... (or val/CLASS/...), JPEG, \
         PNG, WebP, BMP or PNM; read as RGB, and brought to one size by `image_size = N`",
        "the folder with train and test",
        "yours",
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
        let from = match Published::find(name) {
            Some(known) => format!("from: jackpot data get {name} ({}); or {source}", known.size),
            None => format!("from: {source}"),
        };
        out.push_str(&format!("{name}\n"));
        for text in [what.to_owned(), format!("root: {root}"), from] {
            out.push_str(&words::wrap(&text, 2, width));
            out.push('\n');
        }
    }
    format!("{out}\n{}", snippet("cifar100", "data"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::words::len;
    use crate::data::fetch::PUBLISHED;

    #[test]
    fn the_list_fits_and_names_every_dataset() {
        use clap::ValueEnum;
        for width in [40, 80] {
            let text = listing(width);
            // An address does not break.
            let fits = |line: &str| len(line) <= width || line.contains("https");
            assert!(text.lines().all(fits), "{text}");
            for dataset in crate::cli::args::Dataset::value_variants() {
                let name = dataset.to_possible_value().unwrap().get_name().to_owned();
                assert!(text.lines().any(|line| line == name), "{name}");
            }
        }
    }

    #[test]
    fn all_that_is_published_can_be_got() {
        let text = listing(1000);
        for dataset in &PUBLISHED {
            assert!(text.contains(&format!("jackpot data get {} (", dataset.key)), "{text}");
        }
    }
}

//! Datasets that cannot be used: one message each, and nothing written.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use jackpot_tests::config::Config;
use jackpot_tests::{Ran, Sandbox, data};

/// Runs a config of that dataset; fails unless it ends with `code` before anything is written.
fn refuse(sandbox: &Sandbox, data: &str, code: i32) -> Ran {
    sandbox.config(&Config::default().data(data));
    let mut ran = sandbox.jackpot(&["run", "tiny.toml"]).run().expect(code).fits_on_a_screen();
    assert!(!sandbox.at("runs").exists(), "something was written: {ran}");
    assert_eq!(ran.stdout, "");
    ran.stderr = sandbox.relative(&ran.stderr);
    ran
}

const CIFAR10: &str = "dataset = \"cifar10\"\nroot = \"cifar\"";
const CIFAR100: &str = "dataset = \"cifar100\"\nroot = \"cifar\"";
const TENSORS: &str = "dataset = \"tensors\"\nroot = \"data.safetensors\"";

#[test]
fn a_folder_that_is_not_there() {
    let ran = refuse(&Sandbox::new(), CIFAR10, 1);
    let expected =
        "error: ./cifar does not exist; set `data.root` to the folder that holds CIFAR-10\n";
    assert_eq!(ran.stderr, expected);
}

#[test]
fn a_folder_without_the_dataset() {
    let sandbox = Sandbox::new();
    sandbox.write("cifar/readme.txt", "");
    let ran = refuse(&sandbox, CIFAR100, 1);
    let expected = "\
error: no CIFAR-100 data was found; looked for
  ./cifar/train.bin
  ./cifar/cifar-100-binary/train.bin
set `data.root` to the folder that holds these files, or to its parent; or fetch them with `jackpot data get cifar100 --root DIR`
";
    assert_eq!(ran.stderr, expected);
}

#[test]
fn a_missing_file() {
    let sandbox = Sandbox::new();
    data::cifar10(&sandbox.at("cifar"));
    fs::remove_file(sandbox.at("cifar/data_batch_4.bin")).unwrap();
    let ran = refuse(&sandbox, CIFAR10, 1);
    let expected = "error: ./cifar/data_batch_4.bin is missing, though the folder has other files \
                    of CIFAR-10; unpack the archive again\n";
    assert_eq!(ran.stderr, expected);
}

#[test]
fn a_truncated_file() {
    let sandbox = Sandbox::new();
    data::cifar100(&sandbox.at("cifar"));
    let path = sandbox.at("cifar/train.bin");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..3 * 3074 + 100]).unwrap();
    let ran = refuse(&sandbox, CIFAR100, 1);
    let expected = "error: ./cifar/train.bin is cut off or no CIFAR-100 file: its 9322 bytes are \
                    3 records of 3074 bytes and 100 bytes more; copy or unpack it again, and check \
                    `data.dataset`\n";
    assert_eq!(ran.stderr, expected);
    fs::write(&path, "").unwrap();
    let ran = refuse(&sandbox, CIFAR100, 1);
    assert_eq!(ran.stderr, "error: ./cifar/train.bin is empty; copy or unpack it again\n");
}

#[test]
fn a_label_out_of_range() {
    let sandbox = Sandbox::new();
    data::cifar10(&sandbox.at("cifar"));
    let path = sandbox.at("cifar/test_batch.bin");
    let mut bytes = fs::read(&path).unwrap();
    bytes[7 * 3073] = 10;
    fs::write(&path, bytes).unwrap();
    let ran = refuse(&sandbox, CIFAR10, 1);
    let expected = "error: ./cifar/test_batch.bin, record 7 (byte 21511): the label is 10, but \
                    CIFAR-10's are 0 to 9; the file is damaged, or `data.dataset` is wrong\n";
    assert_eq!(ran.stderr, expected);
}

#[test]
fn a_fine_label_out_of_range() {
    let sandbox = Sandbox::new();
    data::cifar100(&sandbox.at("cifar"));
    let path = sandbox.at("cifar/train.bin");
    let mut bytes = fs::read(&path).unwrap();
    bytes[3074 + 1] = 100;
    fs::write(&path, bytes).unwrap();
    let ran = refuse(&sandbox, CIFAR100, 1);
    let expected = "error: ./cifar/train.bin, record 1 (byte 3075): the fine label is 100, but \
                    CIFAR-100's are 0 to 99; the file is damaged, or `data.dataset` is wrong\n";
    assert_eq!(ran.stderr, expected);
}

#[test]
fn a_truncated_tensor_file() {
    let sandbox = Sandbox::new();
    let whole = data::tensors_file([64, 32], 4);
    for length in [4, 100, whole.len() - 1] {
        sandbox.write("data.safetensors", &whole[..length]);
        let ran = refuse(&sandbox, TENSORS, 1);
        let start = "error: ./data.safetensors is no valid safetensors file: ";
        assert!(ran.stderr.starts_with(start), "{ran}");
    }
    sandbox.write("data.safetensors", "");
    let ran = refuse(&sandbox, TENSORS, 1);
    assert_eq!(ran.stderr, "error: ./data.safetensors is empty; copy or unpack it again\n");
}

#[test]
fn a_tensor_file_without_a_tensor() {
    let sandbox = Sandbox::new();
    let images = vec![0_u8; 3 * 64];
    let view =
        safetensors::tensor::TensorView::new(safetensors::Dtype::U8, vec![1, 3, 8, 8], &images);
    let bytes = safetensors::serialize([("train_images", view.unwrap())], None).unwrap();
    sandbox.write("data.safetensors", bytes);
    let ran = refuse(&sandbox, TENSORS, 1);
    let expected = "error: ./data.safetensors has no tensor `train_labels`; a dataset has \
                    `train_images`, `train_labels`, `test_images` and `test_labels`, this file has \
                    `train_images`\n";
    assert_eq!(ran.stderr, expected);
}

#[test]
fn settings_that_leave_nothing() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let ran = refuse(&sandbox, &format!("{TENSORS}\nvalidation = 64"), 2);
    ran.says(&["`data.validation` = 64", "64 training images", "set at most 63"]);
    let ran = refuse(&sandbox, &format!("{TENSORS}\nmean = [0.5]\nstd = [0.5]"), 2);
    ran.says(&["`data.mean` has 1 entries, but the images of", "have 3 channels"]);
}

#[test]
fn a_network_that_cannot_take_the_images() {
    let sandbox = Sandbox::new();
    let images = |n: usize| vec![0_u8; n * 3 * 4 * 4];
    let labels = 0_i64.to_le_bytes();
    let (one, two) = (images(1), images(1));
    let u8s = |bytes| {
        safetensors::tensor::TensorView::new(safetensors::Dtype::U8, vec![1, 3, 4, 4], bytes)
            .unwrap()
    };
    let i64s =
        || safetensors::tensor::TensorView::new(safetensors::Dtype::I64, vec![1], &labels).unwrap();
    let parts = [
        ("train_images", u8s(&one)),
        ("train_labels", i64s()),
        ("test_images", u8s(&two)),
        ("test_labels", i64s()),
    ];
    sandbox.write("data.safetensors", safetensors::serialize(parts, None).unwrap());
    let ran = refuse(&sandbox, &format!("{TENSORS}\nmean = [0, 0, 0]\nstd = [1, 1, 1]"), 2);
    ran.says(&["architecture resnet8", "square images", "[3, 4, 4]"]);
}

const FOLDER: &str = "dataset = \"image-folder\"\nroot = \"pictures\"";

/// One image of 8 × 8 for each class in `train` and `test`.
fn pictures(sandbox: &Sandbox) {
    for (label, class) in ["cat", "dog"].into_iter().enumerate() {
        for split in ["train", "test"] {
            let path = sandbox.at(&format!("pictures/{split}/{class}/1.png"));
            data::paint(&path, label, [8, 8], false);
        }
    }
}

#[test]
fn folders_of_images_that_cannot_be_used() {
    let sandbox = Sandbox::new();
    let ran = refuse(&sandbox, FOLDER, 1);
    ran.says(&["./pictures does not exist; set `data.root` to the folder that holds the image"]);
    sandbox.write("pictures/cat/1.png", "");
    refuse(&sandbox, FOLDER, 1).says(&["./pictures has no folder `train`", "one folder per class"]);

    pictures(&sandbox);
    data::paint(&sandbox.at("pictures/train/cat/2.png"), 0, [8, 9], false);
    let ran = refuse(&sandbox, FOLDER, 1);
    ran.says(&["pixels; ./pictures/train/", "Set `data.image_size` to bring all to one size"]);

    sandbox.write("pictures/train/cat/2.png", "no image");
    let ran = refuse(&sandbox, FOLDER, 1);
    let expected = "error: ./pictures/train/cat/2.png cannot be decoded: its content is no image \
                    that is known; copy or unpack it again, or remove it\n";
    assert_eq!(ran.stderr, expected);

    fs::remove_file(sandbox.at("pictures/train/cat/2.png")).unwrap();
    data::paint(&sandbox.at("pictures/test/owl/1.png"), 0, [8, 8], false);
    refuse(&sandbox, FOLDER, 1).says(&["./pictures/test/owl is a class that the training images"]);
    fs::remove_dir_all(sandbox.at("pictures/test/owl")).unwrap();

    fs::create_dir(sandbox.at("pictures/train/owl")).unwrap();
    refuse(&sandbox, FOLDER, 1).says(&["./pictures/train/owl has no images; remove the folder"]);
    fs::remove_dir(sandbox.at("pictures/train/owl")).unwrap();

    let both = format!("{FOLDER}\nvalidation = 1");
    fs::create_dir_all(sandbox.at("pictures/val")).unwrap();
    data::paint(&sandbox.at("pictures/val/dog/1.png"), 0, [8, 8], false);
    refuse(&sandbox, &both, 2).says(&["has its own validation images, but `data.validation` sets"]);
    let check = sandbox.jackpot(&["data", "check", "pictures"]).run().expect(0);
    check
        .says(&["./pictures/val has no images of the class `cat`, which the training images have"
            .trim_start_matches("./")]);
}

#[test]
fn a_size_where_there_is_none_to_choose() {
    let sandbox = Sandbox::new();
    let ran = refuse(&sandbox, "dataset = \"mnist\"\nroot = \"m\"\nimage_size = 32", 2);
    ran.says(&["`image_size` is for the dataset `image-folder` alone", "leave it out"]);
}

#[test]
fn a_tiny_imagenet_with_a_file_cut_off() {
    let sandbox = Sandbox::new();
    let folder = data::tiny_imagenet(&sandbox.at("tiny"));
    let path = folder.join("train/n01/images/n01_0.JPEG");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let config = "dataset = \"tiny-imagenet\"\nroot = \"tiny\"";
    let ran = refuse(&sandbox, config, 1);
    ran.says(&["train/n01/images/n01_0.JPEG cannot be decoded: "]);
    assert!(!folder.join(".jackpot-cache").exists());
}

#[test]
fn data_check_says_the_same() {
    let sandbox = Sandbox::new();
    data::cifar10(&sandbox.at("cifar"));
    let ran = sandbox.jackpot(&["data", "check", "cifar"]).run().expect(0);
    for text in ["CIFAR-10", "50 images, 5 of each class", "20 images, 2 of each class", "3×32×32"]
    {
        assert!(ran.stdout.contains(text), "{text}\n{ran}");
    }
    fs::remove_file(sandbox.at("cifar/test_batch.bin")).unwrap();
    let ran = sandbox.jackpot(&["data", "check", "cifar"]).run().expect(1);
    ran.says(&["test_batch.bin is missing"]);
}

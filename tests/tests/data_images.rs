//! Datasets of image files and of IDX files: read, cached, trained on.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use jackpot_tests::config::Config;
use jackpot_tests::{Ran, Sandbox, data, results};

/// Runs one short training on that dataset.
fn train(sandbox: &Sandbox, data: &str) -> Ran {
    let config = Config::default().data(data).draw("levels = 0");
    sandbox.config(&config);
    let cache = sandbox.at("users-cache");
    sandbox.jackpot(&["run", "tiny.toml"]).env("XDG_CACHE_HOME", cache).run()
}

/// `root/train` of 2 classes with 8 images and `root/test` with 3, 12 × 10 pixels and others.
fn folder(root: &Path) {
    for (label, class) in ["cat", "dog"].into_iter().enumerate() {
        for number in 0..8_u32 {
            let path = root.join(format!("train/{class}/deep/{number}.png"));
            data::paint(&path, label, [12 + number, 10], number == 0);
        }
        for number in 0..3 {
            data::paint(&root.join(format!("test/{class}/{number}.png")), label, [10, 12], false);
        }
    }
}

const FOLDER: &str = "dataset = \"image-folder\"\nroot = \"pictures\"\nimage_size = 8";
const TINY: &str = "dataset = \"tiny-imagenet\"\nroot = \".\"\nvalidation = 4\ntrain_limit = 16";

#[test]
fn a_folder_of_images_is_trained_on() {
    let sandbox = Sandbox::new();
    folder(&sandbox.at("pictures"));
    let ran = train(&sandbox, FOLDER).expect(0);
    ran.says(&["pictures on cpu"]);
    assert!(sandbox.at("pictures/.jackpot-cache/image-folder-8.images").is_file());
    assert_eq!(results(&sandbox.at("runs/tiny")).len(), 1);
    // From the cache the data are the same: every job is done.
    train(&sandbox, FOLDER).expect(0).says(&["1 job, all done"]);
    // Decoded again, too.
    fs::remove_dir_all(sandbox.at("pictures/.jackpot-cache")).unwrap();
    train(&sandbox, FOLDER).expect(0).says(&["1 job, all done"]);
}

#[test]
fn tiny_imagenet_is_trained_on() {
    let sandbox = Sandbox::new();
    data::tiny_imagenet(sandbox.path());
    train(&sandbox, TINY).expect(0).says(&["Tiny-ImageNet on cpu"]);
    let ran = sandbox.jackpot(&["data", "check", ".", "--classes"]).run().expect(0);
    for text in ["24 images, 8 of each class", "12 images, 4 of each class", "3×64×64"] {
        assert!(ran.stdout.contains(text), "{text}\n{ran}");
    }
    let rows: Vec<&str> = ran.stdout.lines().rev().take(3).collect();
    assert!(rows[2].contains("0  ") && rows[2].contains("Egyptian cat"), "order of wnids: {ran}");
}

#[test]
fn mnist_is_trained_on_plain_and_packed() {
    let sandbox = Sandbox::new();
    for (number, (name, bytes)) in data::mnist().into_iter().enumerate() {
        match number % 2 {
            0 => sandbox.write(&format!("mnist/{name}"), bytes),
            _ => sandbox.write(&format!("mnist/{name}.gz"), jackpot_tests::archive::gzip(&bytes)),
        };
    }
    train(&sandbox, "dataset = \"mnist\"\nroot = \".\"").expect(0).says(&["MNIST on cpu"]);
    let ran = sandbox.jackpot(&["data", "check", "mnist"]).run().expect(0);
    assert!(ran.stdout.contains("1×28×28") && ran.stdout.contains("published  no: "), "{ran}");
    let other = "dataset = \"fashion-mnist\"\nroot = \"mnist\"";
    fs::remove_dir_all(sandbox.at("runs")).unwrap();
    train(&sandbox, other).expect(0).says(&["Fashion-MNIST on cpu"]);
}

#[test]
fn a_damaged_cache_is_made_anew() {
    let sandbox = Sandbox::new();
    data::tiny_imagenet(sandbox.path());
    let check = || sandbox.jackpot(&["data", "check", "."]).run().expect(0);
    let first = check();
    let path = sandbox.at("tiny-imagenet-200/.jackpot-cache/tiny-imagenet.images");
    let whole = fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for bytes in [&flipped[..], &whole[..whole.len() / 2]] {
        fs::write(&path, bytes).unwrap();
        let ran = check();
        assert_eq!(ran.stdout, first.stdout);
        ran.says(&["tiny-imagenet.images is damaged and not used: the images are decoded again"]);
        assert_eq!(fs::read(&path).unwrap(), whole, "it is whole again");
    }
    assert_eq!(check().stderr, "");
}

#[test]
fn a_changed_image_is_seen() {
    let sandbox = Sandbox::new();
    let folder = data::tiny_imagenet(sandbox.path());
    let check = || sandbox.jackpot(&["data", "check", "."]).run().expect(0).stdout;
    let first = check();
    data::paint(&folder.join("train/n02/images/n02_7.JPEG"), 9, [64, 64], false);
    assert_ne!(check(), first);
}

#[test]
fn a_root_that_cannot_be_written_is_cached_elsewhere() {
    let sandbox = Sandbox::new();
    data::tiny_imagenet(sandbox.path());
    // Even the system's administrator cannot make a folder of it.
    sandbox.write("tiny-imagenet-200/.jackpot-cache", "");
    let users = sandbox.at("users");
    let check =
        || sandbox.jackpot(&["data", "check", "."]).env("XDG_CACHE_HOME", &users).run().expect(0);
    check().says(&["cannot be written", "the decoded images are kept in"]);
    assert_eq!(fs::read_dir(users.join("jackpot")).unwrap().count(), 1);
    assert_eq!(check().stderr, "");
    // Nowhere at all.
    let ran = sandbox.jackpot(&["data", "check", "."]).env("XDG_CACHE_HOME", "/dev/null/x");
    ran.run().expect(0).says(&["the next start will decode the images again"]);
}

#[test]
fn the_real_small_tiny_imagenet() {
    let Some(real) = data::real() else {
        eprintln!("JACKPOT_TEST_DATA is not set: the real files are not tried");
        return;
    };
    let sandbox = Sandbox::new();
    let archive = fs::File::open(real.join("tiny-imagenet-200.tar.gz")).unwrap();
    tar::Archive::new(flate2::read::GzDecoder::new(archive)).unpack(sandbox.path()).unwrap();
    let check = || sandbox.jackpot(&["data", "check", "."]).run().expect(0);
    let first = check();
    for text in ["1000 images, 5 of each class", "400 images, 2 of each class", "200 (Egyptian cat"]
    {
        assert!(first.stdout.contains(text), "{text}\n{first}");
    }
    assert_eq!(check().stdout, first.stdout, "from the cache");
    train(&sandbox, TINY).expect(0).says(&["Tiny-ImageNet on cpu"]);
}

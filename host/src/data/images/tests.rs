//! Whole folders, made here; and the real small Tiny-ImageNet where there is one.

use std::fs;
use std::path::Path;

use image::{ImageBuffer, Rgb as Pixel};

use super::*;
use crate::data::Unwatched;

/// Writes a PNG of one colour, whatever the name's ending says.
fn paint(path: &Path, size: [u32; 2], colour: [u8; 3]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let image = ImageBuffer::from_pixel(size[0], size[1], Pixel(colour));
    image.save_with_format(path, image::ImageFormat::Png).unwrap();
}

/// Two classes with three training images each, whose red is 10·class + number; two tests.
fn folder() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (class, name) in ["cat", "dog"].into_iter().enumerate() {
        for number in 0..3 {
            let red = (10 * class + number) as u8;
            let path = root.path().join(format!("train/{name}/deep/{number}.png"));
            paint(&path, [4, 4], [red, 100, 200]);
        }
        paint(&root.path().join(format!("test/{name}/x.png")), [4, 4], [50 + class as u8, 0, 0]);
    }
    root
}

fn load(root: &Path, size: Option<usize>) -> Result<Source, ImageError> {
    read(image_folder(root, size, &Unwatched)?, &Unwatched)
}

fn message(root: &Path) -> String {
    let root_shown = format!("{}/", root.display());
    load(root, None).unwrap_err().to_string().replace(&root_shown, "")
}

#[test]
fn classes_are_folders_sorted_by_name() {
    let root = folder();
    let source = load(root.path(), None).unwrap();
    assert_eq!((source.shape, source.classes), ([3, 4, 4], 2));
    assert_eq!(source.label_names.unwrap(), ["cat", "dog"]);
    // Each image with its own label, in whatever order.
    let mut found: Vec<(u8, i64)> = source
        .train
        .images
        .chunks(48)
        .zip(&source.train.labels)
        .map(|(image, &label)| {
            assert!(image[16..32].iter().all(|&x| x == 100), "green");
            assert!(image[32..].iter().all(|&x| x == 200), "blue");
            (image[0], label)
        })
        .collect();
    found.sort_unstable();
    assert_eq!(found, [(0, 0), (1, 0), (2, 0), (10, 1), (11, 1), (12, 1)]);
    let test: Vec<_> = source.test.images.chunks(48).map(|image| image[0]).collect();
    let expected: Vec<_> = source.test.labels.iter().map(|&label| 50 + label as u8).collect();
    assert_eq!(test, expected);
    assert!(source.validation.is_none() && source.normalisation.is_none());
}

#[test]
fn the_second_time_it_comes_from_the_cache() {
    let root = folder();
    let first = load(root.path(), None).unwrap();
    let cache = root.path().join(".jackpot-cache/image-folder.images");
    assert!(cache.is_file());
    // To prove that it is used: other pixels under the right hashes cannot be, so a file that can
    // no longer be decoded but looks the same must not be missed.
    let path = root.path().join("train/cat/deep/0.png");
    let (length, time) = {
        let data = fs::metadata(&path).unwrap();
        (data.len(), data.modified().unwrap())
    };
    fs::write(&path, vec![0; length as usize]).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    let second = load(root.path(), None).unwrap();
    assert_eq!((first.train, first.test), (second.train, second.test));
    fs::remove_file(cache).unwrap();
    assert!(message(root.path()).contains("train/cat/deep/0.png cannot be decoded"));
}

#[test]
fn val_is_validation_beside_test_and_test_alone() {
    let root = folder();
    fs::rename(root.path().join("test"), root.path().join("val")).unwrap();
    let source = load(root.path(), None).unwrap();
    assert_eq!((source.validation.is_none(), source.test.len()), (true, 2));
    paint(&root.path().join("test/cat/y.png"), [4, 4], [77, 0, 0]);
    let source = load(root.path(), None).unwrap();
    assert_eq!((source.validation.unwrap().len(), source.test.images[0]), (2, 77));
}

#[test]
fn a_size_brings_all_images_to_it() {
    let root = folder();
    paint(&root.path().join("train/cat/wide.png"), [9, 5], [3, 3, 3]);
    assert!(message(root.path()).contains("Set `data.image_size` to bring all to one size"));
    let source = load(root.path(), Some(2)).unwrap();
    assert_eq!((source.shape, source.train.len()), ([3, 2, 2], 7));
    assert!(root.path().join(".jackpot-cache/image-folder-2.images").is_file());
}

#[test]
fn what_is_wrong_with_a_folder_is_named() {
    let root = folder();
    let path = root.path();
    fs::create_dir(path.join("train/ant")).unwrap();
    assert_eq!(
        message(path),
        "train/ant has no images; remove the folder, or put at least one image into it (JPEG, \
         PNG, WebP, BMP or PNM)"
    );
    fs::remove_dir(path.join("train/ant")).unwrap();
    paint(&path.join("test/owl/x.png"), [4, 4], [0; 3]);
    assert_eq!(
        message(path),
        "test/owl is a class that the training images do not have; train has `cat`, `dog`"
    );
    fs::remove_dir_all(path.join("test")).unwrap();
    assert!(message(path).contains("has no folder `test` or `val`"), "{}", message(path));
    fs::create_dir(path.join("test")).unwrap();
    assert!(message(path).starts_with("test has no class folders"), "{}", message(path));
    fs::create_dir(path.join("test/cat")).unwrap();
    assert!(message(path).starts_with("test/cat has no images"), "{}", message(path));
}

/// Two classes of two training images and one test image each.
fn tiny() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("tiny-imagenet-200");
    fs::create_dir(&folder).unwrap();
    // Not in the order of their names.
    fs::write(folder.join("wnids.txt"), "n02\nn01\n").unwrap();
    fs::write(folder.join("words.txt"), "n00\tentity\nn01\tgoldfish\nn02\tEgyptian cat\n").unwrap();
    for (class, red) in [("n02", 20), ("n01", 10)] {
        for number in 0..2 {
            let path = folder.join(format!("train/{class}/images/{class}_{number}.JPEG"));
            paint(&path, [64, 64], [red + number, 0, 0]);
        }
        fs::write(folder.join(format!("train/{class}/{class}_boxes.txt")), "").unwrap();
    }
    paint(&folder.join("val/images/val_0.JPEG"), [64, 64], [11, 0, 0]);
    paint(&folder.join("val/images/val_1.JPEG"), [64, 64], [22, 0, 0]);
    let boxes = "val_1.JPEG\tn02\t0\t0\t1\t1\nval_0.JPEG\tn01\t0\t0\t1\t1\n";
    fs::write(folder.join("val/val_annotations.txt"), boxes).unwrap();
    root
}

fn tiny_message(root: &Path) -> String {
    let shown = format!("{}/tiny-imagenet-200/", root.display());
    let read = tiny_imagenet(root).and_then(|collection| read(collection, &Unwatched));
    read.unwrap_err().to_string().replace(&shown, "")
}

#[test]
fn labels_have_the_order_of_wnids() {
    let root = tiny();
    let source = read(tiny_imagenet(root.path()).unwrap(), &Unwatched).unwrap();
    assert_eq!((source.shape, source.classes), ([3, 64, 64], 2));
    assert_eq!(source.label_names.unwrap(), ["Egyptian cat", "goldfish"]);
    for (image, &label) in source.train.images.chunks(3 * 4096).zip(&source.train.labels) {
        assert_eq!(i64::from(image[0]) / 10, 2 - label);
    }
    // The order of the annotations.
    assert_eq!(source.test.labels, [0, 1]);
    assert_eq!([source.test.images[0], source.test.images[3 * 4096]], [22, 11]);
}

#[test]
fn what_is_wrong_with_tiny_imagenet_is_named() {
    let root = tiny();
    let folder = root.path().join("tiny-imagenet-200");
    let annotations = folder.join("val/val_annotations.txt");
    let text = fs::read_to_string(&annotations).unwrap();
    for (changed, expected) in [
        ("val_0.JPEG\tn03\t0\n", "line 1: the class `n03` is not in wnids.txt"),
        ("\nval_0.JPEG\n", "line 2: it must be a file, a class and a box, with tabs between"),
        ("../x\tn01\n", "line 1: it must be a file, a class and a box, with tabs between"),
        ("", "line 1: it names no image; unpack the archive again"),
    ] {
        fs::write(&annotations, changed).unwrap();
        let message = tiny_message(root.path());
        assert_eq!(message, format!("val/val_annotations.txt, {expected}"));
    }
    fs::remove_file(&annotations).unwrap();
    assert_eq!(
        tiny_message(root.path()),
        "val/val_annotations.txt is missing: unpack the archive again"
    );
    fs::create_dir(folder.join("val/n01")).unwrap();
    assert!(tiny_message(root.path()).starts_with("val has class folders"));
    fs::write(&annotations, text).unwrap();
    paint(&folder.join("train/n01/images/small.JPEG"), [32, 64], [0; 3]);
    assert_eq!(
        tiny_message(root.path()),
        "train/n01/images/small.JPEG has 32×64 pixels; the dataset's images have 64×64; unpack the \
         archive again"
    );
    fs::remove_dir_all(folder.join("train/n02")).unwrap();
    assert!(tiny_message(root.path()).starts_with("train/n02/images is missing: wnids.txt names"));
    fs::write(folder.join("wnids.txt"), "n01\nn01\n").unwrap();
    assert_eq!(tiny_message(root.path()), "wnids.txt, line 2: the class `n01` stands there twice");
    fs::write(folder.join("wnids.txt"), "../n01\n").unwrap();
    assert_eq!(tiny_message(root.path()), "wnids.txt, line 1: `../n01` is no class");
    fs::remove_file(folder.join("wnids.txt")).unwrap();
    assert!(tiny_message(root.path()).contains("fetch it with `jackpot data get tiny-imagenet"));
}

//! Small IDX files, damaged ones, and any bytes at all.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;

fn idx(magic: u32, sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
    let header = [&[magic], sizes].concat();
    let header: Vec<u8> = header.iter().flat_map(|number| number.to_be_bytes()).collect();
    [&header, bytes].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Three training and two test images of 2×3 pixels.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let train: Vec<u8> = (0..18).collect();
    let contents = [
        idx(IMAGES, &[3, 2, 3], &train),
        idx(LABELS, &[3], &[7, 0, 9]),
        idx(IMAGES, &[2, 2, 3], &train[..12]),
        idx(LABELS, &[2], &[1, 2]),
    ];
    for (name, bytes) in FILES.iter().zip(contents) {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn message(root: &Path) -> String {
    let shown = format!("{}/", root.display());
    MNIST.load(Some(root)).unwrap_err().to_string().replace(&shown, "")
}

#[test]
fn plain_files_are_read() {
    let folder = folder();
    let source = MNIST.load(Some(folder.path())).unwrap();
    assert_eq!((source.shape, source.classes), ([1, 2, 3], 10));
    assert_eq!(source.train.images, (0..18).collect::<Vec<u8>>());
    assert_eq!(source.train.labels, [7, 0, 9]);
    assert_eq!((source.test.images.len(), source.test.labels), (12, vec![1, 2]));
    assert_eq!(source.normalisation.unwrap().mean, [0.1307]);
    let fashion = FASHION_MNIST.load(Some(folder.path())).unwrap();
    assert_eq!(fashion.label_names.unwrap()[9], "Ankle boot");
}

#[test]
fn packed_files_in_the_usual_folders_are_read() {
    for (format, place) in
        [(&MNIST, "mnist"), (&MNIST, "MNIST/raw"), (&FASHION_MNIST, "fashion-mnist")]
    {
        let (plain, parent) = (folder(), tempfile::tempdir().unwrap());
        let folder = parent.path().join(place);
        fs::create_dir_all(&folder).unwrap();
        for name in FILES {
            let bytes = gzip(&fs::read(plain.path().join(name)).unwrap());
            let name = name.replace("-idx", ".idx");
            fs::write(folder.join(format!("{name}.gz")), bytes).unwrap();
        }
        let source = format.load(Some(parent.path())).unwrap();
        assert_eq!(source.train.labels, [7, 0, 9], "{place}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let folder = folder();
    let path = folder.path();
    let [images, labels, tests, _] = FILES.map(|name| path.join(name));
    let good = fs::read(&images).unwrap();
    let change = |path: &Path, bytes: &[u8], expected: &str| {
        let before = fs::read(path).unwrap();
        fs::write(path, bytes).unwrap();
        let found = message(folder.path());
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(found.starts_with(&format!("{name}: {expected}")), "{found}");
        fs::write(path, before).unwrap();
    };
    change(&images, &good[..30], "its header says 3×2×3, but 14 bytes follow; it is cut off");
    change(&images, &good[..10], "it ends inside its header");
    change(&images, b"no", "it is no IDX file of images: it must begin with 2051");
    change(&images, &idx(LABELS, &[3], &[0; 3]), "it is no IDX file of images");
    change(&images, &idx(IMAGES, &[0, 2, 3], &[]), "it has 0 images of 2×3 pixels");
    let huge = idx(IMAGES, &[u32::MAX, u32::MAX, u32::MAX], &[1]);
    change(&images, &huge, "its header says 4294967295×4294967295×4294967295, but 1 bytes follow");
    change(&labels, &idx(LABELS, &[2], &[0; 2]), "it has 2 labels, but");
    change(&labels, &idx(LABELS, &[3], &[0, 10, 0]), "label 1 is 10, but MNIST's are 0 to 9");
    change(
        &tests,
        &idx(IMAGES, &[2, 1, 1], &[0; 2]),
        "its images have 1×1 pixels, the training images 2×3",
    );
    fs::remove_file(&labels).unwrap();
    let expected = "train-labels-idx1-ubyte is missing, though the folder has other files of MNIST";
    assert!(message(path).starts_with(expected), "{}", message(path));
    let packed = path.join("train-labels-idx1-ubyte.gz");
    let bytes = gzip(&idx(LABELS, &[3], &[1, 2, 3]));
    fs::write(&packed, &bytes[..bytes.len() - 5]).unwrap();
    let expected = "train-labels-idx1-ubyte.gz: it cannot be unpacked (";
    assert!(message(path).starts_with(expected), "{}", message(path));
    fs::write(&packed, bytes).unwrap();
    assert_eq!(MNIST.load(Some(path)).unwrap().train.labels, [1, 2, 3]);
}

#[test]
fn a_root_without_data_says_where_was_looked() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        message(folder.path()),
        "no MNIST data was found; looked for\n  train-images-idx3-ubyte\n  \
         mnist/train-images-idx3-ubyte\n  MNIST/raw/train-images-idx3-ubyte\nset `data.root` to \
         the folder that holds these files, or to its parent; or fetch them with `jackpot data get \
         mnist --root DIR`"
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        magic in prop_oneof![Just(IMAGES), Just(LABELS), any::<u32>()],
        sizes in prop::collection::vec(0..5_u32, 0..4),
        bytes in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let file = idx(magic, &sizes, &bytes);
        if let Ok((n, [1, height, width], pixels)) = parse_images(Path::new("x"), file.clone()) {
            prop_assert_eq!(n * height * width, pixels.len());
        }
        if let Ok(labels) = parse_labels(Path::new("x"), &file) {
            prop_assert_eq!(labels.len() + 8, file.len());
        }
    }
}

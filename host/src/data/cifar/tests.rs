//! Small files in the official layout, damaged ones, and any bytes at all.

use std::fs;

use proptest::prelude::*;

use super::*;

/// A record whose pixels are all `pixel`.
fn record(labels: &[u8], pixel: u8) -> Vec<u8> {
    [labels, &[pixel; PIXELS]].concat()
}

/// A folder with a whole CIFAR-10 of six records: file `i` has label and pixels `i`.
fn cifar10() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files = CIFAR10.train.iter().chain([&CIFAR10.test]);
    for (i, name) in files.enumerate() {
        fs::write(folder.path().join(name), record(&[i as u8], i as u8)).unwrap();
    }
    folder
}

fn message(format: &Format, root: &Path) -> String {
    format.load(Some(root)).unwrap_err().to_string()
}

#[test]
fn cifar10_is_read_in_order() {
    let folder = cifar10();
    let source = CIFAR10.load(Some(folder.path())).unwrap();
    assert_eq!((source.shape, source.classes), ([3, 32, 32], 10));
    assert_eq!(source.train.labels, [0, 1, 2, 3, 4]);
    assert_eq!(source.train.images[PIXELS..2 * PIXELS], [1; PIXELS]);
    assert_eq!((source.test.labels, source.test.images), (vec![5], vec![5; PIXELS]));
    assert_eq!(source.label_names, None);
}

#[test]
fn cifar100_is_found_below_its_parent_and_uses_fine_labels() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("cifar-100-binary");
    fs::create_dir(&folder).unwrap();
    let train = [record(&[19, 99], 1), record(&[0, 7], 2)].concat();
    fs::write(folder.join("train.bin"), train).unwrap();
    fs::write(folder.join("test.bin"), record(&[3, 0], 3)).unwrap();
    let names: String = (0..100).map(|i| format!("name {i}\n")).collect();
    fs::write(folder.join("fine_label_names.txt"), names).unwrap();
    let source = CIFAR100.load(Some(parent.path())).unwrap();
    assert_eq!(source.train.labels, [99, 7]);
    assert_eq!(source.test.labels, [0]);
    assert_eq!(source.classes, 100);
    assert_eq!(source.label_names.unwrap()[99], "name 99");
}

#[test]
fn a_root_that_has_no_data_says_where_was_looked() {
    assert_eq!(
        CIFAR10.load(None).unwrap_err().to_string(),
        "CIFAR-10 needs `data.root`: the folder that holds it"
    );
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    assert_eq!(
        message(&CIFAR10, &root.join("no")),
        format!(
            "{0}/no does not exist; set `data.root` to the folder that holds CIFAR-10",
            root.display()
        )
    );
    assert_eq!(
        message(&CIFAR100, root),
        format!(
            "no CIFAR-100 data was found; looked for\n  {0}/train.bin\n  \
             {0}/cifar-100-binary/train.bin\nset `data.root` to the folder that holds these \
             files, or to its parent; or fetch them with `jackpot data get cifar100 --root DIR`",
            root.display()
        )
    );
}

#[test]
fn a_missing_file_is_named() {
    let folder = cifar10();
    let path = folder.path().join("data_batch_3.bin");
    fs::remove_file(&path).unwrap();
    let expected = "is missing, though the folder has other files of CIFAR-10; unpack the archive \
                    again";
    assert_eq!(message(&CIFAR10, folder.path()), format!("{} {expected}", path.display()));
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    let folder = cifar10();
    let path = folder.path().join("test_batch.bin");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let start = format!("{} cannot be read: Is a directory", path.display());
    assert!(message(&CIFAR10, folder.path()).starts_with(&start));
}

#[test]
fn an_empty_file_is_an_error() {
    let folder = cifar10();
    let path = folder.path().join("data_batch_2.bin");
    fs::write(&path, "").unwrap();
    let expected = format!("{} is empty; copy or unpack it again", path.display());
    assert_eq!(message(&CIFAR10, folder.path()), expected);
}

#[test]
fn a_file_cut_inside_a_record_says_where() {
    let folder = cifar10();
    let path = folder.path().join("data_batch_1.bin");
    fs::write(&path, [record(&[1], 0), vec![0; 100]].concat()).unwrap();
    assert_eq!(
        message(&CIFAR10, folder.path()),
        format!(
            "{} is cut off or no CIFAR-10 file: its 3173 bytes are 1 records of 3073 bytes and 100 \
             bytes more; copy or unpack it again, and check `data.dataset`",
            path.display()
        )
    );
}

#[test]
fn a_label_out_of_range_says_which_record() {
    let folder = cifar10();
    let path = folder.path().join("data_batch_1.bin");
    fs::write(&path, [record(&[9], 0), record(&[10], 0)].concat()).unwrap();
    assert_eq!(
        message(&CIFAR10, folder.path()),
        format!(
            "{}, record 1 (byte 3073): the label is 10, but CIFAR-10's are 0 to 9; the file is \
             damaged, or `data.dataset` is wrong",
            path.display()
        )
    );
    let path = Path::new("train.bin");
    let parse = |labels| CIFAR100.parse(path, &record(labels, 0), &mut Samples::default());
    assert_eq!(
        parse(&[3, 100]).unwrap_err().to_string(),
        "train.bin, record 0 (byte 1): the fine label is 100, but CIFAR-100's are 0 to 99; the \
         file is damaged, or `data.dataset` is wrong"
    );
    assert_eq!(
        parse(&[20, 0]).unwrap_err().to_string(),
        "train.bin, record 0 (byte 0): the coarse label is 20, but CIFAR-100's are 0 to 19; the \
         file is damaged, or `data.dataset` is wrong"
    );
}

/// Bytes of about the right length, so that whole files come up, too.
fn any_bytes(record: usize) -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![0..3 * record, (0..4_usize).prop_map(move |n| n * record)];
    (length, any::<u64>(), any::<bool>()).prop_map(|(length, seed, small)| {
        let cursor = &mut crate::random::Stream::new(seed, "fuzz", 0, 0).cursor();
        (0..length).map(|_| cursor.below(if small { 10 } else { 256 }) as u8).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_load_or_are_refused(bytes in any_bytes(3074), hundred: bool) {
        let format = if hundred { &CIFAR100 } else { &CIFAR10 };
        let record = format.labels.len() + PIXELS;
        let mut samples = Samples::default();
        match format.parse(Path::new("file"), &bytes, &mut samples) {
            Ok(()) => {
                prop_assert_eq!(samples.len() * record, bytes.len());
                prop_assert_eq!(samples.images.len(), samples.len() * PIXELS);
                let classes = if hundred { 100 } else { 10 };
                prop_assert!(samples.labels.iter().all(|label| (0..classes).contains(label)));
            }
            Err(DataError::PartialRecord { whole, left, .. }) => {
                prop_assert_eq!(whole * record + left, bytes.len());
            }
            Err(DataError::Label { offset, label, classes, .. }) => {
                prop_assert_eq!(bytes[offset], label);
                prop_assert!(usize::from(label) >= classes);
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }
}

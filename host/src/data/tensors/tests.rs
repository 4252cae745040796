//! Small safetensors files, good and bad.

use safetensors::serialize;

use super::*;

type Entry = (&'static str, Dtype, Vec<usize>, Vec<u8>);

fn images(name: &'static str, shape: [usize; 4]) -> Entry {
    (name, Dtype::U8, shape.to_vec(), (0..shape.iter().product()).map(|i| i as u8).collect())
}

fn labels(name: &'static str, labels: &[i64]) -> Entry {
    let bytes = labels.iter().flat_map(|label| label.to_le_bytes()).collect();
    (name, Dtype::I64, vec![labels.len()], bytes)
}

/// Two training images and one test image of 1×2×2.
fn entries() -> Vec<Entry> {
    vec![
        images("train_images", [2, 1, 2, 2]),
        labels("train_labels", &[0, 4]),
        images("test_images", [1, 1, 2, 2]),
        labels("test_labels", &[2]),
    ]
}

fn file(entries: &[Entry], classes: Option<&str>) -> Vec<u8> {
    let views = entries.iter().map(|(name, dtype, shape, data)| {
        (*name, TensorView::new(*dtype, shape.clone(), data).unwrap())
    });
    let metadata =
        classes.map(|classes| HashMap::from([("classes".to_owned(), classes.to_owned())]));
    serialize(views, metadata).unwrap()
}

/// The entries with one replaced.
fn with(entry: Entry) -> Vec<Entry> {
    let mut entries = entries();
    match entries.iter_mut().find(|(name, ..)| *name == entry.0) {
        Some(place) => *place = entry,
        None => entries.push(entry),
    }
    entries
}

fn message(entries: &[Entry], classes: Option<&str>) -> String {
    parse(Path::new("my.safetensors"), &file(entries, classes)).unwrap_err().to_string()
}

#[test]
fn a_file_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my.safetensors");
    std::fs::write(&path, file(&entries(), None)).unwrap();
    let source = load(Some(&path)).unwrap();
    assert_eq!(source.name, "my.safetensors");
    assert_eq!((source.shape, source.classes), ([1, 2, 2], 5));
    assert_eq!(source.train.images, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(source.train.labels, [0, 4]);
    assert_eq!((source.test.images, source.test.labels), (vec![0, 1, 2, 3], vec![2]));
    assert!(source.validation.is_none() && source.normalisation.is_none());
}

#[test]
fn validation_and_classes_are_optional() {
    let mut entries = with(images("validation_images", [1, 1, 2, 2]));
    entries.push(labels("validation_labels", &[7]));
    let load = |classes| parse(Path::new("my.safetensors"), &file(&entries, classes)).unwrap();
    assert_eq!(load(None).classes, 8);
    assert_eq!(load(None).validation.unwrap().labels, [7]);
    assert_eq!(load(Some("20")).classes, 20);
}

#[test]
fn a_root_that_is_no_file_is_an_error() {
    assert_eq!(
        load(None).unwrap_err().to_string(),
        "the `tensors` dataset needs `data.root`: the safetensors file that holds it"
    );
    assert_eq!(
        load(Some(Path::new("no/such.safetensors"))).unwrap_err().to_string(),
        "no/such.safetensors does not exist; set `data.root` to the safetensors file that holds \
         the `tensors` dataset"
    );
}

#[test]
fn a_damaged_file_is_an_error_at_every_cut() {
    let whole = file(&entries(), None);
    for end in 0..whole.len() {
        let error = parse(Path::new("my.safetensors"), &whole[..end]).unwrap_err();
        assert!(matches!(error, DataError::Safetensors { .. }), "{end}: {error}");
    }
    let error = parse(Path::new("my.safetensors"), b"no tensors at all").unwrap_err();
    assert_eq!(
        error.to_string(),
        "my.safetensors is no valid safetensors file: header too large; write it again, e.g. with \
         `safetensors.torch.save_file` in Python"
    );
}

#[test]
fn a_missing_tensor_is_named() {
    let mut entries = entries();
    entries.remove(3);
    assert_eq!(
        message(&entries, None),
        "my.safetensors has no tensor `test_labels`; a dataset has `train_images`, \
         `train_labels`, `test_images` and `test_labels`, this file has `test_images`, \
         `train_images`, `train_labels`"
    );
    // Images without labels are no validation split.
    let entries = with(images("validation_images", [1, 1, 2, 2]));
    assert!(message(&entries, None).contains("has no tensor `validation_labels`"));
}

#[test]
fn another_type_is_refused() {
    let float = ("train_images", Dtype::F32, vec![2, 1, 2, 2], vec![0; 32]);
    assert_eq!(
        message(&with(float), None),
        "my.safetensors: `train_images` is f32; it must be u8 (pixels from 0 to 255)"
    );
    let byte = ("test_labels", Dtype::U8, vec![1], vec![0]);
    assert_eq!(message(&with(byte), None), "my.safetensors: `test_labels` is u8; it must be i64");
}

#[test]
fn another_shape_is_refused() {
    assert_eq!(
        message(&with(("train_images", Dtype::U8, vec![2, 4], vec![0; 8])), None),
        "my.safetensors: `train_images` has shape [2, 4]; it must be [N, C, H, W] without a zero"
    );
    assert_eq!(
        message(&with(images("test_images", [0, 1, 2, 2])), None),
        "my.safetensors: `test_images` has shape [0, 1, 2, 2]; it must be [N, C, H, W] without a \
         zero"
    );
    assert_eq!(
        message(&with(images("test_images", [1, 3, 2, 2])), None),
        "my.safetensors: `test_images` has shape [1, 3, 2, 2]; it must be [N, 1, 2, 2], like \
         `train_images`"
    );
    assert_eq!(
        message(&with(labels("train_labels", &[1])), None),
        "my.safetensors: `train_labels` has shape [1]; it must be [2], one label for each of \
         `train_images`"
    );
}

#[test]
fn labels_must_be_classes() {
    assert_eq!(
        message(&with(labels("train_labels", &[0, -1])), None),
        "my.safetensors: `train_labels`[1] is -1; labels are whole numbers from 0 to 999999"
    );
    assert_eq!(
        message(&entries(), Some("4")),
        "my.safetensors: `train_labels`[1] is 4; labels are whole numbers from 0 to 3"
    );
    for given in ["0", "ten", "1000001"] {
        assert_eq!(
            message(&entries(), Some(given)),
            format!(
                "my.safetensors: the metadata say classes = {given:?}; it must be a whole number \
                 from 1 to 1000000"
            )
        );
    }
}

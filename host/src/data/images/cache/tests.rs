//! A cache is used if it is of the same files and whole, and only then.

use std::sync::Mutex;

use super::*;
use crate::data::images::Listing;

/// Keeps what is said.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Watch for Notes {
    fn note(&self, message: &str) {
        self.0.lock().unwrap().push(message.to_owned());
    }
}

impl Notes {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

const LENGTHS: [usize; 2] = [CHUNK + 3, 5];

fn pixels() -> Vec<Vec<u8>> {
    LENGTHS.map(|length| (0..length).map(|i| (i * 7 % 251) as u8).collect()).to_vec()
}

fn key(byte: u8) -> Key {
    Key([byte; HASH])
}

#[test]
fn what_was_kept_is_found_again() {
    let root = tempfile::tempdir().unwrap();
    let (cache, notes) = (Cache::within(root.path(), "x.images", None), Notes::default());
    assert_eq!(cache.load(&key(1), &LENGTHS, &notes), None);
    cache.store(&key(1), &pixels(), &notes);
    assert_eq!(cache.load(&key(1), &LENGTHS, &notes), Some(pixels()));
    assert_eq!(cache.load(&key(2), &LENGTHS, &notes), None, "of other files");
    cache.store(&key(2), &pixels(), &notes);
    assert_eq!(cache.load(&key(1), &LENGTHS, &notes), None, "written over");
    let folder = root.path().join(FOLDER);
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "nothing unfinished is left");
    assert_eq!(notes.take(), [""; 0]);
}

#[test]
fn a_damaged_one_is_never_used() {
    let root = tempfile::tempdir().unwrap();
    let (cache, notes) = (Cache::within(root.path(), "x.images", None), Notes::default());
    cache.store(&key(1), &pixels(), &notes);
    let path = root.path().join(FOLDER).join("x.images");
    let whole = fs::read(&path).unwrap();
    // One bit anywhere after the key: pixels of either split, the hashes, the seal.
    let end = whole.len();
    let first = 16 + HASH;
    let table = first + LENGTHS.iter().sum::<usize>();
    for place in [first, first + CHUNK, first + CHUNK + 3, table - 1, table, end - HASH, end - 1] {
        let mut bytes = whole.clone();
        bytes[place] ^= 4;
        fs::write(&path, bytes).unwrap();
        assert_eq!(cache.load(&key(1), &LENGTHS, &notes), None, "{place}");
        let note = notes.take().concat();
        assert!(note.ends_with("x.images is damaged and not used: the images are decoded again"));
    }
    for length in [first, first + 10, end - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(cache.load(&key(1), &LENGTHS, &notes), None, "{length}");
        assert_eq!(notes.take().len(), 1);
    }
    // A file that is no cache, and one with a byte more.
    fs::write(&path, "x").unwrap();
    assert_eq!(cache.load(&key(1), &LENGTHS, &notes), None);
    fs::write(&path, [whole.clone(), vec![0]].concat()).unwrap();
    assert_eq!(cache.load(&key(1), &LENGTHS, &notes), None);
    fs::write(&path, whole).unwrap();
    assert_eq!(cache.load(&key(1), &LENGTHS, &notes), Some(pixels()));
}

#[test]
fn where_it_cannot_be_written_it_goes_elsewhere() {
    let (root, users) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // As good as a folder that cannot be written, also for the system's administrator.
    fs::write(root.path().join(FOLDER), "").unwrap();
    let notes = Notes::default();
    let cache = Cache::within(root.path(), "x.images", Some(users.path().join("new")));
    cache.store(&key(1), &pixels(), &notes);
    let note = notes.take().concat();
    assert!(note.contains(".jackpot-cache cannot be written ("), "{note}");
    assert!(note.contains("; the decoded images are kept in "), "{note}");
    assert_eq!(cache.load(&key(1), &LENGTHS, &notes), Some(pixels()));
    assert_eq!(notes.take(), [""; 0]);

    let nowhere = Cache::within(root.path(), "x.images", None);
    nowhere.store(&key(1), &pixels(), &notes);
    let note = notes.take().concat();
    assert!(note.ends_with("; the next start will decode the images again"), "{note}");
}

fn collection(root: &Path) -> Collection {
    let mut train = Listing::default();
    for name in ["a.png", "b.png"] {
        train.push(root.join(name), 0);
    }
    Collection {
        name: "x".to_owned(),
        kind: "image-folder",
        root: root.to_owned(),
        label_names: vec!["a".to_owned()],
        train,
        validation: None,
        test: Listing::default(),
        sizing: Sizing::AsFirst,
        normalisation: None,
    }
}

#[test]
fn the_key_is_of_all_that_the_pixels_depend_on() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let write = |name: &str, text: &str| {
        fs::write(root.join(name), text).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1000);
        File::options().write(true).open(root.join(name)).unwrap().set_modified(time).unwrap();
    };
    write("a.png", "1");
    write("b.png", "2");
    let of = |collection: &Collection| Key::of(collection, [3, 8, 8]).unwrap();
    let first = of(&collection(root));
    assert_eq!(of(&collection(root)), first);
    assert_ne!(Key::of(&collection(root), [3, 8, 9]).unwrap(), first);
    let crop = Collection { sizing: Sizing::Crop(8), ..collection(root) };
    assert_ne!(of(&crop), first);
    let mut turned = collection(root);
    turned.train.files.reverse();
    assert_ne!(of(&turned), first, "another order");
    let mut moved = collection(root);
    moved.test.files.push(moved.train.files.pop().unwrap());
    assert_ne!(of(&moved), first, "another split");
    write("b.png", "22");
    assert_ne!(of(&collection(root)), first, "another size");
    write("b.png", "2");
    assert_eq!(of(&collection(root)), first);
    fs::write(root.join("b.png"), "3").unwrap();
    assert_ne!(of(&collection(root)), first, "another time");
    fs::remove_file(root.join("b.png")).unwrap();
    let error = Key::of(&collection(root), [3, 8, 8]).unwrap_err().to_string();
    assert!(error.contains("b.png cannot be read: No such file"), "{error}");
}

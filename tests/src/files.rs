//! Whole folders as values, to compare them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Every file below a folder: its path relative to it, and its bytes. Links count as what they
/// point to, empty folders as nothing.
pub fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    walk(folder, "", &mut |path, file| _ = found.insert(path, fs::read(file).unwrap()));
    found
}

/// As [`contents`], without what tells the time and the way: `timing.jsonl`, `manifest.json`,
/// `locks/` and the reports, which name the run's folder and its duration.
pub fn reproducible(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = contents(run);
    let varies = ["timing.jsonl", "manifest.json", "report.html", "results.md"];
    found.retain(|path, _| !varies.contains(&path.as_str()) && !path.starts_with("locks/"));
    found
}

/// Paths with time of change and inode: equal before and after only if nothing was touched.
pub fn stamps(folder: &Path) -> BTreeMap<String, (u64, i64, i64)> {
    let mut found = BTreeMap::new();
    walk(folder, "", &mut |path, file| {
        let about = fs::metadata(file).unwrap();
        found.insert(path, (about.ino(), about.mtime(), about.mtime_nsec()));
    });
    found
}

fn walk(folder: &Path, above: &str, visit: &mut impl FnMut(String, &Path)) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = format!("{above}{}", path.file_name().unwrap().to_str().unwrap());
        match path.is_dir() {
            true => walk(&path, &format!("{name}/"), visit),
            false => visit(name, &path),
        }
    }
}

/// Fails where two folders' contents differ, with the names of the files that do.
#[track_caller]
pub fn assert_same(a: &BTreeMap<String, Vec<u8>>, b: &BTreeMap<String, Vec<u8>>) {
    let names: Vec<_> = a.keys().chain(b.keys()).collect();
    let differ: Vec<_> = names.into_iter().filter(|name| a.get(*name) != b.get(*name)).collect();
    assert!(differ.is_empty(), "these files differ, or are in one of the folders: {differ:#?}");
    assert!(!a.is_empty(), "there are no files");
}

/// Copies a folder's content; symbolic links stay links.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, entry) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&path).unwrap(), entry).unwrap();
        } else if kind.is_dir() {
            copy(&path, &entry);
        } else {
            fs::copy(&path, entry).unwrap();
        }
    }
}

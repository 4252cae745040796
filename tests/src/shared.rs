//! One whole run for several tests, also where each test has a process of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::Sandbox;
use crate::install::{first_party, install};

/// The folder that `make` filled, in this process or in another that runs the same tests; `make`
/// is called again once the program, a plugin or the test itself was built anew. Tests only read
/// in it.
pub fn shared(name: &str, make: impl FnOnce(&Sandbox)) -> PathBuf {
    let scratch = &install().scratch;
    let lock = File::create(scratch.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    let (place, stamp) = (scratch.join(name), scratch.join(format!("{name}.stamp")));
    let current = builds();
    if fs::read_to_string(&stamp).is_ok_and(|known| known == current) && place.is_dir() {
        return place;
    }
    let _ = fs::remove_file(&stamp);
    let _ = fs::remove_dir_all(&place);
    make(&Sandbox::lasting(&place));
    fs::write(&stamp, current).unwrap();
    place
}

/// Which builds the result depends on.
fn builds() -> String {
    let plugins = first_party().iter().map(String::as_str).chain(["fixtures"]);
    let plugins = plugins.map(|name| install().plugin(name));
    let own = std::env::current_exe().unwrap();
    let all = plugins.chain([install().binary.clone(), own]);
    let built = |path: PathBuf| {
        let time = modified(&path).duration_since(SystemTime::UNIX_EPOCH).unwrap();
        format!("{} {}\n", path.display(), time.as_nanos())
    };
    all.map(built).collect()
}

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

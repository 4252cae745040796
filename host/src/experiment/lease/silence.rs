//! Who has not been heard of for too long.
//!
//! A holder changes its lock file at every heartbeat. Whoever waits for it looks at the file again
//! and again, and measures with its own clock, which only goes forward, for how long nothing has
//! changed. So no machine's time of day is compared with another's, and none that is set back
//! does harm.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What was last seen in a lock file, and since when it is so.
type Sight = (Vec<u8>, Instant);

static SEEN: LazyLock<Mutex<HashMap<PathBuf, Sight>>> = LazyLock::new(Mutex::default);

/// Whether the file has had this content for as long as `patience`, as far as this process has
/// seen. The first look only begins to count.
pub fn is_silent(path: &Path, content: &[u8], patience: Duration) -> bool {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    match seen.get(path) {
        Some((known, since)) if known == content => now.duration_since(*since) >= patience,
        _ => {
            seen.insert(path.to_owned(), (content.to_owned(), now));
            false
        }
    }
}

/// Forgets a file that is nobody's any more.
pub fn forget(path: &Path) {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn only_what_stays_the_same_is_silent() {
        let (path, patience) = (Path::new("/silence/a.lock"), Duration::from_millis(60));
        assert!(!is_silent(path, b"1", patience));
        thread::sleep(patience);
        assert!(!is_silent(path, b"2", patience), "it was heard of");
        assert!(!is_silent(path, b"2", patience));
        thread::sleep(patience);
        assert!(!is_silent(Path::new("/silence/b.lock"), b"2", patience), "another one");
        assert!(is_silent(path, b"2", patience));
        forget(path);
        assert!(!is_silent(path, b"2", patience));
    }
}

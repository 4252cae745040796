//! Names a hook that does not return.
//!
//! A plugin runs inside the process, so a hook that hangs cannot be ended; but the user is told
//! which one it is.

use std::collections::BTreeMap;
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use super::item::ItemId;

/// How long a hook may take before a word is said.
const PATIENCE: Duration = Duration::from_secs(60);

static RUNNING: Mutex<BTreeMap<u64, Call>> = Mutex::new(BTreeMap::new());

struct Call {
    item: ItemId,
    hook: &'static str,
    since: Instant,
    told: bool,
}

/// Ends the watch when dropped.
pub struct Watch(u64);

impl Drop for Watch {
    fn drop(&mut self) {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// Watches a call until the result is dropped.
pub fn watch(item: &ItemId, hook: &'static str) -> Watch {
    start();
    let item = item.clone();
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let number = running.last_key_value().map_or(0, |(number, _)| number + 1);
    running.insert(number, Call { item, hook, since: Instant::now(), told: false });
    Watch(number)
}

fn start() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::thread::spawn(|| {
            loop {
                std::thread::sleep(Duration::from_secs(5));
                complain(PATIENCE);
            }
        });
    });
}

/// Says a word about every call that has lasted longer, once; gives how many there are.
fn complain(patience: Duration) -> usize {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut late = 0;
    for call in running.values_mut().filter(|call| call.since.elapsed() >= patience) {
        late += 1;
        if !call.told {
            call.told = true;
            let seconds = call.since.elapsed().as_secs();
            let (item, hook) = (&call.item, call.hook);
            let file = item.found.file.file_name();
            tracing::warn!(
                "plugin {item} ({file}), hook `{hook}`, has not returned for {seconds} s"
            );
        }
    }
    late
}

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
    what: String,
    since: Instant,
    told: bool,
}

/// Ends the watch when dropped.
pub struct Watch(Option<u64>);

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(number) = self.0 {
            RUNNING.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
        }
    }
}

/// Watches a call. Pure hooks that run thousands of times a second are not worth a lock each:
/// the caller of the network watches those as a whole.
pub fn watch(item: &ItemId, hook: &str) -> Watch {
    if matches!(hook, "forward" | "learning-rate" | "knob") {
        return Watch(None);
    }
    start();
    let what = format!("{item}, hook `{hook}`");
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let number = running.last_key_value().map_or(0, |(number, _)| number + 1);
    running.insert(number, Call { what, since: Instant::now(), told: false });
    Watch(Some(number))
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
            tracing::warn!("plugin {} has not returned for {seconds} s", call.what);
        }
    }
    late
}

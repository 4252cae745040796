//! The process-wide table of operators: append-only, so that a number once given out stays
//! valid, and read without a lock.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

use super::registry;
use super::schema::Schema;
use crate::torch::error::OpError;

/// One row: what a name stands for.
pub(super) struct Entry {
    /// With the namespace; with the overload where one was asked for.
    pub name: String,
    /// At least one, in the order in which a call tries them.
    pub schemas: Vec<Schema>,
    /// The largest number of arguments among the schemas.
    pub widest: usize,
}

const CHUNK: usize = 256;
/// 32,768 rows; the registry has about 6,000 overloads.
const CHUNKS: usize = 128;

type Chunk = Box<[OnceLock<Entry>; CHUNK]>;

static TABLE: [OnceLock<Chunk>; CHUNKS] = [const { OnceLock::new() }; CHUNKS];
static IDS: OnceLock<RwLock<HashMap<String, u32>>> = OnceLock::new();
/// Held while a row is appended; counts the rows.
static APPEND: Mutex<u32> = Mutex::new(0);

/// The row with this number.
pub(super) fn get(id: u32) -> Option<&'static Entry> {
    let id = id as usize;
    TABLE.get(id / CHUNK)?.get()?[id % CHUNK].get()
}

/// The number of the row for `name`, made if there is none yet.
pub(super) fn find(name: &str) -> Result<u32, OpError> {
    let full = registry::with_namespace(name);
    let ids = IDS.get_or_init(RwLock::default);
    let known = |ids: &HashMap<String, u32>| ids.get(full.as_ref()).copied();
    // Nothing can panic between two steps of an update, so a poisoned lock's data are whole.
    if let Some(id) = known(&ids.read().unwrap_or_else(PoisonError::into_inner)) {
        return Ok(id);
    }

    let mut rows = APPEND.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(id) = known(&ids.read().unwrap_or_else(PoisonError::into_inner)) {
        return Ok(id);
    }
    let schemas = registry::schemas(&full)?;
    let widest = schemas.iter().map(|schema| schema.args.len()).max().unwrap_or(0);
    let entry = Entry { name: full.to_string(), schemas, widest };
    let id = *rows;
    let Some(chunk) = TABLE.get(id as usize / CHUNK) else {
        return Err(OpError::failed(&full, "the table of operators is full"));
    };
    let chunk = chunk.get_or_init(|| Box::new([const { OnceLock::new() }; CHUNK]));
    // The row is empty: `rows` counts those in use, and we hold its lock.
    if chunk[id as usize % CHUNK].set(entry).is_err() {
        return Err(OpError::failed(&full, "the table of operators is damaged"));
    }
    *rows += 1;
    ids.write().unwrap_or_else(PoisonError::into_inner).insert(full.into_owned(), id);
    Ok(id)
}

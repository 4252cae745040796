//! PyTorch's registry: which names there are, which overloads a name has, and which names
//! resemble a misspelt one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::{CString, c_char, c_void};
use std::ptr::{self, NonNull};
use std::sync::{Mutex, PoisonError};

use super::schema::{Handle, Schema};
use crate::torch::error::OpError;
use crate::torch::ffi;

/// Names to overloads, both as the registry spells them.
type Index = BTreeMap<String, Vec<String>>;

static INDEX: Mutex<Option<Index>> = Mutex::new(None);

/// `relu` → `aten::relu`; a name with a namespace stays.
pub(super) fn with_namespace(name: &str) -> Cow<'_, str> {
    if name.contains("::") { Cow::Borrowed(name) } else { Cow::Owned(format!("aten::{name}")) }
}

/// The schemas that the full `name` stands for, in the order in which a call tries them.
pub(super) fn schemas(name: &str) -> Result<Vec<Schema>, OpError> {
    let schemas = match name.split_once('.') {
        Some((base, overload)) => {
            let overload = if overload == "default" { "" } else { overload };
            lookup(base, overload)?.into_iter().collect()
        }
        None => {
            let mut all = Vec::new();
            for overload in overloads(name)? {
                all.extend(lookup(name, &overload)?);
            }
            all.sort_by_key(|schema: &Schema| {
                let writes = schema.args.iter().any(|arg| arg.mutable);
                (!schema.overload.is_empty(), writes, schema.overload.clone())
            });
            all
        }
    };
    if schemas.is_empty() {
        return Err(OpError::UnknownOperator { name: name.to_owned(), nearest: nearest(name)? });
    }
    Ok(schemas)
}

/// One overload; none where the registry does not have it.
fn lookup(name: &str, overload: &str) -> Result<Option<Schema>, OpError> {
    // A name with a zero byte is in no registry.
    let (Ok(c_name), Ok(c_overload)) = (CString::new(name), CString::new(overload)) else {
        return Ok(None);
    };
    let mut found = ptr::null();
    // SAFETY: both strings are terminated and outlive the call; `found` may be written.
    unsafe {
        ffi::check(name, ffi::jp_op_find(c_name.as_ptr(), c_overload.as_ptr(), &mut found))?;
    }
    Ok(NonNull::new(found.cast_mut()).map(|op| Schema::read(name, overload, Handle(op))))
}

/// The overloads of a name; none for an unknown one. Libraries loaded later may add names, so
/// the index is read again where a name is missing.
fn overloads(name: &str) -> Result<Vec<String>, OpError> {
    let mut index = INDEX.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = index.as_ref().and_then(|index| index.get(name)) {
        return Ok(found.clone());
    }
    let fresh = index.insert(read_index(name)?);
    Ok(fresh.get(name).cloned().unwrap_or_default())
}

fn read_index(asked_for: &str) -> Result<Index, OpError> {
    unsafe extern "C" fn each(
        context: *mut c_void,
        name: *const c_char,
        name_len: usize,
        overload: *const c_char,
        overload_len: usize,
    ) {
        // SAFETY: `context` is the index below, and the two texts are valid during this call.
        let (index, name, overload) = unsafe {
            (
                &mut *context.cast::<Index>(),
                super::schema::text(name, name_len),
                super::schema::text(overload, overload_len),
            )
        };
        index.entry(name).or_default().push(overload);
    }
    let mut index = Index::new();
    // SAFETY: `each` is called during this call only, with our context.
    unsafe {
        ffi::check(asked_for, ffi::jp_op_names(ptr::from_mut(&mut index).cast(), each))?;
    }
    Ok(index)
}

/// Up to three names of the registry that differ little from `name`, without `aten::`. For a
/// known name with an unknown overload: its overloads.
fn nearest(name: &str) -> Result<Vec<String>, OpError> {
    let (base, overload) = name.split_once('.').unwrap_or((name, ""));
    let siblings = overloads(base)?;
    let candidates: Vec<String> = if siblings.is_empty() {
        let index = INDEX.lock().unwrap_or_else(PoisonError::into_inner);
        let namespace = base.split_once("::").map_or("", |(namespace, _)| namespace);
        let same_namespace =
            |known: &&String| known.split_once("::").is_some_and(|(other, _)| other == namespace);
        let known = index.iter().flat_map(Index::keys);
        known.filter(same_namespace).cloned().collect()
    } else {
        let spelt = |one: &String| if one.is_empty() { "default" } else { one }.to_owned();
        siblings.iter().map(|one| format!("{base}.{}", spelt(one))).collect()
    };

    let (wanted, limit) = if siblings.is_empty() {
        (base.to_owned(), (base.len() / 4).max(2))
    } else {
        (format!("{base}.{overload}"), usize::MAX)
    };
    let mut scored: Vec<_> = candidates
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&wanted, &known), known))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    scored.sort();
    scored.truncate(3);
    let plain = |name: String| name.strip_prefix("aten::").map_or(name.clone(), str::to_owned);
    Ok(scored.into_iter().map(|(_, known)| plain(known)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torch::op::ArgType;

    /// No schema of the registry is beyond us: each is read, each default has a value.
    #[test]
    fn the_whole_registry_can_be_read() {
        let index = read_index("test").unwrap();
        let (mut overloads, mut unusable) = (0, Vec::new());
        for name in index.keys().filter(|name| name.starts_with("aten::")) {
            // A kernel may be registered under a name that has no schema.
            let Ok(found) = schemas(name) else { continue };
            for schema in found {
                overloads += 1;
                for (position, arg) in schema.args.iter().enumerate() {
                    let value = schema.default(position).unwrap();
                    assert_eq!(value.is_some(), arg.has_default, "{}", schema.text);
                    let needed = !arg.has_default && !arg.optional;
                    if needed && arg.ty == ArgType::Other {
                        unusable.push(schema.text.clone());
                    }
                }
            }
        }
        assert!(overloads > 3000, "only {overloads} overloads");
        // Streams, storages, lists of names: nothing that an author would call.
        let share = unusable.len() as f64 / f64::from(overloads);
        assert!(share < 0.02, "{}", unusable.join("\n"));
    }
}

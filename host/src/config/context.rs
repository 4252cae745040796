//! What every part of the config is read with: where relative paths start, which plugins are
//! known, and the mistakes found so far.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use jackpot_plugin_api::manifest::Kind;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

use super::error::Fault;
use super::tree::Table;
use super::types::KnownItems;

pub struct Context<'a> {
    /// The folder of the config file, absolute.
    pub base: &'a Path,
    /// `None` before the plugins are loaded: then parameters are taken as they are.
    pub known: Option<&'a KnownItems>,
    faults: RefCell<Vec<Fault>>,
    plugins: RefCell<Vec<(Kind, String)>>,
}

impl<'a> Context<'a> {
    pub fn new(base: &'a Path, known: Option<&'a KnownItems>) -> Self {
        Self { base, known, faults: RefCell::default(), plugins: RefCell::default() }
    }

    pub fn report(&self, fault: Fault) {
        self.faults.borrow_mut().push(fault);
    }

    /// Notes that the config uses this item.
    pub fn uses(&self, kind: Kind, plugin: &str) {
        let used = (kind, plugin.to_owned());
        let mut plugins = self.plugins.borrow_mut();
        if !plugins.contains(&used) {
            plugins.push(used);
        }
    }

    /// The path, absolute and without `.` parts.
    pub fn path(&self, text: &str) -> PathBuf {
        self.base.join(text).components().collect()
    }

    /// The mistakes, and the items that the config uses.
    pub fn finish(self) -> (Vec<Fault>, Vec<(Kind, String)>) {
        (self.faults.into_inner(), self.plugins.into_inner())
    }
}

/// The enum variant that a choice's string names.
pub fn choice<T: for<'de> Deserialize<'de>>(table: &Table, key: &str) -> Option<T> {
    let text: StrDeserializer<'_, Error> = table.str(key)?.into_deserializer();
    T::deserialize(text).ok()
}

/// As usize; the tables of keys keep the numbers from 0 up.
pub fn size(value: i64) -> Option<usize> {
    usize::try_from(value).ok()
}

//! Whether a device computes what the CPU does in f32: every item on the [stage](super::stage).
//!
//! - [`check()`]: one row for each item and precision;
//! - [`Quantity`]: what is compared, and how far it may lie apart;
//! - [`Report`]: what was found.
//!
//! An item runs in this process, as in a training. `plugin check` has processes of their own, for
//! files that are not trusted yet.

mod capture;
mod compare;
mod item;
mod quantity;
mod report;
mod trial;

use std::path::PathBuf;

use jackpot_plugin_api::manifest::{ItemManifest, Kind};
use tch::Device;

use super::device::{self, device_name};
use super::error::OpenError;
use super::facts::versions;
use super::folders::plugin_folders;
use crate::config::{DeviceChoice, Precision};
use crate::glob;
use crate::plugin::{Found, Registry};
use item::Checking;

pub use compare::Difference;
pub use quantity::Quantity;
pub use report::{Report, Row, Status};

/// What to check.
#[derive(Debug, Clone)]
pub struct Request {
    pub device: DeviceChoice,
    /// In this order.
    pub precisions: Vec<Precision>,
    /// Patterns of `kind/name`; none: everything.
    pub only: Vec<String>,
    /// Folders to search for plugins before all others.
    pub folders: Vec<PathBuf>,
    /// Of the CPU; `None`: as many as there are cores.
    pub threads: Option<usize>,
}

/// Tries every item on the CPU in f32, then on the device in each precision; `begun` hears of each.
///
/// # Errors
///
/// A device or precision that is not there; patterns that no item has.
pub fn check(request: &Request, begun: &mut dyn FnMut(&str)) -> Result<Report, OpenError> {
    let device = device::choose(request.device)?;
    for &precision in &request.precisions {
        device::precision(precision, device)?;
    }
    let threads = device::apply(Device::Cpu, Precision::F32, request.threads, true)?;
    let registry = Registry::discover(&plugin_folders(&request.folders));
    let chosen = chosen(&registry, &request.only)?;
    let mut checking = Checking { device, threads, registry };
    let mut rows = Vec::new();
    for found in &chosen {
        begun(&title(found.manifest()));
        rows.extend(checking.rows(found, &request.precisions));
    }
    let torch = versions().remove("torch").unwrap_or_default();
    Ok(Report { device: device_name(device), threads, torch, rows })
}

fn title(item: &ItemManifest) -> String {
    format!("{}/{}", item.kind, item.name)
}

/// The items that match, in the order of the documentation.
fn chosen(registry: &Registry, only: &[String]) -> Result<Vec<Found>, OpenError> {
    let wanted = |found: &Found| {
        let title = title(found.manifest());
        only.is_empty() || only.iter().any(|pattern| glob::matches(pattern, &title))
    };
    let mut items: Vec<_> = registry.items().filter(wanted).collect();
    if items.is_empty() {
        let what = match only {
            [] => "no plugin was found".to_owned(),
            only => format!("no plugin's item is `{}`", only.join("` or `")),
        };
        return Err(OpenError::Device(format!("{what}; {}", registry.search_report())));
    }
    items.sort_by_cached_key(|found| {
        let item = found.manifest();
        let place = Kind::ALL.iter().position(|kind| kind.as_str() == item.kind);
        (place.unwrap_or(usize::MAX), item.name.clone())
    });
    Ok(items)
}

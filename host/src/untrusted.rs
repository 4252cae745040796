//! Everything that reads what others wrote, over plain bytes: for fuzzing (`cargo xtask fuzz`).
//! Each says whether it took the bytes. None may panic, hang, or set aside more memory than the
//! bytes can be worth.

use std::path::Path;

use crate::config::{self, Overrides};
use crate::data::cifar::{CIFAR10, CIFAR100};
use crate::data::images::decode::decode_bytes;
use crate::data::source::Samples;
use crate::data::{mnist, tensors};
use crate::experiment::JobRecord;
use crate::model::graph::source;
use crate::model::state;
use crate::plugin::load::{elf, parse_manifest};
use crate::report;
use crate::train::checkpoint::file;

/// For errors; nothing is read there.
const PLACE: &str = "untrusted";

fn place() -> &'static Path {
    Path::new(PLACE)
}

/// A config, and if it is none, the error as it is drawn.
pub fn config(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    match config::parse(PLACE, &text, Path::new("/"), &Overrides::default()) {
        Ok(loaded) => !config::to_toml(loaded.unchecked()).is_empty(),
        Err(errors) => {
            let drawn = config::render(&errors, false, 80);
            assert!(!drawn.is_empty() && !errors.to_string().is_empty(), "an error without words");
            false
        }
    }
}

/// A safetensors file of weights or masks, as tensors.
pub fn safetensors(bytes: &[u8]) -> bool {
    state::parse(place(), bytes).is_ok()
}

/// A training in the middle: a whole file, or one without its first line, which has the checksum
/// that lets no spoilt byte come further.
pub fn checkpoint(bytes: &[u8]) -> bool {
    file::decode(bytes, place()).or_else(|_| file::parse(bytes, place())).is_ok()
}

/// A file of CIFAR-10, and one of CIFAR-100.
pub fn cifar(bytes: &[u8]) -> bool {
    let read = [CIFAR10, CIFAR100].map(|format| {
        let mut samples = Samples::default();
        let parsed = format.parse(place(), bytes, &mut samples);
        parsed.is_ok() && !samples.labels.is_empty()
    });
    read.contains(&true)
}

/// A file of MNIST: images, and labels.
pub fn idx(bytes: &[u8]) -> bool {
    let images = mnist::parse_images(place(), bytes.to_vec());
    images.is_ok() || mnist::parse_labels(place(), bytes).is_ok()
}

/// A dataset in a safetensors file.
pub fn tensors(bytes: &[u8]) -> bool {
    tensors::parse(place(), bytes).is_ok()
}

/// A file of an image folder.
pub fn image(bytes: &[u8]) -> bool {
    decode_bytes(place(), bytes).is_ok()
}

/// A network in the published schema.
pub fn graph(bytes: &[u8]) -> bool {
    source::parse(place(), &String::from_utf8_lossy(bytes)).is_ok()
}

/// What a plugin file says of itself.
pub fn manifest(bytes: &[u8]) -> bool {
    parse_manifest(&String::from_utf8_lossy(bytes)).is_ok()
}

/// A plugin file before the system's loader sees it.
pub fn elf(bytes: &[u8]) -> bool {
    elf::check(bytes).is_ok()
}

/// A job's record, as an experiment and as a report read it.
pub fn record(bytes: &[u8]) -> bool {
    let _ = report::parse_record(&String::from_utf8_lossy(bytes));
    serde_json::from_slice::<JobRecord>(bytes).is_ok_and(|record| record.is_whole())
}

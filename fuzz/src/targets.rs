//! What is fuzzed.

use std::path::Path;

use jackpot::untrusted;

use crate::samples;

/// A reader, with the good files that are spoilt for it.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    /// Good files, from the repository's root.
    pub samples: fn(&Path) -> Vec<Vec<u8>>,
    /// Whether it took the bytes.
    pub read: fn(&[u8]) -> bool,
    /// Its share of all executions, out of [`SHARES`].
    pub share: u64,
    /// What so many bytes may cost: a fixed part, and a part for each byte.
    pub memory: (usize, usize),
}

/// The sum of all shares.
pub const SHARES: u64 = 100;

const MIB: usize = 1 << 20;

/// All of them.
pub static TARGETS: [Target; 11] = [
    target("config", samples::configs, untrusted::config, 6, (4 * MIB, 4096)),
    target("safetensors", samples::safetensors, untrusted::safetensors, 16, (MIB, 64)),
    target("checkpoint", samples::checkpoints, untrusted::checkpoint, 4, (MIB, 64)),
    target("cifar", samples::cifar, untrusted::cifar, 12, (MIB, 8)),
    target("idx", samples::idx, untrusted::idx, 16, (MIB, 8)),
    target("tensors", samples::tensors, untrusted::tensors, 14, (MIB, 64)),
    // 4 million pixels of 8 bytes each may be claimed by any header, and are then converted.
    target("image", samples::images, untrusted::image, 4, (64 * MIB, 8256 * 11)),
    target("graph", samples::graphs, untrusted::graph, 8, (MIB, 256)),
    target("manifest", samples::manifests, untrusted::manifest, 12, (MIB, 256)),
    target("record", samples::records, untrusted::record, 6, (MIB, 256)),
    target("elf", samples::libraries, untrusted::elf, 2, (MIB, 2)),
];

const fn target(
    name: &'static str,
    samples: fn(&Path) -> Vec<Vec<u8>>,
    read: fn(&[u8]) -> bool,
    share: u64,
    memory: (usize, usize),
) -> Target {
    Target { name, samples, read, share, memory }
}

impl Target {
    /// The target of that name.
    pub fn find(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// The most memory that reading so many bytes may take.
    pub fn bound(&self, bytes: usize) -> usize {
        self.memory.0 + self.memory.1 * bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::root;

    #[test]
    fn shares_add_up() {
        assert_eq!(TARGETS.iter().map(|target| target.share).sum::<u64>(), SHARES);
    }

    #[test]
    fn good_files_are_taken() {
        for target in &TARGETS {
            let samples = (target.samples)(&root());
            assert!(!samples.is_empty(), "{}", target.name);
            let taken = samples.iter().filter(|sample| (target.read)(sample)).count();
            assert!(taken * 2 >= samples.len(), "{}: {taken} of {}", target.name, samples.len());
        }
    }
}

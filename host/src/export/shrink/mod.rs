//! A program without its dead channels.
//!
//! A channel can go if nobody reads it, or if it is the same number for every image and what it
//! does to its readers is a number, too, which goes into their bias. That number is what batch
//! normalisations and activations make of it, found by running them on it. A convolution with
//! padding reads zeros at the border, where a constant is none: it lets go of zeros alone. Channels
//! of tensors that are added belong together and go together; where channels are moved (padded,
//! concatenated) and at the ends of the network, all stay.

mod constants;
mod dead;
mod rebuild;
mod spaces;

use std::collections::BTreeMap;

use super::error::ExportError;
use super::program::Program;
use dead::dead;
use rebuild::without;
use spaces::Spaces;

/// How many channels went, by the convolution or linear layer that gave them.
pub type Removed = BTreeMap<String, usize>;

/// Removes what is dead, again and again until nothing is.
///
/// # Errors
///
/// What libtorch says.
pub fn shrink(mut program: Program) -> Result<(Program, Removed), ExportError> {
    let mut removed = Removed::new();
    loop {
        let spaces = Spaces::of(&program);
        let dead = dead(&program, &spaces)?;
        if dead.channels.iter().all(|channels| channels.iter().all(|dead| !dead)) {
            return Ok((program, removed));
        }
        for (call, space) in spaces.producers() {
            let count = dead.channels[space].iter().filter(|dead| **dead).count();
            if count > 0 {
                *removed.entry(program.calls[call].name.clone()).or_default() += count;
            }
        }
        program = without(program, &spaces, &dead)?.pruned();
    }
}

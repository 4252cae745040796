//! ATen operators in ONNX's.

mod arithmetic;
mod layers;
mod pointwise;
mod pooling;
mod reduce;
mod shape;

use super::site::{Named, Site};

/// Writes a call; the names of its results.
///
/// # Errors
///
/// An operator without a form, or with arguments that its form does not have.
pub fn write(site: &mut Site<'_>) -> Named {
    let families =
        [pointwise::write, arithmetic::write, layers::write, pooling::write, reduce::write];
    for family in families {
        if let Some(names) = family(site) {
            return names.map(|name| vec![name]);
        }
    }
    shape::write(site).unwrap_or_else(|| Err(site.unsupported("")))
}

//! Testing a plugin's items with `cargo test` (feature `testing`).
//!
//! ```toml
//! [dev-dependencies]
//! jackpot-plugin-api = { path = "../jackpot/plugin-api", features = ["testing"] }
//! ```
//!
//! # Two kinds of tests
//!
//! **What needs no tensor runs in the test's own process**, with no host installed: parameters
//! with their defaults and ranges ([`item`]), learning rates ([`learning_rates`]), knobs over time
//! ([`knob_values`]), when an update is due ([`due_steps`]), the graph of an architecture
//! ([`graph_of`]).
//!
//! **Tensors are the installed host's.** A test that computes something starts the program
//! `jackpot` with [`Host::start`] (`$JACKPOT` if that is set, else `jackpot` on the `PATH`)
//! and tries the item there: every tensor lives in the program, every operator runs in it, and the
//! hook runs in the test's process, through the very wrapper, checks and random numbers of a real
//! training. An imitation of PyTorch's operators in this crate would be another library than the
//! one that trains, and a plugin that links libtorch itself would no longer build in a second.
//!
//! ```no_run
//! # use jackpot_plugin_api::prelude::*;
//! # #[derive(Params)]
//! # struct Swish {
//! #     #[param(default = 1.0)]
//! #     beta: f64,
//! # }
//! # impl Activation for Swish {
//! #     const NAME: &str = "swish";
//! #     fn forward(&self, x: &Tensor, _: &Ctx<'_>) -> Tensor { x * (x * self.beta).sigmoid() }
//! # }
//! use jackpot_plugin_api::testing::*;
//!
//! # fn main() { values_and_gradient().unwrap() }
//! # /*
//! #[test]
//! # */
//! fn values_and_gradient() -> TestResult {
//!     let swish: Swish = item(json!({ "beta": 2.0 }))?;
//!     let host = Host::start()?;
//!     let x = host.tensor(&[-1.0, 0.0, 2.0], &[3]); // f32, as in a training
//!     let y = host.activation(&swish).forward(&x)?;
//!     assert_close(&y, &[-0.119203, 0.0, 1.964028], 1e-6);
//!     host.activation(&swish).check_gradient(&x) // f64, central differences
//! }
//! ```
//!
//! # What can be tried
//!
//! `host.KIND(&item)` is a trial of one item. Where it matters, it is told more: `.at(step)`,
//! `.progress(Progress { … })`, `.evaluating()`, `.seed(1)`, `.site("relu1", &[8, 4, 4])`,
//! `.with("beta", &tensor)` for a declared tensor or a knob. Declared tensors and knobs have their
//! first values and those of the step unless they are given; `.tensors()` gives them.
//!
//! | trial | what it does |
//! |---|---|
//! | `host.activation(&a)` | `.forward(&x)`, `.check_gradient(&x)` |
//! | `host.loss(&l)` | `.loss(&logits, &targets)`, `.check_gradient(&logits, &targets)`; `.teacher(&t)` before |
//! | `host.augmentation(&a)` | `.augment(&batch)`; `host.batch(8, [3, 4, 4], 10)` makes one |
//! | `host.skip(&s)` | `.rewrite(&graph)`: the network with the additions, shapes checked |
//! | `host.architecture(&a)` | `.network([3, 8, 8], 10)` |
//! | `host.activation(&a)` | `.network(&graph)`: at every activation site |
//! | `host.network(&graph)` | the network without any item |
//! | `host.init(&i)` | `.initialize(&network)` |
//! | `host.score(&s)` | `.score(&network)`: named tensors |
//! | `host.update(&u)` | `.update(&network)`: the new masks |
//!
//! A [`Network`] has `.forward(&x)` and `.evaluate(&x)` (outputs by name), `.parameters()`,
//! `.set(name, &tensor)`, `.masks()`, `.set_mask(name, &mask)`, `.view()`, `.shape(node)` and
//! `.at(step)`; [`small_network`] is a graph to begin with. All of it gives a [`TestResult`]: `?` ends the test with the words of the
//! host.

mod alone;
mod close;
mod connection;
mod failure;
mod gradient;
mod handles;
mod hooks;
mod host;
mod kinds;
mod network;
mod nothing;
mod program;
mod small;
mod trial;
mod values;

pub use alone::{due_steps, graph_of, item, knob_values, learning_rates};
pub use close::{Numbers, assert_close};
pub use failure::{Failure, TestResult};
pub use host::Host;
pub use network::Network;
pub use small::small_network;
pub use trial::Trial;

#[doc(no_inline)]
pub use crate::ctx::Progress;
#[doc(no_inline)]
pub use crate::error::ErrorKind;
#[doc(no_inline)]
pub use serde_json::json;

use crate::item::Item;
use crate::manifest::ItemManifest;
use trial::Setting;

/// An item of some kind. `K` stands for the kind and is found by the compiler: every type that
/// implements a kind's trait is one.
pub trait Tested<K>: 'static {
    /// As the border sees it.
    #[doc(hidden)]
    fn wrapped(&self) -> &dyn Item;

    /// What the plugin file would say of it.
    fn manifest() -> ItemManifest;
}

/// A hook is left silently, since its wrapper makes an error of it. In a test itself nobody would
/// do that: there the error is an ordinary panic.
pub(crate) fn panic_outside_of_hooks(error: &dyn std::fmt::Display) {
    assert!(crate::guard::is_catching(), "{error}");
}

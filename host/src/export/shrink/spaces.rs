//! Which channels are the same ones: those of a layer's result, through everything that leaves
//! channels where they are, up to the layers that read them.

use std::collections::BTreeMap;

use crate::export::program::{Argument, Call, Program, Reference};
use crate::torch::Value;
use crate::torch::op::pointwise::POINTWISE;

/// What leaves every element where it is, besides functions of one number.
const IN_PLACE: [&str; 8] =
    ["alias", "ceil", "clone", "contiguous", "detach", "dropout", "floor", "relu6"];

/// Windows over pixels.
const POOLS: [&str; 4] = ["max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d"];

/// Where the channels of a tensor are: in dimension 1, each as so many entries in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub space: usize,
    pub entries: i64,
}

/// What a call does with channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Reads all channels and gives new ones: a convolution or a linear layer.
    Layer,
    /// A convolution of each channel by itself.
    Depthwise,
    Norm,
    Pointwise,
    /// Each channel by itself, so that a constant stays what it is; but at a border of zeros.
    Pool,
    /// Moves pixels within a channel.
    Move,
    /// Anything else.
    Other,
}

/// The channels of a program.
#[derive(Debug)]
pub struct Spaces {
    places: BTreeMap<Reference, Place>,
    pub actions: Vec<Action>,
    /// By number: how many channels.
    pub sizes: Vec<usize>,
    /// By number: whether all must stay.
    pub frozen: Vec<bool>,
    parent: Vec<usize>,
    producers: Vec<(usize, usize)>,
}

impl Spaces {
    /// Follows the channels through the calls.
    pub fn of(program: &Program) -> Self {
        let mut spaces = Self {
            places: BTreeMap::new(),
            actions: Vec::new(),
            sizes: Vec::new(),
            frozen: Vec::new(),
            parent: Vec::new(),
            producers: Vec::new(),
        };
        let shared = shared(program);
        for (index, call) in program.calls.iter().enumerate() {
            let mut action = action(program, call);
            let own = || call.args.iter().flat_map(Argument::references);
            if action != Action::Pointwise
                && own().any(|one| matches!(one, Reference::Stored(one) if shared[*one]))
            {
                action = Action::Other;
            }
            spaces.actions.push(action);
            spaces.follow(program, index, call);
        }
        for (_, output) in &program.outputs {
            spaces.freeze(*output);
        }
        spaces
    }

    /// Where the channels of a tensor are, if that is known.
    pub fn place(&self, reference: Reference) -> Option<Place> {
        let place = self.places.get(&reference)?;
        Some(Place { space: self.root(place.space), ..*place })
    }

    /// The layers with the spaces that they give.
    pub fn producers(&self) -> impl Iterator<Item = (usize, usize)> {
        self.producers.iter().map(|(call, space)| (*call, self.root(*space)))
    }

    /// Whether it is one by itself, and not part of another.
    pub fn is_whole(&self, space: usize) -> bool {
        self.parent[space] == space
    }

    fn root(&self, mut space: usize) -> usize {
        while self.parent[space] != space {
            space = self.parent[space];
        }
        space
    }

    fn fresh(&mut self, size: usize) -> usize {
        self.parent.push(self.sizes.len());
        self.sizes.push(size);
        self.frozen.push(false);
        self.sizes.len() - 1
    }

    fn freeze(&mut self, reference: Reference) {
        if let Some(place) = self.place(reference) {
            self.frozen[place.space] = true;
        }
    }

    fn join(&mut self, a: Place, b: Place) -> Place {
        let (a_root, b_root) = (self.root(a.space), self.root(b.space));
        if a.entries != b.entries || self.sizes[a_root] != self.sizes[b_root] {
            self.frozen[a_root] = true;
            self.frozen[b_root] = true;
        } else if a_root != b_root {
            self.parent[b_root] = a_root;
            self.frozen[a_root] |= self.frozen[b_root];
        }
        Place { space: a_root, ..a }
    }

    fn follow(&mut self, program: &Program, index: usize, call: &Call) {
        let computed: Vec<Reference> = call
            .args
            .iter()
            .flat_map(Argument::references)
            .copied()
            .filter(|one| !matches!(one, Reference::Stored(_)))
            .collect();
        let out = Reference::Result(index, 0);
        let places: Option<Vec<Place>> = computed.iter().map(|one| self.place(*one)).collect();
        let (action, places) = match (self.actions[index], places) {
            (Action::Layer, places) => (Action::Layer, places.unwrap_or_default()),
            (action, Some(places)) if !places.is_empty() => (action, places),
            // A tensor without known channels makes those it meets unknown.
            _ => (Action::Other, Vec::new()),
        };
        match action {
            Action::Other => {
                self.actions[index] = Action::Other;
                computed.iter().for_each(|one| self.freeze(*one));
            }
            Action::Layer => {
                let channels = call.shapes[0].get(1).copied().flatten().unwrap_or_default();
                let space = self.fresh(channels.unsigned_abs() as usize);
                self.producers.push((index, space));
                self.places.insert(out, Place { space, entries: 1 });
            }
            _ => {
                let mut place = places[0];
                for other in &places[1..] {
                    place = self.join(place, *other);
                }
                if action == Action::Move {
                    place.entries *= moved(program, call);
                }
                self.places.insert(out, place);
            }
        }
    }
}

/// By how many entries a channel grows where pixels become features.
fn moved(program: &Program, call: &Call) -> i64 {
    let count = |shape: &[Option<i64>]| shape.get(1).copied().flatten().unwrap_or(1);
    let before = call.args.first().map(Argument::references).unwrap_or_default();
    let before = before.first().map(|one| program.shape(*one)).unwrap_or_default();
    count(&call.shapes[0]) / count(&before).max(1)
}

fn action(program: &Program, call: &Call) -> Action {
    let name = call.schema.name.trim_start_matches("aten::");
    let rank = |name: &str| {
        let found = call.arg(name).references().first();
        found.map_or(0, |one| program.shape(*one).len())
    };
    let stored = |name: &str| match call.arg(name) {
        Argument::Default | Argument::Value(Value::None) => true,
        arg => matches!(arg.references(), [Reference::Stored(_)]),
    };
    let int = |name: &str, default: i64| match call.arg(name) {
        Argument::Value(Value::Int(value)) => Some(*value),
        Argument::Default => Some(default),
        _ => None,
    };
    match name {
        "conv2d" if stored("weight") && stored("bias") => {
            let weight = call.arg("weight").references().first();
            let channels = weight.map(|one| program.shape(*one)).unwrap_or_default();
            match (int("groups", 1), channels.as_slice()) {
                (Some(1), _) => Action::Layer,
                (Some(groups), [Some(out), Some(1), ..]) if groups == *out => Action::Depthwise,
                _ => Action::Other,
            }
        }
        "linear" if rank("input") == 2 && stored("weight") && stored("bias") => Action::Layer,
        "batch_norm"
            if ["weight", "bias", "running_mean", "running_var"].iter().all(|n| stored(n)) =>
        {
            Action::Norm
        }
        _ if POOLS.contains(&name) => Action::Pool,
        "mean" if call.schema.overload == "dim" && rank("self") == 4 => match call.arg("dim") {
            Argument::Value(Value::IntList(dims))
                if dims.iter().all(|dim| [2, 3, -1, -2].contains(dim)) =>
            {
                Action::Pool
            }
            _ => Action::Other,
        },
        "flatten" if int("start_dim", 0) == Some(1) && call.shapes[0].len() == 2 => Action::Move,
        "slice" if int("dim", 0).is_some_and(|dim| dim >= 2) => Action::Move,
        _ if (POINTWISE.contains(&name) || IN_PLACE.contains(&name)) && alike(program, call) => {
            Action::Pointwise
        }
        _ => Action::Other,
    }
}

/// Whether all tensors have the shape of the result, or no dimensions at all.
fn alike(program: &Program, call: &Call) -> bool {
    let references = call.args.iter().flat_map(Argument::references);
    let mut shapes = references.map(|one| (*one, program.shape(*one)));
    shapes.all(|(one, shape)| match one {
        Reference::Stored(_) => shape.iter().all(|size| *size == Some(1)),
        _ => call.shapes.first() == Some(&shape),
    })
}

/// Which stored tensors are read more than once.
fn shared(program: &Program) -> Vec<bool> {
    let mut counts = vec![0; program.tensors.len()];
    let all = program.calls.iter().flat_map(|call| &call.args).flat_map(Argument::references);
    for reference in all {
        if let Reference::Stored(index) = reference {
            counts[*index] += 1;
        }
    }
    counts.into_iter().map(|count| count > 1).collect()
}

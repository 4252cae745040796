//! A convolution or linear layer under a fixed mask, as a node of autograd.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tch::Tensor;

use super::blocked::{Blocked, Tools};
use super::handover::{Deferred, Slot, Slots};
use crate::kernels::conv::{Conv, ConvShape, Single};
use crate::kernels::norm::{Moments, channel_sums};
use crate::kernels::{Frame, Isa, KernelError, Pool, Pooled};
use crate::model::error::ModelError;
use crate::model::run::two_ways::{self, TwoWays};
use crate::torch::memory_format::MemoryFormat;
use crate::torch::node::attach;
use crate::torch::version::version;
use crate::torch::{OpError, numbers};

/// Zero rows and columns around the input's and around the output's images.
pub(super) type Margins = [[usize; 2]; 2];

/// What a layer has to do with its neighbours.
#[derive(Default)]
pub(super) struct Hooks {
    /// Whether the output's are of use.
    pub moments: bool,
    pub slots: Slots,
}

/// The kernels of one layer, made once for a mask.
pub(super) struct Layer {
    conv: Mutex<Conv>,
    shape: ConvShape,
    input: Frame,
    output: Frame,
    /// Bool, of the weight's shape.
    mask: Mutex<Tensor>,
    /// For a few images; made when it is first needed.
    single: Mutex<Option<SingleLayer>>,
    /// Dense gradients to the weight, which are zero where nothing is kept: so they stay when they
    /// are used again.
    gradients: Arc<Pool>,
}

/// Kernels for a few images.
struct SingleLayer {
    kernel: Single,
    /// The weight that it has, and how often that was written then. Reading a large one takes longer
    /// than computing with what is kept of it.
    weight: Option<(Tensor, i64)>,
}

impl SingleLayer {
    fn set(&mut self, weight: &Tensor) -> Result<(), ModelError> {
        let now = version(weight)?;
        let has_it = |(known, written): &(Tensor, i64)| {
            // While it is held nothing else can lie at its place.
            known.data_ptr() == weight.data_ptr() && *written == now
        };
        if !self.weight.as_ref().is_some_and(has_it) {
            self.weight = None;
            self.kernel.set_weights(numbers::of(weight)?)?;
            self.weight = Some((weight.detach(), now));
        }
        Ok(())
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sparse {:?}", self.shape)
    }
}

impl Layer {
    /// # Errors
    ///
    /// A mask or shape that the kernels do not have.
    pub fn new(shape: ConvShape, mask: &Tensor, margins: Margins) -> Result<Self, ModelError> {
        let kept = kept(mask)?;
        let conv = Conv::new(shape, &kept, Isa::best(), margins[0], margins[1])?;
        Ok(Self {
            shape,
            input: *conv.input(),
            output: *conv.output(),
            conv: Mutex::new(conv),
            mask: Mutex::new(mask.shallow_clone()),
            single: Mutex::default(),
            gradients: Pool::new(),
        })
    }

    /// How the input lies in memory.
    pub fn input(&self) -> Frame {
        self.input
    }

    /// How the output lies in memory.
    pub fn output(&self) -> Frame {
        self.output
    }

    /// # Errors
    ///
    /// Tensors of other sizes, or not of f32 in memory.
    pub fn forward(
        self: &Arc<Self>,
        tools: &Arc<Tools>,
        x: &Blocked,
        weight: &Tensor,
        bias: Option<&Tensor>,
        hooks: Hooks,
    ) -> Result<Blocked, ModelError> {
        let mut buffer = tools.take(&self.output, x.images);
        let mut found = Moments::default();
        {
            let mut conv = self.conv();
            conv.set_weights(numbers::of(weight)?)?;
            let bias = bias.map(numbers::of).transpose()?;
            let input = numbers::of(&x.tensor)?;
            let told = hooks.moments.then_some(&mut found);
            conv.forward(x.images, input, bias, &mut buffer, told, &tools.threads)?;
        }
        let y = Blocked::new(buffer, self.output, x.images)?;
        let y = Blocked { moments: found, ..y };
        let mut inputs = vec![&x.tensor, weight];
        inputs.extend(bias);
        let (layer, tools) = (self.clone(), tools.clone());
        let backward = LayerBackward { layer, tools, images: x.images, hooks };
        attach(&inputs, &y.tensor, &inputs, Box::new(backward))?;
        Ok(y)
    }

    /// Images for which [`Layer::single`] is faster than [`Layer::forward`].
    pub fn few() -> usize {
        Isa::best().lanes() / 4
    }

    /// The output of a few images in PyTorch's layout, without gradients.
    ///
    /// # Errors
    ///
    /// Tensors of other sizes, or not of f32 in memory.
    pub fn single(
        &self,
        tools: &Tools,
        x: &Tensor,
        weight: &Tensor,
        bias: Option<&Tensor>,
    ) -> Result<Tensor, ModelError> {
        let mut single = self.single.lock().unwrap_or_else(PoisonError::into_inner);
        let single = single
            .get_or_insert_with(|| SingleLayer { kernel: Single::new(&self.conv()), weight: None });
        single.set(weight)?;
        let x = MemoryFormat::Contiguous.apply(x)?;
        let images = x.size().first().copied().unwrap_or(0);
        let [height, width] = self.shape.output();
        let mut shape = vec![images, self.shape.out_channels as i64];
        if x.dim() > 2 {
            shape.extend([height as i64, width as i64]);
        }
        let x = numbers::of(&x)?;
        let bias = bias.map(numbers::of).transpose()?;
        numbers::filled(&shape, |y| {
            let images = images.unsigned_abs() as usize;
            Ok(single.kernel.forward(images, x, bias, y, &tools.threads)?)
        })
    }

    fn conv(&self) -> MutexGuard<'_, Conv> {
        // What a panic left behind is overwritten by the next weights.
        self.conv.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mask(&self) -> Tensor {
        self.mask.lock().unwrap_or_else(PoisonError::into_inner).shallow_clone()
    }

    /// The weight's gradient is a tensor in which nothing but kept places is ever written.
    fn dense_gradient(
        &self,
        weight: &Tensor,
        conv: &Conv,
        kept: &[f32],
    ) -> Result<Tensor, OpError> {
        let frame = Frame::new(1, 1, 1, self.shape.weights(), [0, 0]);
        let mut all = self.gradients.take(&frame, 1);
        for (&place, &value) in conv.kept().iter().zip(kept) {
            all[place as usize] = value;
        }
        let flat = numbers::owned(Box::new(all))?;
        let shaped = flat.f_view(weight.size().as_slice());
        shaped.map_err(|error| OpError::Failed { op: "view".into(), message: error.to_string() })
    }
}

struct LayerBackward {
    layer: Arc<Layer>,
    tools: Arc<Tools>,
    images: usize,
    hooks: Hooks,
}

/// The gradient to a layer's output.
enum Arrived {
    There(Tensor),
    ToBeMade(Box<Deferred>),
}

impl LayerBackward {
    fn arrived(&self, brought: &Tensor) -> Result<Arrived, ModelError> {
        let deferred = self.hooks.slots.deferral.as_ref().and_then(Slot::take);
        Ok(match deferred {
            Some(it) if it.is_alone(brought) => Arrived::ToBeMade(Box::new(it)),
            Some(Deferred { make, x, gradient, .. }) => {
                let mut own = self.tools.take(&self.layer.output, self.images);
                let (x, gradient) = (numbers::of(&x)?, gradient.numbers()?);
                make.all(x, gradient, &mut own, &self.tools.threads)?;
                Arrived::There(numbers::owned(Box::new(own))?.f_add(brought)?)
            }
            None => Arrived::There(MemoryFormat::Contiguous.apply(brought)?),
        })
    }

    /// Where the input's gradient goes, and whether it is added to what is there.
    fn target(&self) -> (Pooled, bool) {
        let Self { layer, tools, images, hooks } = self;
        match hooks.slots.branch.as_ref().and_then(Slot::take).map(Arc::try_unwrap) {
            Some(Ok(own)) => (own, true),
            Some(Err(shared)) => {
                let mut own = tools.take(&layer.input, *images);
                own.copy_from_slice(&shared);
                (own, true)
            }
            None => (tools.take(&layer.input, *images), false),
        }
    }
}

impl TwoWays for LayerBackward {
    fn on_kernels(
        &self,
        saved: &[&Tensor],
        to_y: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        let Self { layer, tools, images, .. } = self;
        let (x, weight) = (saved[0], saved[1]);
        let (images, threads) = (*images, &tools.threads);
        let conv = layer.conv();
        let mut to_kept = vec![0.0; conv.kept().len()];
        let mut to_x = wanted[0].then(|| self.target());
        let arrived = self.arrived(to_y)?;
        match (&arrived, &mut to_x, wanted[1]) {
            (Arrived::ToBeMade(deferred), to_x, is_wanted) => {
                let Deferred { make, x: between, gradient, .. } = &**deferred;
                let (between, gradient) = (numbers::of(between)?, gradient.numbers()?);
                make.check(between, gradient)?;
                let make = |block, to: &mut [f32]| make.block(block, between, gradient, to);
                let to_x = to_x.as_mut().map(|(to_x, adds)| (&mut to_x[..], *adds));
                let to_w = is_wanted.then_some(&mut to_kept[..]);
                let x = numbers::of(x)?;
                conv.gradients_as_made(images, x, &make, &tools.pool, to_x, to_w, threads)?;
            }
            (Arrived::There(to_y), Some((to_x, adds)), true) => {
                let (x, to_y) = (numbers::of(x)?, numbers::of(to_y)?);
                conv.gradients(images, x, to_y, to_x, *adds, &mut to_kept, threads)?;
            }
            (Arrived::There(to_y), Some((to_x, adds)), false) => {
                conv.input_gradient(images, numbers::of(to_y)?, to_x, *adds, threads)?;
            }
            (Arrived::There(to_y), None, true) => {
                let (x, to_y) = (numbers::of(x)?, numbers::of(to_y)?);
                conv.weight_gradient(images, x, to_y, &mut to_kept, threads)?;
            }
            (Arrived::There(_), None, false) => {}
        }
        let to_x = to_x.map(|(buffer, _)| numbers::owned(Box::new(buffer))).transpose()?;
        let to_w = wanted[1].then(|| layer.dense_gradient(weight, &conv, &to_kept)).transpose()?;
        let mut found = vec![to_x, to_w];
        // A layer with a bias waits for nothing that is to be made.
        if let (Some(&is_wanted), Arrived::There(to_y)) = (wanted.get(2), &arrived) {
            found.push(match is_wanted {
                true => {
                    let sums = channel_sums(&layer.output, images, numbers::of(to_y)?, threads)?;
                    Some(Tensor::from_slice(&sums))
                }
                false => None,
            });
        }
        Ok(found)
    }

    fn differentiable(
        &self,
        saved: &[&Tensor],
        to_y: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        let Self { layer, tools, images, .. } = self;
        two_ways::gradients(saved, to_y, wanted, |saved| {
            let blocked = Blocked::of(saved[0].shallow_clone(), layer.input, *images);
            let x = blocked.down(tools, &blocked.shape())?;
            let shape = &layer.shape;
            let [stride, padding] =
                [shape.stride, shape.padding].map(|pair| pair.map(|size| size as i64));
            let [height, width] = shape.kernel;
            let inputs = shape.in_channels / shape.groups;
            let size = [shape.out_channels, inputs, height, width].map(|size| size as i64);
            let weight = saved[1].f_where_scalarother(&layer.mask(), 0.0)?.f_view(size)?;
            let groups = shape.groups as i64;
            let y = x.f_conv2d(&weight, saved.get(2).copied(), stride, padding, [1, 1], groups)?;
            Ok(Blocked::up(tools, &y, layer.output)?.tensor)
        })
    }
}

/// Each weight of a mask.
///
/// # Errors
///
/// A tensor that is no mask.
pub(super) fn kept(mask: &Tensor) -> Result<Vec<bool>, ModelError> {
    let flat: Vec<bool> = Vec::try_from(mask.f_flatten(0, -1)?)?;
    match flat.len() == mask.numel() {
        true => Ok(flat),
        false => Err(KernelError::Shape { what: "a mask that is none".to_owned() }.into()),
    }
}

//! A convolution or linear layer under a fixed mask, as a node of autograd.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tch::Tensor;

use super::blocked::{Blocked, Tools};
use super::dense::{self, TwoWays};
use super::handover::{Branch, Deferral, Deferred, Slot};
use crate::kernels::conv::{Conv, ConvShape, Single};
use crate::kernels::norm::{Moments, channel_sums};
use crate::kernels::{Frame, Isa, KernelError, Pool};
use crate::model::error::ModelError;
use crate::torch::memory_format::MemoryFormat;
use crate::torch::node::attach;
use crate::torch::{OpError, numbers};

/// Zero rows and columns around the input's and around the output's images.
pub(super) type Margins = [[usize; 2]; 2];

/// What a layer has to do with its neighbours.
#[derive(Default)]
pub(super) struct Hooks {
    /// Whether the output's are of use.
    pub moments: bool,
    /// Where the input's other gradient may wait, which this one is added to then.
    pub branch: Option<Branch>,
    /// Where it may wait how to make the output's gradient.
    pub deferral: Option<Deferral>,
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
    single: Mutex<Option<Single>>,
    /// Dense gradients to the weight, which are zero where nothing is kept: so they stay when they
    /// are used again.
    gradients: Arc<Pool>,
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
        let single = single.get_or_insert_with(|| Single::new(&self.conv()));
        let x = MemoryFormat::Contiguous.apply(x)?;
        let images = x.size().first().copied().unwrap_or(0);
        let [height, width] = self.shape.output();
        let mut shape = vec![images, self.shape.out_channels as i64];
        if x.dim() > 2 {
            shape.extend([height as i64, width as i64]);
        }
        let (x, weight) = (numbers::of(&x)?, numbers::of(weight)?);
        let bias = bias.map(numbers::of).transpose()?;
        numbers::filled(&shape, |y| {
            let images = images.unsigned_abs() as usize;
            Ok(single.forward(images, x, weight, bias, y, &tools.threads)?)
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

impl TwoWays for LayerBackward {
    fn on_kernels(
        &self,
        saved: &[&Tensor],
        to_y: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        let Self { layer, tools, images, hooks } = self;
        let (x, weight) = (saved[0], saved[1]);
        let (images, threads) = (*images, &tools.threads);
        let conv = layer.conv();
        let mut to_kept = vec![0.0; conv.kept().len()];
        let other = hooks.branch.as_ref().and_then(Slot::take);
        let adds = other.is_some();
        let mut to_x = wanted[0].then(|| match other.map(Arc::try_unwrap) {
            Some(Ok(own)) => own,
            Some(Err(shared)) => {
                let mut own = tools.take(&layer.input, images);
                own.copy_from_slice(&shared);
                own
            }
            None => tools.take(&layer.input, images),
        });
        let mut deferred = hooks.deferral.as_ref().and_then(Slot::take);
        let mut to_y = to_y.shallow_clone();
        if let Some(it) = deferred.take_if(|it| !it.is_alone(&to_y)) {
            let mut own = tools.take(&layer.output, images);
            it.make.all(numbers::of(&it.x)?, it.gradient.numbers()?, &mut own, threads)?;
            to_y = numbers::owned(Box::new(own))?.f_add(&to_y)?;
        }
        let to_y = match &deferred {
            Some(_) => None,
            None => Some(MemoryFormat::Contiguous.apply(&to_y)?),
        };
        let to_y = to_y.as_ref().map(numbers::of).transpose()?.unwrap_or_default();
        if let Some(Deferred { make, x: between, gradient, .. }) = &deferred {
            let (between, gradient) = (numbers::of(between)?, gradient.numbers()?);
            make.check(between, gradient)?;
            let make = |block, to: &mut [f32]| make.block(block, between, gradient, to);
            let to_x = to_x.as_deref_mut().map(|to_x| (to_x, adds));
            let to_w = wanted[1].then_some(&mut to_kept[..]);
            let x = numbers::of(x)?;
            conv.gradients_as_made(images, x, &make, &tools.pool, to_x, to_w, threads)?;
        } else {
            match (&mut to_x, wanted[1]) {
                (Some(to_x), true) => {
                    let x = numbers::of(x)?;
                    conv.gradients(images, x, to_y, to_x, adds, &mut to_kept, threads)?;
                }
                (Some(to_x), false) => conv.input_gradient(images, to_y, to_x, adds, threads)?,
                (None, true) => {
                    conv.weight_gradient(images, numbers::of(x)?, to_y, &mut to_kept, threads)?;
                }
                (None, false) => {}
            }
        }
        let to_x = to_x.map(|buffer| numbers::owned(Box::new(buffer))).transpose()?;
        let to_w = wanted[1].then(|| layer.dense_gradient(weight, &conv, &to_kept)).transpose()?;
        let mut found = vec![to_x, to_w];
        if let Some(&wanted) = wanted.get(2) {
            let to_bias = || channel_sums(&layer.output, images, to_y, threads);
            let to_bias = wanted.then(to_bias).transpose()?;
            found.push(to_bias.map(|sums| Tensor::from_slice(&sums)));
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
        dense::gradients(saved, to_y, wanted, |saved| {
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

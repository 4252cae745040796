//! A convolution or linear layer under a fixed mask, as a node of autograd.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tch::Tensor;

use super::blocked::{Blocked, Tools};
use super::dense::{self, TwoWays};
use crate::kernels::conv::{Conv, ConvShape};
use crate::kernels::norm::channel_sums;
use crate::kernels::{Frame, Isa, KernelError, Pool};
use crate::model::error::ModelError;
use crate::torch::node::attach;
use crate::torch::{OpError, numbers};

/// Zero rows and columns around the input's and around the output's images.
pub(super) type Margins = [[usize; 2]; 2];

/// The kernels of one layer, made once for a mask.
pub(super) struct Layer {
    conv: Mutex<Conv>,
    shape: ConvShape,
    input: Frame,
    output: Frame,
    /// Bool, of the weight's shape.
    mask: Mutex<Tensor>,
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
    ) -> Result<Blocked, ModelError> {
        let mut buffer = tools.take(&self.output, x.images);
        {
            let mut conv = self.conv();
            conv.set_weights(numbers::of(weight)?)?;
            let bias = bias.map(numbers::of).transpose()?;
            let input = numbers::of(&x.tensor)?;
            conv.forward(x.images, input, bias, &mut buffer, &tools.threads)?;
        }
        let y = Blocked::new(buffer, self.output, x.images)?;
        let mut inputs = vec![&x.tensor, weight];
        inputs.extend(bias);
        let backward =
            LayerBackward { layer: self.clone(), tools: tools.clone(), images: x.images };
        attach(&inputs, &y.tensor, &inputs, Box::new(backward))?;
        Ok(y)
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
}

impl TwoWays for LayerBackward {
    fn on_kernels(
        &self,
        saved: &[&Tensor],
        to_y: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        let Self { layer, tools, images } = self;
        let (x, weight) = (saved[0], saved[1]);
        let (images, threads) = (*images, &tools.threads);
        let to_y = numbers::of(to_y)?;
        let conv = layer.conv();
        let mut to_kept = vec![0.0; conv.kept().len()];
        let mut to_x = wanted[0].then(|| tools.take(&layer.input, images));
        match (&mut to_x, wanted[1]) {
            (Some(to_x), true) => {
                conv.gradients(images, numbers::of(x)?, to_y, to_x, &mut to_kept, threads)?;
            }
            (Some(to_x), false) => conv.input_gradient(images, to_y, to_x, threads)?,
            (None, true) => {
                conv.weight_gradient(images, numbers::of(x)?, to_y, &mut to_kept, threads)?;
            }
            (None, false) => {}
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
        let Self { layer, tools, images } = self;
        dense::gradients(saved, to_y, wanted, || {
            let blocked =
                Blocked { tensor: saved[0].shallow_clone(), frame: layer.input, images: *images };
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

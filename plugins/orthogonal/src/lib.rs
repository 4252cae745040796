//! Weights that keep lengths and angles.

#[path = "../../kaiming/src/anew.rs"]
mod anew;

use jackpot_plugin_api::prelude::*;

use anew::start_over;

/// Random orthogonal weights, Saxe et al. 2014 (arXiv 1312.6120), in place of the ticket's.
///
/// Every weight of a convolution or linear layer is drawn anew: as a matrix W of [out, all other
/// dimensions] it has W·Wᵀ = gain²·1, or WᵀW = gain²·1 if it has more rows than columns, uniformly
/// distributed: the factor Q of a normal matrix (transposed if it is wide) with a positive diagonal
/// in R, as `torch.nn.init.orthogonal_`; computed in f64. The mask then acts on the weights, so
/// what a ticket keeps is in general not orthogonal. PyTorch's function sets one tensor; what
/// happens to the others is decided here: normalisations get scale 1 and shift 0, all other biases
/// 0; what a tweak added (a skip's layers) stays as the tweak made it.
#[derive(Params)]
struct Orthogonal {
    /// A factor of all weights; PyTorch's recommendation for ReLU is √2.
    #[param(default = 1.0, range = 0.0..=1e6)]
    gain: f64,
}

impl Init for Orthogonal {
    const NAME: &str = "orthogonal";
    const KEEPS_TICKET: bool = false;

    fn initialize(&self, model: &Model<'_>, ctx: &Ctx<'_>) -> Result<(), Error> {
        start_over(model, ctx, |rng, stream, info| {
            let [rows, rest @ ..] = info.shape.as_slice() else {
                return Err(Error::new(format!("`{}` is no matrix: it has no size", info.name)));
            };
            let columns = rest.iter().product();
            let normal = rng.normal(stream, &[*rows, columns]).to_dtype(Dtype::F64);
            let weight = if *rows < columns {
                orthonormal_columns(&normal.transpose(0, 1)).transpose(0, 1)
            } else {
                orthonormal_columns(&normal)
            };
            Ok((weight * self.gain).reshape(&info.shape))
        })
    }
}

/// The factor Q of a tall matrix whose R has a positive diagonal.
fn orthonormal_columns(tall: &Tensor) -> Tensor {
    let q = tall.op("aten::linalg_qr", &[]);
    // R's diagonal: each column of Q times that of the matrix.
    let diagonal = (&q * tall).sum_dim(&[0], true);
    // Not the sign, which of 0 would be 0.
    q * (diagonal.ge(0.0).to_dtype(Dtype::F64) * 2.0 - 1.0)
}

export_plugin!(inits: [Orthogonal]);

//! A network's weights from the beginning: what the plugins kaiming, xavier and orthogonal share.
//! They differ in how a convolution's or linear layer's weight is drawn, and include this file.

use jackpot_plugin_api::prelude::*;

/// Draws the weight of every convolution and linear layer, in state-dict order and each from the
/// stream of its place; normalisations get scale 1 and shift 0, all other biases 0.
///
/// What a tweak has added keeps the values that the tweak chose, and takes no place: the same seed
/// draws the same weights under every recipe. Parameters of any other role stay as they are.
pub fn start_over(
    model: &Model<'_>,
    ctx: &Ctx<'_>,
    draw: impl Fn(&Rng<'_>, i64, &ParameterInfo) -> Result<Tensor, Error>,
) -> Result<(), Error> {
    let mut stream = 0;
    for info in model.infos()?.iter().filter(|info| !info.added) {
        let weight = match info.role {
            Role::Conv | Role::Linear => {
                stream += 1;
                draw(&ctx.rng(), stream, info)?
            }
            Role::Norm | Role::Bias => {
                ctx.creator().full(&info.shape, constant(&info.name), Dtype::F32)
            }
            Role::Other => continue,
        };
        model.set(&info.name, &weight)?;
    }
    Ok(())
}

/// 0 for a bias and 1 for a normalisation's scale, which PyTorch calls its weight.
fn constant(name: &str) -> f64 {
    if name.rsplit('.').next() == Some("bias") { 0.0 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_one_and_shifts_zero() {
        assert_eq!(constant("layer1.0.bn1.weight"), 1.0);
        assert_eq!(constant("layer1.0.bn1.bias"), 0.0);
        assert_eq!(constant("bias"), 0.0);
        assert_eq!(constant("bias.scale"), 1.0);
    }
}

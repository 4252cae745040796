//! What the networks are fed and asked for.

use jackpot_plugin_api::prelude::*;

/// The smallest image whose side survives three halvings.
const SMALLEST: i64 = 8;

/// The image's channels and the number of classes.
///
/// # Errors
///
/// An input that is no square image of at least 8 × 8 pixels in f32, or an output that is not one
/// number per class.
pub fn channels_and_classes(input: &TensorSpec, output: &TensorSpec) -> Result<(i64, i64), Error> {
    let channels = match input.shape[..] {
        [channels, height, width] if channels > 0 && height == width && height >= SMALLEST => {
            channels
        }
        _ => {
            return Err(Error::new(format!(
                "a ResNet takes square images [C, H, W] with H = W of at least {SMALLEST}, and the \
                 data's `{}` has shape {:?}",
                input.name, input.shape
            )));
        }
    };
    if input.dtype != "f32" {
        return Err(Error::new(format!(
            "a ResNet takes f32 images, and the data's `{}` is {}",
            input.name, input.dtype
        )));
    }
    match output.shape[..] {
        [classes] if classes > 0 => Ok((channels, classes)),
        _ => Err(Error::new(format!(
            "a ResNet gives one number per class, [classes], and the data asks for `{}` of shape \
             {:?}",
            output.name, output.shape
        ))),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn spec(name: &str, shape: &[i64]) -> TensorSpec {
        TensorSpec { name: name.to_owned(), shape: shape.to_vec(), dtype: "f32".to_owned() }
    }

    fn read(input: &[i64], output: &[i64]) -> Result<(i64, i64), Error> {
        channels_and_classes(&spec("images", input), &spec("logits", output))
    }

    #[test]
    fn images_and_classes() {
        assert_eq!(read(&[3, 32, 32], &[100]), Ok((3, 100)));
        assert_eq!(read(&[1, 8, 8], &[10]), Ok((1, 10)));
    }

    #[test]
    fn other_inputs_are_refused_in_words() {
        for shape in [&[3, 32, 16][..], &[3, 7, 7], &[0, 32, 32], &[32, 32], &[784], &[]] {
            let error = read(shape, &[10]).unwrap_err().to_string();
            assert!(error.contains(&format!("`images` has shape {shape:?}")), "{error}");
        }
        let bytes = TensorSpec { dtype: "u8".to_owned(), ..spec("images", &[3, 32, 32]) };
        let error = channels_and_classes(&bytes, &spec("logits", &[10])).unwrap_err();
        assert!(error.to_string().contains("`images` is u8"), "{error}");
    }

    #[test]
    fn other_outputs_are_refused_in_words() {
        for shape in [&[][..], &[0], &[10, 2]] {
            let error = read(&[3, 32, 32], shape).unwrap_err().to_string();
            assert!(error.contains(&format!("`logits` of shape {shape:?}")), "{error}");
        }
    }
}

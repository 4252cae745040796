//! What a classifier of images asks of its input and its output.

use super::TensorSpec;
use crate::error::Error;

impl TensorSpec {
    /// The sizes `[C, H, W]` of f32 images whose sides have at least `smallest` pixels.
    ///
    /// # Errors
    ///
    /// Any other input: what `network` takes, and what the data has.
    pub fn image_for(&self, network: &str, smallest: i64) -> Result<[i64; 3], Error> {
        match self.shape[..] {
            [channels, height, width]
                if channels > 0 && height.min(width) >= smallest && self.dtype == "f32" =>
            {
                Ok([channels, height, width])
            }
            _ => Err(Error::new(format!(
                "{network} takes f32 images [C, H, W] with H and W of at least {smallest}, and the \
                 data's `{}` is {} of shape {:?}",
                self.name, self.dtype, self.shape
            ))),
        }
    }

    /// The number of classes, of an output `[classes]`.
    ///
    /// # Errors
    ///
    /// Any other output: what `network` gives, and what is asked for.
    pub fn classes_for(&self, network: &str) -> Result<i64, Error> {
        match self.shape[..] {
            [classes] if classes > 0 => Ok(classes),
            _ => Err(Error::new(format!(
                "{network} gives one number per class, [classes], and the data asks for `{}` of \
                 shape {:?}",
                self.name, self.shape
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(shape: &[i64], dtype: &str) -> TensorSpec {
        TensorSpec { name: "x".to_owned(), shape: shape.to_vec(), dtype: dtype.to_owned() }
    }

    #[test]
    fn images_from_the_smallest_side_on() {
        assert_eq!(spec(&[3, 8, 9], "f32").image_for("a net", 8), Ok([3, 8, 9]));
        for shape in [&[3, 7, 8][..], &[3, 8, 7], &[0, 8, 8], &[8, 8], &[]] {
            let error = spec(shape, "f32").image_for("a net", 8).unwrap_err().to_string();
            assert!(error.starts_with("a net takes") && error.contains("at least 8"), "{error}");
            assert!(error.ends_with(&format!("`x` is f32 of shape {shape:?}")), "{error}");
        }
        let error = spec(&[3, 8, 8], "u8").image_for("a net", 8).unwrap_err().to_string();
        assert!(error.contains("`x` is u8"), "{error}");
    }

    #[test]
    fn one_number_per_class() {
        assert_eq!(spec(&[10], "f32").classes_for("a net"), Ok(10));
        for shape in [&[][..], &[0], &[10, 2]] {
            let error = spec(shape, "f32").classes_for("a net").unwrap_err().to_string();
            assert!(error.starts_with("a net gives"), "{error}");
            assert!(error.ends_with(&format!("`x` of shape {shape:?}")), "{error}");
        }
    }
}

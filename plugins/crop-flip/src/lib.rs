//! Random crops and mirror images.

use jackpot_plugin_api::prelude::*;

/// The streams of random numbers; two draws within one call must not share one.
const ROW: i64 = 0;
const COLUMN: i64 = 1;
const MIRROR: i64 = 2;

/// A random crop of the padded image, then its mirror image half of the time.
///
/// As torchvision's `RandomCrop(size, padding)` and `RandomHorizontalFlip()`: the image gets a
/// black border of `padding` pixels, and a window of the image's own size is cut out at one of
/// the (2·padding + 1)² places, all equally likely. Every sample of a batch has its own place.
#[derive(Params)]
struct CropFlip {
    /// The border's width in pixels; 0 switches the crop off.
    #[param(default = 4, range = 0..=1024)]
    padding: i64,
    /// Whether an image becomes its mirror image (left and right) with probability 0.5.
    #[param(default = true)]
    flip: bool,
}

impl Augmentation for CropFlip {
    const NAME: &str = "crop-flip";
    fn augment(&self, batch: Batch, ctx: &Ctx<'_>) -> Batch {
        if self.padding == 0 && !self.flip {
            return batch;
        }
        // One number per sample, as a column, so that it meets every pixel of a row.
        let draw = |stream| ctx.rng().uniform_for(stream, &batch.indices, &[1]);
        let offset = |stream| self.offset(&draw(stream));
        let (height, width) = (batch.images.size(2), batch.images.size(3));
        let create = batch.images.creator();
        let rows = create.arange(height).unsqueeze(0) + offset(ROW);
        let mut columns = create.arange(width).unsqueeze(0);
        if self.flip {
            columns = columns.flip(&[1]).where_self(&draw(MIRROR).lt(0.5), &columns);
        }
        let columns = columns + offset(COLUMN);
        let images = window(&self.pad(&batch.images), &rows, &columns);
        Batch { images, ..batch }
    }
}

impl CropFlip {
    /// Uniform in [0, 1) to a whole number from 0 to 2·padding (i64).
    fn offset(&self, uniform: &Tensor) -> Tensor {
        let last = (2 * self.padding) as f64;
        // In f32 the product may round up to the first number out of range.
        (uniform * (last + 1.0)).floor().clamp_max(last).to_dtype(Dtype::I64)
    }

    /// A black border on all four sides.
    fn pad(&self, images: &Tensor) -> Tensor {
        images.pad(&[self.padding; 4], 0.0)
    }
}

/// `images[n, :, rows[n, i], columns[n, j]]`: `[N, C, H', W']` to `[N, C, H, W]`, with rows
/// `[N, H]` and columns `[N, W]` (i64), as one gather over flattened images.
fn window(images: &Tensor, rows: &Tensor, columns: &Tensor) -> Tensor {
    let (samples, channels) = (images.size(0), images.size(1));
    let (height, width) = (rows.size(1), columns.size(-1));
    let starts = rows.op("aten::mul.Scalar", &[images.size(3).into()]);
    let places = starts.unsqueeze(2) + columns.unsqueeze(1);
    let places = places.reshape(&[samples, 1, height * width]);
    let places = places.expand(&[samples, channels, height * width]);
    images.flatten(2, 3).gather(2, &places).reshape(&[samples, channels, height, width])
}

export_plugin!(augmentations: [CropFlip]);

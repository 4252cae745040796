//! One image file → RGB bytes, the same on every machine.
//!
//! The content decides the format, not the file's name. JPEGs are decoded without SIMD: what a
//! processor can do must not change a pixel, since the pixels' hash is part of a job's identity.
//! Greyscale becomes RGB with three equal channels, an alpha channel is dropped, 16 bits become 8.
//! Orientation tags and colour profiles are ignored, as torchvision's loader does.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::CHANNELS;
use super::error::ImageError;
use super::resize::cropped;
use crate::kernels::planes;

/// To be raised when the same file may decode to other pixels than before: then no cache of an
/// older version is used.
pub const VERSION: u32 = 1;

/// An image wider or higher than this is taken for a damaged file.
const LIMIT: usize = 1 << 15;

/// So many pixels an image may have whatever the size of its file.
const FREE_PIXELS: usize = 1 << 22;
/// And so many more for each of its bytes: what a PNG of black and white can hold at most, whose
/// compression is at most 1032 to 1.
const PIXELS_PER_BYTE: usize = 1032 * 8;

/// How images come to the same size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizing {
    /// Each has so many pixels each way, or is an error.
    Exactly(usize),
    /// Each has the size of the first one, or is an error.
    AsFirst,
    /// The shorter side is resized to so many pixels, and the middle square kept.
    Crop(usize),
}

/// An image in memory: red, green, blue, red, ..., row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rgb {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<u8>,
}

/// Reads a file.
pub fn decode(path: &Path) -> Result<Rgb, ImageError> {
    let bytes = std::fs::read(path)
        .map_err(|source| ImageError::Unreadable { path: path.to_owned(), source })?;
    decode_bytes(path, &bytes)
}

/// Reads a file into `out`, which is of that shape (channels, height, width). `first` is the file
/// that the size comes from, for errors.
pub fn decode_into(
    path: &Path,
    sizing: Sizing,
    shape: [usize; 3],
    first: Option<&PathBuf>,
    out: &mut [u8],
) -> Result<(), ImageError> {
    let mut image = decode(path)?;
    let [_, height, width] = shape;
    if let Sizing::Crop(size) = sizing {
        image = cropped(image, size);
    }
    if [image.height, image.width] != [height, width] {
        let wanted = match first {
            Some(first) if sizing == Sizing::AsFirst => format!(
                "{} has {width}×{height}. Set `data.image_size` to bring all to one size",
                first.display()
            ),
            _ => format!("the dataset's images have {width}×{height}; unpack the archive again"),
        };
        let (width, height) = (image.width, image.height);
        return Err(ImageError::Size { path: path.to_owned(), width, height, wanted });
    }
    planes(&image.pixels, out);
    Ok(())
}

/// Decodes a file's content; `path` is for errors.
pub fn decode_bytes(path: &Path, bytes: &[u8]) -> Result<Rgb, ImageError> {
    let wrong = |reason: String| ImageError::Decode { path: path.to_owned(), reason };
    if bytes.is_empty() {
        return Err(wrong("it is empty".to_owned()));
    }
    match image::guess_format(bytes) {
        Ok(ImageFormat::Jpeg) => jpeg(bytes).map_err(wrong),
        Ok(
            format @ (ImageFormat::Png | ImageFormat::Bmp | ImageFormat::WebP | ImageFormat::Pnm),
        ) => other(bytes, format).map_err(wrong),
        Ok(format) => {
            let format = format!("a {} file", format.extensions_str().first().unwrap_or(&"?"));
            Err(ImageError::Format { path: path.to_owned(), format })
        }
        Err(_) => Err(wrong("its content is no image that is known".to_owned())),
    }
}

fn jpeg(bytes: &[u8]) -> Result<Rgb, String> {
    let options = DecoderOptions::default()
        .set_use_unsafe(false)
        .set_strict_mode(true)
        .set_max_width(LIMIT)
        .set_max_height(LIMIT)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(bytes), options);
    decoder.decode_headers().map_err(in_words)?;
    let (width, height) = decoder.dimensions().ok_or("it has no size")?;
    plausible(width, height, bytes)?;
    let pixels = decoder.decode().map_err(in_words)?;
    let info = decoder.info().ok_or("it has no size")?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    whole(Rgb { width, height, pixels })
}

fn other(bytes: &[u8], format: ImageFormat) -> Result<Rgb, String> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = image::Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(LIMIT as u32), Some(LIMIT as u32));
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(in_words)?;
    let (width, height) = decoder.dimensions();
    plausible(width as usize, height as usize, bytes)?;
    decoder.set_limits(limits).map_err(in_words)?;
    let image = DynamicImage::from_decoder(decoder).map_err(in_words)?.into_rgb8();
    let (width, height) = (image.width() as usize, image.height() as usize);
    whole(Rgb { width, height, pixels: image.into_raw() })
}

/// A library's error on one line.
fn in_words(error: impl std::fmt::Display) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Refuses a size that the file cannot hold, before memory is set aside for it: a header of a few
/// bytes may claim a billion pixels.
fn plausible(width: usize, height: usize, bytes: &[u8]) -> Result<(), String> {
    let most = FREE_PIXELS + PIXELS_PER_BYTE * bytes.len();
    match width.saturating_mul(height) <= most {
        true => Ok(()),
        false => Err(format!(
            "it says {width}×{height} pixels, more than a file of {} bytes can hold",
            bytes.len()
        )),
    }
}

/// Whether the pixels are as many as the size says.
fn whole(image: Rgb) -> Result<Rgb, String> {
    match image.pixels.len() == image.width * image.height * CHANNELS && !image.pixels.is_empty() {
        true => Ok(image),
        false => Err(format!(
            "it has {} bytes of pixels instead of {}×{}×{CHANNELS}",
            image.pixels.len(),
            image.width,
            image.height
        )),
    }
}

#[cfg(test)]
mod tests;

//! Real JPEGs beside what Pillow makes of them, PNGs made here, damaged files.

use std::path::PathBuf;

use image::{DynamicImage, ImageBuffer, Luma, Rgb as Pixel, Rgba};

use super::*;

fn sample(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/images").join(name)
}

/// How much two images differ, at most and on average.
fn difference(a: &Rgb, b: &Rgb) -> (u8, f64) {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let each = || a.pixels.iter().zip(&b.pixels).map(|(a, b)| a.abs_diff(*b));
    (each().max().unwrap(), each().map(f64::from).sum::<f64>() / a.pixels.len() as f64)
}

#[test]
fn jpegs_are_decoded_as_pillow_does() {
    for (name, most) in
        [("colour", 6), ("sharp", 4), ("progressive", 6), ("grey", 1), ("cmyk", 6), ("odd", 6)]
    {
        let found = decode(&sample(&format!("{name}.jpg"))).unwrap();
        let expected = decode(&sample(&format!("{name}.png"))).unwrap();
        let (worst, mean) = difference(&found, &expected);
        assert!(worst <= most && mean < 1.0, "{name}: {worst} {mean}");
    }
}

#[test]
fn a_grey_jpeg_has_three_equal_channels() {
    let image = decode(&sample("grey.jpg")).unwrap();
    assert!(image.pixels.chunks(3).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]));
}

#[test]
fn decoded_bytes_are_pinned() {
    // If this fails after an update of a decoder, raise VERSION: caches hold the old pixels, and
    // results of image folders were made with them.
    assert_eq!(VERSION, 1);
    let hash = |name| crate::digest::sha256(&decode(&sample(name)).unwrap().pixels);
    // The two files have the same coefficients.
    let expected = "cfa2931aa9ab4a720572b7a433f89b7835dfacff2e3c929c3499f40dc97d86fa";
    assert_eq!(hash("colour.jpg"), expected);
    assert_eq!(hash("progressive.jpg"), expected);
}

/// The image as a file of that format.
fn file(image: DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

fn read(bytes: &[u8]) -> Result<Rgb, ImageError> {
    decode_bytes(Path::new("x.jpg"), bytes)
}

#[test]
fn other_formats_become_rgb() {
    let colour: ImageBuffer<Pixel<u8>, _> =
        ImageBuffer::from_raw(2, 1, vec![1, 2, 3, 250, 251, 252]).unwrap();
    let colour = Rgb { width: 2, height: 1, pixels: colour.into_raw() };
    let rgb = || {
        DynamicImage::from(
            ImageBuffer::<Pixel<u8>, _>::from_raw(2, 1, colour.pixels.clone()).unwrap(),
        )
    };
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::Pnm, ImageFormat::WebP] {
        assert_eq!(read(&file(rgb(), format)).unwrap(), colour, "{format:?}");
    }
    let alpha: ImageBuffer<Rgba<u8>, _> = ImageBuffer::from_raw(1, 1, vec![9, 8, 7, 0]).unwrap();
    assert_eq!(read(&file(alpha.into(), ImageFormat::Png)).unwrap().pixels, [9, 8, 7]);
    let grey: ImageBuffer<Luma<u16>, _> = ImageBuffer::from_raw(1, 1, vec![0x00ff]).unwrap();
    let bytes = file(grey.into(), ImageFormat::Png);
    assert_eq!(read(&bytes).unwrap().pixels, [1; 3], "rounded, not cut, from 16 bits");
}

#[test]
fn damage_is_an_error_that_names_the_file() {
    let jpeg = std::fs::read(sample("colour.jpg")).unwrap();
    let png = std::fs::read(sample("colour.png")).unwrap();
    for bytes in [&jpeg, &png] {
        // Cut anywhere, also a few bytes before the end.
        for length in [3, 20, 100, bytes.len() / 2, bytes.len() - 40] {
            let error = read(&bytes[..length]).expect_err(&format!("{length}")).to_string();
            assert!(error.starts_with("x.jpg cannot be decoded: "), "{error}");
            assert!(error.ends_with("copy or unpack it again, or remove it"), "{error}");
        }
    }
    assert!(read(b"").unwrap_err().to_string().contains("it is empty"));
    assert!(read(b"hello, world").unwrap_err().to_string().contains("no image that is known"));
    let gif = read(b"GIF89a\x01\0\x01\0").unwrap_err().to_string();
    assert_eq!(
        gif,
        "x.jpg is a gif file, which is not read; convert it to PNG or JPEG, or remove it"
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    /// Whatever is in a file, it is decoded whole or refused, on one line.
    #[test]
    fn changed_bytes_never_panic(
        jpeg: bool, place in 0..1500_usize, value: u8, length in 0..1800_usize, cut: bool
    ) {
        let name = if jpeg { "colour.jpg" } else { "odd.png" };
        let mut bytes = std::fs::read(sample(name)).unwrap();
        bytes[place] = value;
        if cut {
            bytes.truncate(length);
        }
        match read(&bytes) {
            Ok(image) => {
                proptest::prop_assert_eq!(image.pixels.len(), 3 * image.width * image.height);
            }
            Err(error) => proptest::prop_assert!(!error.to_string().contains('\n'), "{error}"),
        }
    }
}

#[test]
fn channels_become_planes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.png");
    let image: ImageBuffer<Pixel<u8>, _> =
        ImageBuffer::from_raw(2, 1, vec![1, 2, 3, 4, 5, 6]).unwrap();
    std::fs::write(&path, file(image.into(), ImageFormat::Png)).unwrap();
    let mut out = [0; 6];
    decode_into(&path, Sizing::AsFirst, [3, 1, 2], Some(&path), &mut out).unwrap();
    assert_eq!(out, [1, 4, 2, 5, 3, 6]);
    let first = PathBuf::from("first.png");
    let error = decode_into(&path, Sizing::AsFirst, [3, 2, 2], Some(&first), &mut [0; 12]);
    assert_eq!(
        error.unwrap_err().to_string(),
        format!(
            "{} has 2×1 pixels; first.png has 2×2. Set `data.image_size` to bring all to one size",
            path.display()
        )
    );
    let error = decode_into(&path, Sizing::Exactly(64), [3, 64, 64], None, &mut []);
    assert!(error.unwrap_err().to_string().contains("the dataset's images have 64×64"));
}

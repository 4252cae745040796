//! Resizing the shorter side and keeping the middle.

use image::imageops::{self, FilterType};
use image::{ImageBuffer, Rgb as Pixel};

use super::decode::Rgb;

/// The image with its shorter side resized to `size` (bilinear with antialiasing: a triangle filter
/// as wide as the step between pixels), and the middle `size` × `size` of that.
///
/// The longer side becomes ⌊size · longer / shorter⌋; where an odd number of pixels is cut, one
/// more goes on the right or below.
pub fn cropped(image: Rgb, size: usize) -> Rgb {
    let Rgb { width, height, pixels } = image;
    if (width, height) == (size, size) {
        return Rgb { width, height, pixels };
    }
    let (new_width, new_height) = target(width, height, size);
    let buffer: Option<ImageBuffer<Pixel<u8>, Vec<u8>>> =
        ImageBuffer::from_raw(width as u32, height as u32, pixels);
    // A decoded image has as many bytes as its size says.
    let buffer = buffer.unwrap_or_default();
    let resized = if (new_width, new_height) == (width, height) {
        buffer
    } else {
        imageops::resize(&buffer, new_width as u32, new_height as u32, FilterType::Triangle)
    };
    let (left, top) = ((new_width - size) / 2, (new_height - size) / 2);
    let middle =
        imageops::crop_imm(&resized, left as u32, top as u32, size as u32, size as u32).to_image();
    Rgb { width: size, height: size, pixels: middle.into_raw() }
}

/// Width and height after resizing.
fn target(width: usize, height: usize, size: usize) -> (usize, usize) {
    match width <= height {
        true => (size, size * height / width.max(1)),
        false => (size * width / height.max(1), size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_side_gets_the_size() {
        assert_eq!(target(640, 480, 64), (85, 64));
        assert_eq!(target(480, 640, 64), (64, 85));
        assert_eq!(target(10, 10, 64), (64, 64));
        assert_eq!(target(1, 1000, 2), (2, 2000));
    }

    /// A 4 × 2 image whose red is `column`, green `row`, blue 7.
    fn wide() -> Rgb {
        let pixels = (0..2).flat_map(|row| (0..4).flat_map(move |column| [column, row, 7]));
        Rgb { width: 4, height: 2, pixels: pixels.collect() }
    }

    #[test]
    fn the_middle_is_kept() {
        let square = cropped(wide(), 2);
        assert_eq!((square.width, square.height), (2, 2));
        assert_eq!(square.pixels, [1, 0, 7, 2, 0, 7, 1, 1, 7, 2, 1, 7]);
    }

    #[test]
    fn an_image_of_the_size_stays() {
        let image = Rgb { width: 1, height: 1, pixels: vec![1, 2, 3] };
        assert_eq!(cropped(image.clone(), 1), image);
    }

    #[test]
    fn halving_averages_with_a_triangle() {
        // One row 0, 0, 240, 240 halved twice as wide a triangle: weights 1, 3, 3, 1 of 8 where
        // all four are inside; at the border what is inside, rescaled.
        let row: Vec<u8> = [0, 0, 240, 240].into_iter().flat_map(|x| [x; 3]).collect();
        let image = Rgb { width: 4, height: 2, pixels: [row.clone(), row].concat() };
        let small = imageops::resize(
            &ImageBuffer::<Pixel<u8>, _>::from_raw(4, 2, image.pixels).unwrap(),
            2,
            1,
            FilterType::Triangle,
        );
        // (3·0 + 3·0 + 1·240) / 7 and (1·0 + 3·240 + 3·240) / 7.
        assert_eq!(small.into_raw(), [34, 34, 34, 206, 206, 206]);
    }
}

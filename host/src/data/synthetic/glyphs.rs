//! The ten shapes. None is the mirror image of another, so that flipped images keep their class.

/// Glyphs are 5×5.
pub const SIZE: i32 = 5;

/// A class.
pub struct Glyph {
    pub name: &'static str,
    /// Row by row from the top; the highest of the five bits is the left pixel.
    rows: [u8; SIZE as usize],
}

impl Glyph {
    /// The places (x, y) of its pixels.
    pub fn pixels(&self) -> impl Iterator<Item = (i32, i32)> {
        (0..SIZE).flat_map(move |y| {
            let row = self.rows[y as usize];
            (0..SIZE).filter(move |&x| row >> (SIZE - 1 - x) & 1 == 1).map(move |x| (x, y))
        })
    }
}

pub const GLYPHS: [Glyph; 10] = [
    Glyph { name: "tee", rows: [0b11111, 0b00100, 0b00100, 0b00100, 0b00100] },
    Glyph { name: "corner", rows: [0b10000, 0b10000, 0b10000, 0b10000, 0b11111] },
    Glyph { name: "plus", rows: [0b00100, 0b00100, 0b11111, 0b00100, 0b00100] },
    Glyph { name: "cross", rows: [0b10001, 0b01010, 0b00100, 0b01010, 0b10001] },
    Glyph { name: "zigzag", rows: [0b11111, 0b00010, 0b00100, 0b01000, 0b11111] },
    Glyph { name: "cup", rows: [0b10001, 0b10001, 0b10001, 0b10001, 0b11111] },
    Glyph { name: "ladder", rows: [0b10001, 0b10001, 0b11111, 0b10001, 0b10001] },
    Glyph { name: "square", rows: [0b11111, 0b10001, 0b10001, 0b10001, 0b11111] },
    Glyph { name: "stripes", rows: [0b11111, 0b00000, 0b11111, 0b00000, 0b11111] },
    Glyph { name: "diamond", rows: [0b00100, 0b01010, 0b10001, 0b01010, 0b00100] },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_glyph_is_another_one_or_its_mirror_image() {
        let mirror = |rows: [u8; 5]| rows.map(|row| row.reverse_bits() >> 3);
        assert_eq!(mirror([0b10000, 0b11000, 0, 0, 1]), [0b00001, 0b00011, 0, 0, 0b10000]);
        for (i, a) in GLYPHS.iter().enumerate() {
            for b in &GLYPHS[..i] {
                assert!(a.rows != b.rows && a.rows != mirror(b.rows), "{} {}", a.name, b.name);
            }
        }
    }

    #[test]
    fn pixels_are_read_from_the_left() {
        let places: Vec<_> = GLYPHS[1].pixels().collect();
        assert_eq!(places[..4], [(0, 0), (0, 1), (0, 2), (0, 3)]);
        assert_eq!(places[4..], [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]);
    }
}

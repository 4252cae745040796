//! The bytes, the balance, and that pixels by themselves say nothing.

use super::*;
use crate::config::{DataConfig, DatasetChoice};

#[test]
fn the_bytes_have_not_changed() {
    let config =
        DataConfig { validation: 200, ..DataConfig::whole(DatasetChoice::Synthetic, None) };
    let data = crate::data::load(&config, &crate::data::Unwatched).unwrap();
    assert_eq!((data.train.len(), data.validation.len(), data.test.len()), (1800, 200, 1000));
    assert_eq!(data.sha256, HASH);
}

#[test]
fn every_prefix_is_balanced() {
    let source = generate();
    assert_eq!(source.classes, 10);
    assert_eq!(source.train.labels[..12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    assert_eq!(source.train.images.len(), 2000 * 3 * 32 * 32);
    assert_ne!(source.train.images[..3072], source.test.images[..3072]);
}

#[test]
fn a_glyph_is_in_its_image() {
    // A plus of nine pixels in three channels; what is drawn outside the image is lost.
    let mut canvas = Canvas::ground(&mut Stream::new(0, "test", 0, 0).cursor());
    let mut before = Vec::new();
    canvas.write(&mut before);
    for (x, y) in GLYPHS[2].pixels() {
        canvas.add(x + 10, y + 20, [50, 60, 70]);
    }
    canvas.add(-1, 5, [99; 3]);
    canvas.add(5, 32, [99; 3]);
    let mut after = Vec::new();
    canvas.write(&mut after);
    let changed: Vec<usize> =
        (0..3072).filter(|&i| before[i] != after[i]).map(|i| i % 1024).collect();
    let plus = [20 * 32 + 12, 21 * 32 + 12];
    assert_eq!(changed.len(), 27);
    assert_eq!(changed[..2], plus);
    assert_eq!(after[20 * 32 + 12] - before[20 * 32 + 12], 50);
}

#[test]
fn class_means_tell_nothing() {
    // The nearest class mean, the simplest linear classifier, is right for about one in ten.
    let source = generate();
    let image = source.image_size();
    let mut means = vec![vec![0.0f32; image]; 10];
    let samples = source.train.images.chunks_exact(image).zip(&source.train.labels);
    for (pixels, &label) in samples {
        let mean = &mut means[label as usize];
        mean.iter_mut().zip(pixels).for_each(|(m, &p)| *m += f32::from(p) / 200.0);
    }
    let distance = |mean: &[f32], pixels: &[u8]| -> f32 {
        mean.iter().zip(pixels).map(|(m, &p)| (m - f32::from(p)).powi(2)).sum()
    };
    let right = source.test.images.chunks_exact(image).zip(&source.test.labels).filter(
        |(pixels, label)| {
            let nearest = (0..10).min_by(|&a, &b| {
                distance(&means[a], pixels).total_cmp(&distance(&means[b], pixels))
            });
            nearest == Some(**label as usize)
        },
    );
    let right = right.count();
    assert!((60..180).contains(&right), "{right} of 1000");
}

const HASH: &str = "25dda294fdfbc53816c99ab08285fe9eeb8676efb74cb6f90bb2c896ca1daae4";

//! Where cutout's squares are, and how large.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};

use crate::harness::{Item, batch_of, expect, noise, numbers};

/// Rows and columns, each `(first, behind the last)`, of the pixels that are `fill` in images of
/// ones; `None` if there is none. Fails if these are not a rectangle in all channels.
fn holes(params: Value, count: i64, size: [i64; 3], fill: f32) -> Vec<Option<[(i64, i64); 2]>> {
    let [channels, height, width] = size;
    let ones = Tensor::ones([count, channels, height, width], (Kind::Float, Device::Cpu));
    let out = Item::new("cutout", params).at(0, &batch_of(ones, 2)).images;
    let found = |place: i64| {
        let image = numbers(&out.get(place));
        assert!(image.iter().all(|&x| x == 1.0 || x == fill));
        let hole = |row: i64, column: i64| image[(row * width + column) as usize] == fill;
        let rows: Vec<_> = (0..height).filter(|&r| (0..width).any(|c| hole(r, c))).collect();
        let columns: Vec<_> = (0..width).filter(|&c| (0..height).any(|r| hole(r, c))).collect();
        let span = |places: &[i64]| Some((*places.first()?, places.last()? + 1));
        let (rows, columns) = (span(&rows)?, span(&columns)?);
        for (place, &x) in image.iter().enumerate() {
            let (row, column) = (place as i64 / width % height, place as i64 % width);
            let inside =
                (rows.0..rows.1).contains(&row) && (columns.0..columns.1).contains(&column);
            assert_eq!(x == fill, inside);
        }
        Some([rows, columns])
    };
    (0..count).map(found).collect()
}

/// The centre of a hole that is clipped at most on one side: it covers `size` places from
/// centre − ⌊size/2⌋ on.
fn centre((first, behind): (i64, i64), size: i64, length: i64) -> i64 {
    let start = if first > 0 { first } else { behind - size };
    assert_eq!((first, behind), (start.max(0), (start + size).min(length)));
    start + size / 2
}

#[test]
fn every_pixel_is_a_centre_equally_often() {
    for (size, height, width) in [(4, 8, 6), (3, 7, 8), (1, 5, 5)] {
        let count = 6000;
        let holes = holes(json!({ "size": size }), count, [2, height, width], 0.0);
        let mut centres = BTreeMap::<_, usize>::new();
        for hole in holes {
            let [rows, columns] = hole.expect("every image has a hole");
            let place = (centre(rows, size, height), centre(columns, size, width));
            *centres.entry(place).or_default() += 1;
        }
        let all = (height * width) as usize;
        assert_eq!(centres.len(), all);
        assert!(centres.keys().all(|c| (0..height).contains(&c.0) && (0..width).contains(&c.1)));
        for (place, n) in centres {
            expect(n, count as usize, 1.0 / all as f64, &format!("size {size}, {place:?}"));
        }
    }
}

#[test]
fn only_a_part_of_the_images_gets_one_in_its_colour() {
    let count = 10_000;
    let params = json!({ "size": 2, "p": 0.3, "fill": 0.5 });
    let with = holes(params, count, [1, 4, 4], 0.5).iter().flatten().count();
    assert!((with as f64 / count as f64 - 0.3).abs() <= 0.02, "{with}");
    let without = holes(json!({ "p": 0.0 }), 100, [1, 4, 4], 0.0);
    assert!(without.iter().all(Option::is_none));
}

#[test]
fn a_square_larger_than_the_image_covers_all_of_it() {
    let holes = holes(json!({ "size": 64 }), 50, [3, 8, 5], 0.0);
    assert!(holes.iter().all(|hole| *hole == Some([(0, 8), (0, 5)])));
}

#[test]
fn the_default_on_images_of_cifar_is_16_wide() {
    let holes = holes(json!({}), 300, [3, 32, 32], 0.0);
    let spans = holes.iter().flatten().flatten().map(|span| span.1 - span.0);
    let (least, most) = spans.fold((32, 0), |(a, b), n| (a.min(n), b.max(n)));
    assert_eq!((least, most), (8, 16));
}

#[test]
fn pixels_outside_stay() {
    let batch = batch_of(noise([50, 3, 8, 8]) * 0.5 + 0.25, 2);
    let out = Item::new("cutout", json!({ "size": 4 })).at(0, &batch).images;
    let kept = out.not_equal(0.0);
    assert_eq!(out.where_self(&kept, &batch.images), batch.images);
    assert!(kept.to_kind(Kind::Float).mean(Kind::Float).double_value(&[]) > 0.7);
}

//! The courses of all trainings as event files, for TensorBoard.
//!
//! Such a file is a row of records: the length, its checksum, the bytes, their checksum. The bytes
//! are a protocol buffer of a few fields, which is all that scalars need.

use std::fs;
use std::path::Path;

use super::read::ReportError;
use super::run::{Point, Row, Run, Split};
use super::write::replace;

/// TensorBoard takes a file for its own if the name has `tfevents` in it.
const FILE: &str = "events.out.tfevents.jackpot";

/// Writes an event file for every job with a course, in folders as the run has them, and returns
/// how many. A step is an epoch; there are no times in them, so that the same run gives the same
/// bytes.
///
/// # Errors
/// A folder that cannot be written.
pub fn tensorboard(folder: &Path, run: &Run) -> Result<usize, ReportError> {
    let mut count = 0;
    for row in run.rows.iter().filter(|row| !row.curve.is_empty()) {
        let folder = folder.join(row.folder());
        let path = folder.join(FILE);
        fs::create_dir_all(&folder)
            .and_then(|()| replace(&path, &events(row)))
            .map_err(|source| ReportError::Write { path, source })?;
        count += 1;
    }
    Ok(count)
}

/// How a field's value is written.
const NUMBER: u8 = 0;
const BYTES: u8 = 2;
const FLOAT: u8 = 5;

fn key(field: u8, how: u8) -> u8 {
    (field << 3) | how
}

fn events(row: &Row) -> Vec<u8> {
    let mut out = record(&text(3, "brain.Event:2"));
    for point in &row.curve {
        let values: Vec<u8> = scalars(point)
            .into_iter()
            .filter(|(_, value)| value.is_finite())
            .flat_map(|(tag, value)| {
                let mut one = text(1, &tag);
                one.push(key(2, FLOAT));
                one.extend((value as f32).to_le_bytes());
                bytes(1, &one)
            })
            .collect();
        let mut event = vec![key(2, NUMBER)];
        event.extend(number(point.epoch.round() as u64));
        event.extend(bytes(5, &values));
        out.extend(record(&event));
    }
    out
}

fn scalars(point: &Point) -> Vec<(String, f64)> {
    let split = match point.split {
        Split::Train => "train",
        Split::Validation => "validation",
        Split::Test => "test",
    };
    let measured = [("loss", point.loss), ("accuracy", point.accuracy)];
    let measured =
        measured.into_iter().filter_map(|(what, value)| Some((format!("{what}/{split}"), value?)));
    let rate = point.rate.map(|rate| ("learning rate".to_owned(), rate));
    let knobs = point.knobs.iter().map(|(name, value)| (format!("knobs/{name}"), *value));
    measured.chain(rate).chain(knobs).collect()
}

fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut out = length.to_vec();
    out.extend(masked(&length).to_le_bytes());
    out.extend(data);
    out.extend(masked(data).to_le_bytes());
    out
}

/// The CRC-32C, turned and shifted as the format wants it.
fn masked(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// A field of text or of another message.
fn bytes(field: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![key(field, BYTES)];
    out.extend(number(value.len() as u64));
    out.extend(value);
    out
}

fn text(field: u8, value: &str) -> Vec<u8> {
    bytes(field, value.as_bytes())
}

/// Seven bits a byte, the low ones first.
fn number(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    /// The first record that the `tensorboard` package itself writes, but for its time.
    #[test]
    fn the_head_of_a_file_to_the_byte() {
        let head = record(&text(3, "brain.Event:2"));
        assert_eq!(head[..8], [15, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(head[12..27], *b"\x1a\x0dbrain.Event:2");
        assert_eq!(head.len(), 31);
        assert_eq!(number(300), [0xac, 0x02]);
    }

    #[test]
    fn a_point_is_an_event() {
        let mut row = sample::row(Some("a"), 1, 0, 0.5);
        row.curve = vec![Point {
            epoch: 3.0,
            split: Split::Train,
            loss: Some(f64::NAN),
            accuracy: Some(0.5),
            rate: None,
            knobs: vec![],
        }];
        let events = events(&row);
        // Step 3; a summary of 23 bytes with one value of 21: the tag, and 0.5 as a float.
        let expected = b"\x10\x03\x2a\x17\x0a\x15\x0a\x0eaccuracy/train\x15\x00\x00\x00\x3f";
        assert_eq!(events[31 + 12..events.len() - 4], *expected);
    }

    #[test]
    fn a_folder_for_each_job() {
        let folder = tempfile::tempdir().unwrap();
        let shape = sample::Shape { recipes: &["a", "b"], draws: &["imp"], seeds: 1, levels: 2 };
        assert_eq!(tensorboard(folder.path(), &sample::large("x", &shape)).unwrap(), 4);
        assert!(folder.path().join("spend/b/imp/seed-42/level-01").join(FILE).is_file());
    }
}

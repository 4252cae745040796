use std::fs;

use proptest::prelude::*;
use tch::Tensor;

use super::*;
use crate::digest::sha256;

fn saved(step: u64) -> Saved {
    let position = Position {
        step,
        loss_sum: 0.1 + 0.2,
        correct: 3,
        images: 4,
        best: Some((0.5, 1)),
        forwards: step,
        rewind: BTreeMap::new(),
    };
    let model = State::from([("w".to_owned(), Tensor::from_slice(&[step as f32, f32::NAN]))]);
    let mask = State::from([("w".to_owned(), Tensor::from_slice(&[step == 1, true]))]);
    Saved {
        position,
        model,
        optimizer: State::new(),
        best: None,
        masks: Some(mask),
        best_masks: None,
        metrics: Metrics::from_text("{\"step\":1}\n".to_owned()),
    }
}

fn newest_in(folder: &Path) -> Found {
    newest(folder, |_| Vec::new(), folder).unwrap()
}

fn step(found: &Found) -> Option<u64> {
    found.saved.as_ref().map(|saved| saved.position.step)
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_last_two_are_kept_and_the_newest_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert!(newest_in(&folder.join("nowhere")).saved.is_none());
    for step in [1, 2, 10] {
        save(folder, &saved(step)).unwrap();
    }
    assert_eq!(names(folder), ["step-000000000002.checkpoint", "step-000000000010.checkpoint"]);
    let back = newest_in(folder).saved.unwrap();
    assert_eq!(back.position, saved(10).position);
    assert_eq!(back.model["w"].double_value(&[0]), 10.0);
    assert!(back.model["w"].double_value(&[1]).is_nan());
    assert_eq!(back.masks.unwrap()["w"].int64_value(&[0]), 0);
    assert!(back.best.is_none() && back.best_masks.is_none() && back.optimizer.is_empty());
    assert_eq!(back.metrics.text(), "{\"step\":1}\n");
    // A kill while the next one is written leaves this beside.
    fs::write(folder.join(".step-000000000011.checkpoint.tmp"), b"jackpot").unwrap();
    assert_eq!(step(&newest_in(folder)), Some(10));
}

#[test]
fn every_damaged_byte_is_noticed_and_the_one_before_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    save(folder, &saved(1)).unwrap();
    save(folder, &saved(2)).unwrap();
    let path = folder.join("step-000000000002.checkpoint");
    let bytes = fs::read(&path).unwrap();
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1 << (place % 8);
        assert!(file::decode(&damaged, &path).is_err(), "byte {place}");
        assert!(file::decode(&bytes[..place], &path).is_err(), "cut off at {place}");
    }
    for damaged in [&bytes[..bytes.len() - 1], &[&bytes[..], b"x"].concat(), b""] {
        fs::write(&path, damaged).unwrap();
        let found = newest_in(folder);
        assert_eq!(step(&found), Some(1));
        let [(file, _)] = &found.unusable[..] else { panic!("{:?}", found.unusable) };
        assert_eq!(*file, path);
    }
    fs::write(folder.join("step-000000000001.checkpoint"), b"").unwrap();
    let found = newest_in(folder);
    assert!(found.saved.is_none() && found.unusable.len() == 2 && !found.is_past_a_point);
}

#[test]
fn weights_to_rewind_to_belong_to_the_states_past_them() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, into) = (folder.path(), tempfile::tempdir().unwrap());
    let name = "rewind-2it.safetensors".to_owned();
    fs::write(folder.join(&name), b"weights").unwrap();
    save(folder, &saved(1)).unwrap();
    let mut later = saved(3);
    later.position.rewind.insert(name.clone(), sha256(b"weights"));
    save(folder, &later).unwrap();
    let points = |step: u64| if step >= 2 { vec![name.clone()] } else { Vec::new() };
    let found = || newest(folder, points, into.path()).unwrap();
    assert_eq!(step(&found()), Some(3));
    assert_eq!(fs::read(into.path().join(&name)).unwrap(), b"weights");
    fs::write(folder.join(&name), b"weightz").unwrap();
    assert_eq!(step(&found()), Some(1));
    fs::remove_file(folder.join(&name)).unwrap();
    assert_eq!(step(&found()), Some(1));
    // A point that nobody knew of when the state was written.
    let points = |step: u64| if step >= 1 { vec!["other".to_owned()] } else { Vec::new() };
    let found = newest(folder, points, into.path()).unwrap();
    assert!(found.saved.is_none() && found.is_past_a_point);
}

proptest! {
    #[test]
    fn numbers_come_back_to_the_bit(loss_sum in any::<f64>(), accuracy in 0.0..=1.0_f64) {
        prop_assume!(loss_sum.is_finite());
        let mut one = saved(5);
        one.position.loss_sum = loss_sum;
        one.position.best = Some((accuracy, 2));
        let bytes = file::encode(&one).unwrap().concat();
        let back = file::decode(&bytes, Path::new("x")).unwrap();
        prop_assert_eq!(back.position.loss_sum.to_bits(), loss_sum.to_bits());
        prop_assert_eq!(back.position, one.position);
    }
}

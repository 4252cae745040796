//! Cutting, limits, normalisation, the hash; and the real files where there are some.

use std::path::PathBuf;

use super::*;
use crate::data::Unwatched;

/// Five training images of 1×1×2 pixels, two test images.
fn source() -> Source {
    Source {
        name: "tiny".to_owned(),
        shape: [1, 1, 2],
        classes: 5,
        label_names: None,
        train: Samples { images: (0..10).collect(), labels: (0..5).collect() },
        validation: None,
        test: Samples { images: vec![10, 11, 12, 13], labels: vec![3, 4] },
        normalisation: None,
    }
}

fn config() -> DataConfig {
    DataConfig::whole(DatasetChoice::Synthetic, None)
}

fn labels(split: &Split) -> Vec<i64> {
    Vec::try_from(&split.labels).unwrap()
}

fn message(config: &DataConfig) -> String {
    cut(source(), config).unwrap_err().to_string()
}

#[test]
fn validation_comes_first_and_limits_after() {
    let config =
        DataConfig { validation: 2, train_limit: Some(2), test_limit: Some(1), ..config() };
    let data = cut(source(), &config).unwrap();
    assert_eq!(labels(&data.validation), [0, 1]);
    assert_eq!(labels(&data.train), [2, 3]);
    assert_eq!(labels(&data.test), [3]);
    assert_eq!(Vec::<u8>::try_from(data.train.images.view([-1])).unwrap(), [4, 5, 6, 7]);
    assert_eq!(data.train.images.size(), [2, 1, 1, 2]);
    // The pixels 4, 5, 6, 7 alone.
    assert_eq!(data.mean, [5.5 / 255.0]);
    assert_eq!(data.std, [(1.25_f64.sqrt() / 255.0) as f32]);
}

#[test]
fn a_limit_above_the_number_of_images_is_none() {
    let config = DataConfig { train_limit: Some(99), test_limit: Some(99), ..config() };
    let data = cut(source(), &config).unwrap();
    assert_eq!((data.train.len(), data.validation.len(), data.test.len()), (5, 0, 2));
}

#[test]
fn the_datasets_own_validation_is_used() {
    let own = Samples { images: vec![20, 21], labels: vec![1] };
    let source = || Source { validation: Some(own.clone()), ..source() };
    assert_eq!(labels(&cut(source(), &config()).unwrap().validation), [1]);
    let config =
        DataConfig { validation: 1, root: Some(PathBuf::from("my.safetensors")), ..config() };
    assert_eq!(
        cut(source(), &config).unwrap_err().to_string(),
        "my.safetensors has its own validation images, but `data.validation` sets 1 training \
         images aside as well; leave one of the two out"
    );
}

#[test]
fn too_much_validation_and_zero_limits_are_refused() {
    assert_eq!(
        message(&DataConfig { validation: 5, ..config() }),
        "`data.validation` = 5 leaves nothing to train on: tiny has 5 training images; set at \
         most 4"
    );
    assert_eq!(
        message(&DataConfig { train_limit: Some(0), ..config() }),
        "`data.train_limit` = 0 leaves no images; set at least 1, or leave it out to use all"
    );
    assert_eq!(
        message(&DataConfig { test_limit: Some(0), ..config() }),
        "`data.test_limit` = 0 leaves no images; set at least 1, or leave it out to use all"
    );
}

#[test]
fn normalisation_is_checked() {
    assert_eq!(
        message(&DataConfig { mean: Some(vec![0.5, 0.5, 0.5]), ..config() }),
        "`data.mean` has 3 entries, but the images of tiny have 1 channels"
    );
    assert_eq!(
        message(&DataConfig { std: Some(vec![]), ..config() }),
        "`data.std` has 0 entries, but the images of tiny have 1 channels"
    );
    assert_eq!(
        message(&DataConfig { mean: Some(vec![f64::NAN]), ..config() }),
        "`data.mean`[0] is NaN; it must be a finite number (pixels are in [0, 1])"
    );
    for (std, shown) in [(0.0, "0"), (-1.0, "-1"), (1e-60, &format!("{}", 1e-60))] {
        assert_eq!(
            message(&DataConfig { std: Some(vec![std]), ..config() }),
            format!(
                "`data.std`[0] is {shown}; it must be a positive number (pixels are in [0, 1])"
            )
        );
    }
    let mut flat = source();
    flat.train.images.fill(9);
    assert_eq!(
        cut(flat, &config()).unwrap_err().to_string(),
        "channel 0 is the same in every pixel of the training images of tiny, so they cannot be \
         normalised by their own deviation; set `data.std`"
    );
}

#[test]
fn the_configs_normalisation_goes_before_the_datasets() {
    let own = Normalisation { mean: vec![0.25], std: vec![0.5] };
    let source = || Source { normalisation: Some(own.clone()), ..source() };
    let data = cut(source(), &config()).unwrap();
    assert_eq!((data.mean, data.std), (vec![0.25], vec![0.5]));
    let data = cut(source(), &DataConfig { std: Some(vec![0.125]), ..config() }).unwrap();
    assert_eq!((data.mean, data.std), (vec![0.25], vec![0.125]));
    let both = DataConfig { mean: Some(vec![0.75]), std: Some(vec![0.125]), ..config() };
    let mut flat = self::source();
    flat.train.images.fill(9);
    let data = cut(flat, &both).unwrap();
    assert_eq!((data.mean, data.std), (vec![0.75], vec![0.125]));
}

#[test]
fn the_hash_is_of_the_documented_bytes() {
    let config = DataConfig { validation: 1, train_limit: Some(1), ..config() };
    let mut bytes = Vec::new();
    let number = |bytes: &mut Vec<u8>, x: u64| bytes.extend(x.to_le_bytes());
    number(&mut bytes, 5);
    for (samples, pixels) in
        [(vec![1], vec![2, 3]), (vec![0], vec![0, 1]), (vec![3, 4], vec![10, 11, 12, 13])]
    {
        for size in [samples.len() as u64, 1, 1, 2].into_iter().chain(samples) {
            number(&mut bytes, size);
        }
        bytes.extend::<Vec<u8>>(pixels);
    }
    let expected: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(cut(source(), &config).unwrap().sha256, expected);
    assert_ne!(cut(source(), &self::config()).unwrap().sha256, expected);
}

/// The folder of real files, if the environment names one.
fn real(test: &str) -> Option<PathBuf> {
    let root = std::env::var_os("JACKPOT_TEST_DATA");
    if root.is_none() {
        eprintln!("{test}: skipped, JACKPOT_TEST_DATA is not set");
    }
    root.map(|root| PathBuf::from(root).join("small"))
}

#[test]
fn real_cifar10_loads() {
    let Some(root) = real("real_cifar10_loads") else { return };
    let dataset = DatasetChoice::Cifar10;
    let config = DataConfig { dataset, root: Some(root), validation: 100, ..config() };
    let data = load(&config, &Unwatched).unwrap();
    assert_eq!((data.train.len(), data.validation.len(), data.test.len()), (900, 100, 200));
    assert_eq!(data.label_names.unwrap()[9], "truck");
    let counts = data.test.labels.bincount::<&tch::Tensor>(None, 10);
    assert_eq!(Vec::<i64>::try_from(counts).unwrap(), [20; 10]);
}

#[test]
fn real_cifar100_loads() {
    let Some(root) = real("real_cifar100_loads") else { return };
    let (dataset, root) = (DatasetChoice::Cifar100, Some(root.join("cifar-100-binary")));
    let data = load(&DataConfig { dataset, root, ..config() }, &Unwatched).unwrap();
    assert_eq!((data.train.len(), data.validation.len(), data.test.len()), (2000, 0, 500));
    assert_eq!(data.label_names.unwrap()[0], "apple");
    let counts = data.train.labels.bincount::<&tch::Tensor>(None, 100);
    assert_eq!(Vec::<i64>::try_from(counts).unwrap(), [20; 100]);
    // The constants of the whole dataset fit this part of it.
    let batch = data.train.fetch(&(0..2000).collect::<Vec<_>>()).unwrap();
    let mean = batch.images.mean_dim([0, 2, 3].as_slice(), false, tch::Kind::Float);
    for (found, expected) in Vec::<f32>::try_from(mean).unwrap().into_iter().zip(&data.mean) {
        assert!((found - expected).abs() < 0.02, "{found} {expected}");
    }
}

#[test]
fn real_tiny_imagenet_loads() {
    let Some(root) = real("real_tiny_imagenet_loads") else { return };
    let folder = tempfile::tempdir().unwrap();
    let archive = std::fs::File::open(root.join("tiny-imagenet-200.tar.gz")).unwrap();
    tar::Archive::new(flate2::read::GzDecoder::new(archive)).unpack(folder.path()).unwrap();
    let dataset = DatasetChoice::TinyImagenet;
    let config =
        DataConfig { dataset, root: Some(folder.path().to_owned()), validation: 100, ..config() };
    let data = load(&config, &Unwatched).unwrap();
    assert_eq!((data.train.len(), data.validation.len(), data.test.len()), (900, 100, 400));
    assert_eq!((data.shape, data.classes), ([3, 64, 64], 200));
    assert_eq!(data.label_names.as_ref().unwrap()[0], "Egyptian cat");
    let counts = data.test.labels.bincount::<&tch::Tensor>(None, 200);
    assert_eq!(Vec::<i64>::try_from(counts).unwrap(), [2; 200]);
    // Not one class after the other.
    let classes: std::collections::BTreeSet<i64> = labels(&data.validation).into_iter().collect();
    assert!(classes.len() > 60, "{}", classes.len());
    // The constants of the whole dataset fit this part of it.
    let measured = Normalisation::measured(&data.train, data.shape).unwrap();
    let pairs = |a: Vec<f32>, b: &[f32]| a.into_iter().zip(b.to_vec()).collect::<Vec<_>>();
    for (found, expected) in
        [pairs(measured.mean, &data.mean), pairs(measured.std, &data.std)].concat()
    {
        assert!((found - expected).abs() < 0.01, "{found} {expected}");
    }
    // Decoded or from the cache: the same.
    assert_eq!(load(&config, &Unwatched).unwrap().sha256, data.sha256);
}

//! Small datasets in real formats. The images are noise around one colour per class, so that a
//! few steps learn something.

use std::fs;
use std::path::{Path, PathBuf};

use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::Sandbox;

/// A sequence of bytes that looks random and is always the same.
struct Noise(u64);

impl Noise {
    fn byte(&mut self) -> u8 {
        // Knuth's multiplier; the upper bits are the good ones.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 56) as u8
    }
}

/// Channels × side × side pixels of that class.
fn image(class: usize, side: usize, noise: &mut Noise) -> Vec<u8> {
    let pixel = |channel: usize, noise: &mut Noise| {
        let colour = (class * 83 + channel * 131) % 160;
        (colour as u8).saturating_add(noise.byte() / 3)
    };
    let mut pixels = Vec::with_capacity(3 * side * side);
    for channel in 0..3 {
        pixels.extend((0..side * side).map(|_| pixel(channel, noise)));
    }
    pixels
}

/// `data.safetensors`: 64 training and 32 test images, 3 × 8 × 8, of 4 classes.
pub fn tensors(sandbox: &Sandbox) -> PathBuf {
    let path = sandbox.at("data.safetensors");
    fs::write(&path, tensors_file([64, 32], 4)).unwrap();
    path
}

/// The bytes of a file of the dataset `tensors` with so many training and test images.
pub fn tensors_file(sizes: [usize; 2], classes: usize) -> Vec<u8> {
    let mut noise = Noise(7);
    let mut parts = Vec::new();
    for (split, size) in ["train", "test"].into_iter().zip(sizes) {
        let images: Vec<u8> = (0..size).flat_map(|i| image(i % classes, 8, &mut noise)).collect();
        let labels: Vec<u8> =
            (0..size).flat_map(|i| ((i % classes) as i64).to_le_bytes()).collect();
        parts.push((format!("{split}_images"), Dtype::U8, vec![size, 3, 8, 8], images));
        parts.push((format!("{split}_labels"), Dtype::I64, vec![size], labels));
    }
    let views = parts.iter().map(|(name, dtype, shape, bytes)| {
        (name.as_str(), TensorView::new(*dtype, shape.clone(), bytes).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

/// CIFAR-10's binary files in `folder`: 10 images in each of the five training files and 20 for
/// testing.
pub fn cifar10(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let mut noise = Noise(10);
    let mut records = |count: usize| -> Vec<u8> {
        (0..count)
            .flat_map(|i| [vec![(i % 10) as u8], image(i % 10, 32, &mut noise)].concat())
            .collect()
    };
    for number in 1..=5 {
        fs::write(folder.join(format!("data_batch_{number}.bin")), records(10)).unwrap();
    }
    fs::write(folder.join("test_batch.bin"), records(20)).unwrap();
}

/// CIFAR-100's binary files in `folder`: 100 images for training and 100 for testing.
pub fn cifar100(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let mut noise = Noise(100);
    for name in ["train.bin", "test.bin"] {
        let record = |i: usize| [vec![(i / 5) as u8, i as u8], image(i, 32, &mut noise)].concat();
        fs::write(folder.join(name), (0..100).flat_map(record).collect::<Vec<u8>>()).unwrap();
    }
}

/// An image of that class, coloured or grey, as a PNG whatever the file's name says: loaders go by
/// the content.
pub fn paint(path: &Path, class: usize, [width, height]: [u32; 2], grey: bool) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut noise = Noise(path.as_os_str().len() as u64);
    let side = width.max(height) as usize;
    let planes = image(class, side, &mut noise);
    let at =
        |channel: usize, x: u32, y: u32| planes[(channel * side + y as usize) * side + x as usize];
    let picture: image::DynamicImage = match grey {
        true => image::GrayImage::from_fn(width, height, |x, y| image::Luma([at(0, x, y)])).into(),
        false => image::RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([at(0, x, y), at(1, x, y), at(2, x, y)])
        })
        .into(),
    };
    picture.save_with_format(path, image::ImageFormat::Png).unwrap();
}

/// Tiny-ImageNet's folders with 3 classes of 8 training images and 4 test images each, one of each
/// class grey, and two real JPEGs among them; returns the folder `tiny-imagenet-200` in `parent`.
pub fn tiny_imagenet(parent: &Path) -> PathBuf {
    let folder = parent.join("tiny-imagenet-200");
    let classes = ["n03", "n01", "n02"];
    let mut boxes = String::new();
    for (label, class) in classes.into_iter().enumerate() {
        for number in 0..8 {
            let path = folder.join(format!("train/{class}/images/{class}_{number}.JPEG"));
            paint(&path, label, [64, 64], number == 3);
        }
        fs::write(folder.join(format!("train/{class}/{class}_boxes.txt")), "").unwrap();
        for number in 0..4 {
            let name = format!("val_{}.JPEG", 3 * number + label);
            paint(&folder.join("val/images").join(&name), label, [64, 64], false);
            boxes.push_str(&format!("{name}\t{class}\t0\t0\t63\t63\n"));
        }
    }
    for (name, place) in
        [("grey.jpg", "train/n01/images/n01_0.JPEG"), ("progressive.jpg", "val/images/val_0.JPEG")]
    {
        fs::copy(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("images").join(name),
            folder.join(place),
        )
        .unwrap();
    }
    fs::write(folder.join("val/val_annotations.txt"), boxes).unwrap();
    fs::write(folder.join("wnids.txt"), classes.join("\n")).unwrap();
    fs::write(folder.join("words.txt"), "n01\tgoldfish\nn02\ttoad\nn03\tEgyptian cat\n").unwrap();
    folder
}

/// The bytes of MNIST's four files: 40 training and 20 test images of 28 × 28, of 10 classes.
pub fn mnist() -> [(&'static str, Vec<u8>); 4] {
    let mut noise = Noise(28);
    let mut images = |count: usize| {
        let pixels = (0..count).flat_map(|i| image(i % 10, 28, &mut noise)[..784].to_vec());
        idx(2051, &[count, 28, 28], pixels.collect())
    };
    let labels = |count: usize| idx(2049, &[count], (0..count).map(|i| (i % 10) as u8).collect());
    [
        ("train-images-idx3-ubyte", images(40)),
        ("train-labels-idx1-ubyte", labels(40)),
        ("t10k-images-idx3-ubyte", images(20)),
        ("t10k-labels-idx1-ubyte", labels(20)),
    ]
}

fn idx(magic: u32, sizes: &[usize], bytes: Vec<u8>) -> Vec<u8> {
    let sizes = sizes.iter().flat_map(|&size| (size as u32).to_be_bytes());
    magic.to_be_bytes().into_iter().chain(sizes).chain(bytes).collect()
}

/// The small real files, if the machine has them (see CONTRIBUTING.md).
pub fn real() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("JACKPOT_TEST_DATA")?).join("small");
    assert!(folder.is_dir(), "JACKPOT_TEST_DATA has no folder `small`");
    Some(folder)
}

/// A network for the images of [`tensors`] as a graph file: flatten → an activation site of that
/// operator → linear.
pub fn graph(op: &str, attrs: &str) -> String {
    format!(
        r#"{{
  "schema": 1,
  "inputs": [{{ "name": "images", "shape": [3, 8, 8] }}],
  "outputs": [{{ "name": "logits", "from": "head" }}],
  "parameters": [
    {{ "name": "head.weight", "shape": [4, 192], "role": "linear", "prunable": true,
      "init": {{ "kind": "normal", "mean": 0.0, "std": 0.1 }} }},
    {{ "name": "head.bias", "shape": [4], "role": "bias", "init": {{ "kind": "constant", "value": 0.0 }} }}
  ],
  "nodes": [
    {{ "id": "flat", "op": "aten::flatten.using_ints", "inputs": ["images"],
      "attrs": {{ "start_dim": 1 }} }},
    {{ "id": "act", "op": "{op}", "inputs": ["flat"], "attrs": {attrs}, "site": "activation" }},
    {{ "id": "head", "op": "aten::linear", "inputs": ["act"],
      "params": {{ "weight": "head.weight", "bias": "head.bias" }} }}
  ]
}}
"#
    )
}

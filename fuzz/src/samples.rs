//! Good files to spoil: from the repository where there are some, else made here.

use std::fs;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, TensorView};

/// The files of a folder whose names end so, sorted; none over that many bytes.
fn files(folder: &Path, ending: &str, most: u64) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let fits = |path: &PathBuf| {
        path.to_string_lossy().ends_with(ending)
            && fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() <= most)
    };
    paths.into_iter().filter(fits).map(|path| fs::read(path).unwrap()).collect()
}

pub fn configs(root: &Path) -> Vec<Vec<u8>> {
    let folders = ["configs", "configs/any-mask", "configs/studies"];
    let mut all: Vec<_> =
        folders.iter().flat_map(|folder| files(&root.join(folder), ".toml", 1 << 13)).collect();
    all.push(b"name = \"x\"\n[data]\ndataset = \"synthetic\"\n[model]\narchitecture = \"resnet8\"\n[train]\nepochs = 1\n[[draw]]\nlevels = 1\n".to_vec());
    all
}

/// Tensors of every dtype that Jackpot knows, in files of one to eight tensors.
pub fn safetensors(_: &Path) -> Vec<Vec<u8>> {
    let dtypes = [
        Dtype::F32,
        Dtype::F64,
        Dtype::I64,
        Dtype::I32,
        Dtype::U8,
        Dtype::BOOL,
        Dtype::F16,
        Dtype::BF16,
    ];
    let shapes: [&[usize]; 4] = [&[], &[3], &[2, 3], &[2, 1, 2, 2]];
    let file = |count: usize| {
        let data: Vec<_> = (0..count)
            .map(|index| {
                let (dtype, shape) = (dtypes[index % 8], shapes[index % 4].to_vec());
                let bytes = shape.iter().product::<usize>() * dtype.bitsize() / 8;
                (format!("layer{index}.weight"), dtype, shape, vec![(index % 2) as u8; bytes])
            })
            .collect();
        let views = data.iter().map(|(name, dtype, shape, data)| {
            (name.clone(), TensorView::new(*dtype, shape.clone(), data).unwrap())
        });
        safetensors::serialize(views, None).unwrap()
    };
    [1, 2, 4, 8].map(file).to_vec()
}

/// States of trainings without their first line: one after an epoch, with all groups of tensors,
/// and one of before anything was measured.
pub fn checkpoints(_: &Path) -> Vec<Vec<u8>> {
    let rewind = "0".repeat(64);
    let position = format!(
        r#"{{"step":3,"loss_sum":1.25,"correct":7,"images":48,"best":[0.5,1],"forwards":3,"rewind":{{"rewind-1ep.safetensors":"{rewind}"}}}}"#
    );
    let first =
        r#"{"step":1,"loss_sum":0.5,"correct":0,"images":16,"best":null,"forwards":1,"rewind":{}}"#;
    let metrics = r#"{\"step\":3,\"epoch\":1,\"split\":\"train\",\"loss\":2.5}\n"#;
    let state = |position: &str, metrics: &str, parts: &[&str]| {
        let listed = parts.iter().map(|part| format!("\"{part}\"")).collect::<Vec<_>>().join(",");
        let header =
            format!("{{\"position\":{position},\"parts\":[{listed}],\"metrics\":\"{metrics}\"}}\n");
        let values = [1.5_f32, -0.0].map(f32::to_le_bytes).concat();
        let views = parts.iter().map(|part| {
            let view = match part.ends_with("mask") {
                true => TensorView::new(Dtype::BOOL, vec![2], &[1, 0]),
                false => TensorView::new(Dtype::F32, vec![2], &values),
            };
            (format!("{part}/conv1.weight"), view.unwrap())
        });
        [header.into_bytes(), safetensors::serialize(views, None).unwrap()].concat()
    };
    let all = ["model", "optimizer", "best", "mask", "best-mask"];
    vec![state(&position, metrics, &all), state(first, "", &all[..2])]
}

/// Three records of each of the two layouts.
pub fn cifar(_: &Path) -> Vec<Vec<u8>> {
    let record = |labels: &[u8], shade: u8| [labels, vec![shade; 3072].as_slice()].concat();
    let ten = (0..3).flat_map(|index| record(&[index], 80 * index)).collect();
    let hundred = (0..3).flat_map(|index| record(&[index, 90 + index], 80 * index)).collect();
    vec![ten, hundred]
}

/// Two images of 4 × 3 pixels, and their labels.
pub fn idx(_: &Path) -> Vec<Vec<u8>> {
    let numbers = |numbers: &[u32]| -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
    };
    let images = [numbers(&[2051, 2, 3, 4]), (0..24).collect()].concat();
    let labels = [numbers(&[2049, 2]), vec![3, 9]].concat();
    vec![images, labels]
}

/// Two training and two test images of 1 × 2 × 2 pixels, with and without a number of classes.
pub fn tensors(_: &Path) -> Vec<Vec<u8>> {
    let labels: Vec<u8> = [0_i64, 1].iter().flat_map(|label| label.to_le_bytes()).collect();
    let file = |classes: Option<&str>| {
        let view = |name: &str| match name.ends_with("images") {
            true => TensorView::new(Dtype::U8, vec![2, 1, 2, 2], &[9; 8]).unwrap(),
            false => TensorView::new(Dtype::I64, vec![2], &labels).unwrap(),
        };
        let names = ["train_images", "train_labels", "test_images", "test_labels"];
        let classes = classes.map(|it| [("classes".to_owned(), it.to_owned())].into());
        safetensors::serialize(names.map(|name| (name, view(name))), classes).unwrap()
    };
    vec![file(None), file(Some("4"))]
}

pub fn images(root: &Path) -> Vec<Vec<u8>> {
    let folder = root.join("tests/images");
    let mut all = [files(&folder, ".jpg", 1 << 14), files(&folder, ".png", 1 << 14)].concat();
    all.push(b"P6 2 2 255\n012345678901".to_vec());
    all.push(b"P3 2 1 255\n1 2 3 4 5 6\n".to_vec());
    // A bitmap of one pixel.
    let mut bitmap = b"BM".to_vec();
    bitmap.extend([58_u32, 0, 54, 40, 1, 1].iter().flat_map(|number| number.to_le_bytes()));
    bitmap.extend([1, 0, 24, 0]);
    bitmap.extend([0_u8; 24]);
    bitmap.extend([1, 2, 3, 0]);
    all.push(bitmap);
    all
}

pub fn graphs(root: &Path) -> Vec<Vec<u8>> {
    files(&root.join("tests/golden/data"), ".net.json", 1 << 14)
}

pub fn manifests(root: &Path) -> Vec<Vec<u8>> {
    files(&root.join("fuzz/samples/manifest"), ".json", 1 << 14)
}

pub fn records(root: &Path) -> Vec<Vec<u8>> {
    files(&root.join("fuzz/samples/record"), ".json", 1 << 14)
}

/// Two plugin files, from beside the program (of a test: above it).
pub fn libraries(_: &Path) -> Vec<Vec<u8>> {
    let own = std::env::current_exe().unwrap();
    let names = ["libjackpot_relu.so", "libjackpot_mish.so"];
    let read = |folder: &Path| names.map(|name| fs::read(folder.join(name)).ok());
    let found = own.ancestors().skip(1).take(2).flat_map(read);
    found.flatten().collect()
}

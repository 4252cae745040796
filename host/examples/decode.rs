//! How fast Tiny-ImageNet's files are decoded, against the JPEG library alone on the same files and
//! threads: with the library's portable code, which is what datasets are decoded with since its
//! pixels are the same on every machine, and with its vector instructions.
//!
//! The sides take turns. The files stay in the system's cache, and so do the decoded pixels until the
//! side is over; what a start does besides (looking at the folders, writing the cache) does not count.
//!
//! ```sh
//! cargo run --release --example decode -- FOLDER/tiny-imagenet-200
//! ```

use std::error::Error;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use clap::Parser;
use jackpot::config::{DataConfig, DatasetChoice};
use jackpot::data::{Unit, Watch, load};
use jackpot::median::median;
use rayon::prelude::*;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// Times the decoding of a folder of Tiny-ImageNet. Its cache is removed.
#[derive(Parser)]
struct Options {
    /// The folder with `wnids.txt`.
    root: PathBuf,
    #[arg(long, default_value_t = 5)]
    turns: usize,
}

/// How long the stage of decoding takes, and how many images it has.
#[derive(Default)]
struct Clock {
    began: Mutex<Option<(Instant, u64)>>,
    took: Mutex<Option<(Duration, u64)>>,
}

fn held<T>(one: &Mutex<T>) -> MutexGuard<'_, T> {
    one.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch for Clock {
    fn begin(&self, what: &str, total: Option<u64>, _: u64, _: Unit) {
        let now = (Instant::now(), total.unwrap_or_default());
        *held(&self.began) = what.starts_with("decoding").then_some(now);
    }

    fn end(&self) {
        if let Some((began, images)) = held(&self.began).take() {
            *held(&self.took) = Some((began.elapsed(), images));
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let files = jpegs(&options.root)?;
    let mut rates = [const { Vec::new() }; 3];
    for _ in 0..options.turns {
        rates[0].push(dataset(&options.root)?);
        rates[1].push(library(&files, false)?);
        rates[2].push(library(&files, true)?);
    }
    println!("{} files, {} threads", files.len(), rayon::current_num_threads());
    let names = ["the dataset", "the library, portable", "the library, vector instructions"];
    for (name, rates_of) in names.iter().zip(&rates) {
        let ratios = rates[0].iter().zip(rates_of).map(|(dataset, other)| dataset / other);
        let (rate, ratio) = (median(rates_of.iter().copied()), median(ratios));
        let [rate, ratio] = [rate, ratio].map(Option::unwrap_or_default);
        println!("{name:34} {rate:8.0} images/s; the dataset has {ratio:.2} x");
    }
    Ok(())
}

/// Images per second of the whole dataset's decoding.
fn dataset(root: &Path) -> Result<f64, Box<dyn Error>> {
    let _ = fs::remove_dir_all(root.join(".jackpot-cache"));
    let clock = Clock::default();
    load(&DataConfig::whole(DatasetChoice::TinyImagenet, Some(root.to_owned())), &clock)?;
    let took = clock.took.into_inner()?.ok_or("nothing was decoded: is there another cache?")?;
    Ok(took.1 as f64 / took.0.as_secs_f64())
}

/// The same of the library alone.
fn library(files: &[PathBuf], vectors: bool) -> Result<f64, Box<dyn Error>> {
    let began = Instant::now();
    let decode = |path: &PathBuf| -> Result<Vec<u8>, String> {
        let bytes = fs::read(path).map_err(|error| error.to_string())?;
        let options = DecoderOptions::default().set_use_unsafe(vectors);
        let mut decoder = JpegDecoder::new_with_options(Cursor::new(bytes), options);
        decoder.decode().map_err(|error| error.to_string())
    };
    let decoded: Vec<Vec<u8>> = files.par_iter().map(decode).collect::<Result<_, _>>()?;
    Ok(decoded.len() as f64 / began.elapsed().as_secs_f64())
}

/// The files of the training and validation images.
fn jpegs(root: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let (mut folders, mut files) = (vec![root.join("train"), root.join("val")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|ending| ending == "JPEG") => {
                    files.push(path)
                }
                false => {}
            }
        }
    }
    files.sort();
    Ok(files)
}

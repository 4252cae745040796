//! The arguments of `jackpot data`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Datasets.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// List the datasets: format, what `root` names, where to get it
    #[command(after_help = "Example: jackpot data list")]
    List,
    /// Download a dataset, check it, and unpack it to where configs find it
    #[command(after_help = "\
Examples: jackpot data get cifar10
          jackpot data get tiny-imagenet --root /data
          jackpot data get cifar10 --url https://mirror.example/cifar-10-binary.tar.gz

A broken download goes on where it stopped when the command is run again. What is there and
whole is not fetched again. Proxies are taken from ALL_PROXY, HTTPS_PROXY, HTTP_PROXY and
NO_PROXY.")]
    Get(GetArgs),
    /// Read a dataset wholly; print its sizes, classes, normalisation and hash
    #[command(after_help = "Example: jackpot data check data/cifar-100-binary")]
    Check {
        /// The folder or file, as `root` in [data] names it; or an archive that `data get` takes
        #[arg(required_unless_present = "dataset")]
        path: Option<PathBuf>,
        /// Which dataset it is [default: by the names of the files]
        #[arg(long, value_name = "NAME")]
        dataset: Option<Dataset>,
        /// Of an image folder: bring all images to N×N pixels, as `image_size` in [data] does
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
        image_size: Option<u16>,
        /// Print how many images each class has
        #[arg(long)]
        classes: bool,
    },
}

/// What to fetch.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// Which dataset
    #[arg(value_enum)]
    pub name: Downloadable,
    /// The folder that the dataset's folder goes to; configs say it as `root` in [data]
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub root: PathBuf,
    /// Fetch from here instead: the file's address, or a folder's with `/` at its end
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Take a file of this MD5 instead of the published one; for several files, once for each
    #[arg(long, value_name = "HEX", value_parser = md5)]
    pub md5: Vec<String>,
}

fn md5(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    match lower.len() == 32 && lower.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(lower),
        false => Err("an MD5 has 32 digits of 0-9 and a-f".to_owned()),
    }
}

/// A dataset that is published somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Downloadable {
    Cifar10,
    Cifar100,
    TinyImagenet,
    Mnist,
    FashionMnist,
}

/// A dataset, by the name that configs use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Dataset {
    Cifar10,
    Cifar100,
    TinyImagenet,
    Mnist,
    FashionMnist,
    ImageFolder,
    Tensors,
    Synthetic,
}

impl From<Downloadable> for Dataset {
    fn from(dataset: Downloadable) -> Self {
        match dataset {
            Downloadable::Cifar10 => Self::Cifar10,
            Downloadable::Cifar100 => Self::Cifar100,
            Downloadable::TinyImagenet => Self::TinyImagenet,
            Downloadable::Mnist => Self::Mnist,
            Downloadable::FashionMnist => Self::FashionMnist,
        }
    }
}

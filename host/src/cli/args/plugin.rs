//! The arguments of `jackpot plugin`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Subcommand;
use jackpot_plugin_api::manifest::Kind;

use super::{NewName, PluginFolders};

/// Plugins.
#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// List the plugins that are found, the files that cannot be used, and where was searched
    #[command(after_help = "Example: jackpot plugin list --plugin-dir ./plugins --kind activation")]
    List {
        /// Only this kind
        #[arg(long)]
        kind: Option<KindArg>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        folders: PluginFolders,
    },
    /// Describe a plugin: parameters with defaults and ranges, its file, how to name it in a config
    #[command(after_help = "Example: jackpot plugin info swish")]
    Info {
        /// The plugin's name, or path/to/file.so:name
        name: String,
        /// Its kind, where plugins of several kinds have the name
        #[arg(long)]
        kind: Option<KindArg>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        folders: PluginFolders,
    },
    /// Write a crate to begin with: an item of that kind with comments, a test, an experiment
    #[command(after_help = "Example: jackpot plugin new my-tweak --kind activation")]
    New {
        /// Names the crate and its item: small letters, digits and `-`
        name: NewName,
        /// What it is
        #[arg(long)]
        kind: KindArg,
        /// The folder to make [default: the name, here]
        #[arg(long, value_name = "DIR")]
        path: Option<PathBuf>,
        /// Where the source of jackpot-plugin-api is [default: beside this program, else its version]
        #[arg(long, value_name = "DIR")]
        api: Option<PathBuf>,
    },
    /// Serve an author's tests: what jackpot-plugin-api's feature `testing` starts
    #[command(hide = true)]
    #[command(after_help = "\
Example: jackpot plugin serve  (which `cargo test` in a plugin's crate starts)")]
    Serve,
}

/// A kind of plugin, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindArg(pub Kind);

impl FromStr for KindArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let names = || Kind::ALL.map(Kind::as_str).join(", ");
        let kind = Kind::from_name(text);
        kind.map(Self).ok_or_else(|| format!("there is no such kind; the kinds are {}", names()))
    }
}

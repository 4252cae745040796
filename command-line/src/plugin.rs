//! The arguments of `jackpot plugin`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};
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
    /// Try the items of a plugin file: results, gradients, determinism, crashes and hangs
    #[command(after_help = "\
Example: jackpot plugin check target/release/libmy_tweak.so --item swish --params '{beta=2.0}'

Each item runs in a process of its own, on a small network. Exit codes: 0 nothing is wrong
(there may be warnings); 1 something is; 2 usage.")]
    Check(CheckArgs),
    /// Serve an author's tests: what jackpot-plugin-api's feature `testing` starts
    #[command(hide = true)]
    #[command(after_help = "\
Example: jackpot plugin serve  (which `cargo test` in a plugin's crate starts)")]
    Serve,
}

/// What `jackpot plugin check` takes.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The plugin file
    pub file: PathBuf,
    /// Only the item of this name
    #[arg(long, value_name = "NAME")]
    pub item: Option<String>,
    /// Only items of this kind
    #[arg(long)]
    pub kind: Option<KindArg>,
    /// The item's parameters, as a TOML table [default: the item's own defaults]
    #[arg(long, value_name = "TABLE")]
    pub params: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// How long one check may take before its hook counts as hanging
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    pub timeout: f64,
    /// A folder with further plugins that the items name, such as a graph's activation (repeatable)
    #[arg(long, value_name = "DIR")]
    pub plugin_dir: Vec<PathBuf>,
    /// The process that tries them: a request as JSON
    #[arg(long, hide = true)]
    pub child: Option<String>,
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

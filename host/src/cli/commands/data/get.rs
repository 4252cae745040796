//! `jackpot data get`.

use clap::ValueEnum;

use super::snippet;
use crate::cli::args::{Dataset, GetArgs};
use crate::cli::failure::Failure;
use crate::cli::progress::Stages;
use crate::cli::terminal::Terminal;
use crate::config::{DataConfig, DatasetChoice};
use crate::data::fetch::{self, Order, Outcome, Published};
use crate::data::{self, DataError, Watch};

/// Fetches a dataset and says how to use it.
pub fn get(args: &GetArgs, terminal: &Terminal) -> Result<(), Failure> {
    let name = args.name.to_possible_value().map(|value| value.get_name().to_owned());
    let name = name.unwrap_or_default();
    let dataset = Published::find(&name)
        .ok_or_else(|| Failure::other(format!("{name} is published nowhere")))?;
    let order = Order { dataset, root: &args.root, url: args.url.as_deref(), md5: &args.md5 };
    let folder = order.folder();
    let watch = Stages::new(terminal);
    let busy = terminal.busy("looking at what is there");
    let outcome = fetch::get(&order, &Telling { watch: &watch, terminal })?;
    drop(busy);
    let shown = folder.display();
    let checksums = if args.md5.is_empty() { "published" } else { "given" };
    let text = match outcome {
        Outcome::Fetched => {
            format!("{} is in {shown}; it has the {checksums} md5.", dataset.name)
        }
        Outcome::Already => {
            format!(
                "{} is in {shown} already, with the {checksums} md5; nothing was fetched.",
                dataset.name
            )
        }
        Outcome::Unknown => {
            let choice = DatasetChoice::from(Dataset::from(args.name));
            let found = read(choice, &folder, &watch).map_err(|error| {
                Failure::other(format!(
                    "{shown} is there, but cannot be used: {error}\nMove it away to fetch {} anew",
                    dataset.name
                ))
            })?;
            format!(
                "{shown} is there already and reads well ({} training and {} test images); nothing \
                 was fetched. It was not unpacked by this command, so it cannot tell whether it is \
                 the published {}.",
                found[0], found[1], dataset.name
            )
        }
    };
    let root = args.root.to_string_lossy();
    terminal.print(&format!("{text}\n\n{}", snippet(dataset.key, &root)))
}

/// The numbers of training and test images of a folder that somebody else put there.
fn read(
    dataset: DatasetChoice,
    folder: &std::path::Path,
    watch: &dyn Watch,
) -> Result<[usize; 2], DataError> {
    let config = DataConfig::whole(dataset, Some(folder.to_owned()));
    let data = data::load(&config, watch)?;
    Ok([data.train.len(), data.test.len()])
}

/// Says in a line what is fetched or unpacked where there are no bars.
struct Telling<'a> {
    watch: &'a Stages,
    terminal: &'a Terminal,
}

impl Watch for Telling<'_> {
    fn begin(&self, what: &str, total: Option<u64>, done: u64, unit: data::Unit) {
        if !self.terminal.animated {
            let size = total.map(|total| format!(" ({:.1} MB)", total as f64 / 1e6));
            let going_on = if done > 0 { ", from where it stopped" } else { "" };
            self.terminal.say(&format!("{what}{}{going_on}", size.unwrap_or_default()));
        }
        self.watch.begin(what, total, done, unit);
    }

    fn advance(&self, by: u64) {
        self.watch.advance(by);
    }

    fn end(&self) {
        self.watch.end();
    }

    fn note(&self, message: &str) {
        self.watch.note(message);
    }
}

//! One file per subcommand.

mod bench;
mod completions;
mod config;
mod connect;
mod data;
mod device;
mod eval;
mod export;
mod import;
mod keep;
mod plan;
mod plugin;
mod report;
mod run;
mod status;
mod stored;
mod verify;

use super::args::{Command, ConfigCommand, DataCommand, DeviceCommand, PluginCommand};
use super::failure::Failure;
use super::terminal::Terminal;
use run::Verb;

/// Does a command.
pub fn run(command: &Command, terminal: &Terminal) -> Result<(), Failure> {
    match command {
        Command::Run(args) => run::run(args, Verb::Run, terminal),
        Command::Draw(args) => run::run(args, Verb::Draw, terminal),
        Command::Spend(args) => run::run(args, Verb::Spend, terminal),
        Command::Plan(args) => plan::run(args, terminal),
        Command::Status { run } => status::run(run, terminal),
        Command::Report(args) => report::run(args, terminal),
        Command::Eval(args) => eval::run(args, terminal),
        Command::Bench(args) => bench::run(args, terminal),
        Command::Export(args) => export::run(args, terminal),
        Command::Import(args) => import::run(args, terminal),
        Command::Connect(args) => connect::run(args, terminal),
        Command::Verify(args) => verify::run(args, terminal),
        Command::Plugin(PluginCommand::List { kind, json, folders }) => {
            plugin::list(folders, kind.map(|kind| kind.0), *json, terminal)
        }
        Command::Plugin(PluginCommand::Info { name, kind, json, folders }) => {
            plugin::info(name, kind.map(|kind| kind.0), *json, folders, terminal)
        }
        Command::Plugin(PluginCommand::New { name, kind, path, api }) => {
            plugin::new(name, kind.0, path.as_deref(), api.as_deref(), terminal)
        }
        Command::Plugin(PluginCommand::Check(args)) => plugin::check(args, terminal),
        Command::Plugin(PluginCommand::Serve) => plugin::serve(),
        Command::Data(DataCommand::List) => data::list(terminal),
        Command::Data(DataCommand::Get(args)) => data::get(args, terminal),
        Command::Data(DataCommand::Check { path, dataset, image_size, classes }) => {
            data::check(path.as_deref(), *dataset, *image_size, *classes, terminal)
        }
        Command::Device(DeviceCommand::Check(args)) => device::check(args, terminal),
        Command::Config(ConfigCommand::Check { config, overriding, print, measure }) => {
            let wanted = config::Wanted { print: *print, measure: *measure };
            config::check(config, overriding, wanted, terminal)
        }
        Command::Config(ConfigCommand::Example) => config::example(terminal),
        Command::Config(ConfigCommand::Schema { folders }) => config::schema(folders, terminal),
        Command::Completions { shell } => completions::run(*shell, terminal),
    }
}

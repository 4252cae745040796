//! The process that loads the file and tries its items.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::{process, thread};

use jackpot_plugin_api::manifest::{ItemManifest, Kind};
use serde_json::Map;
use tch::Device;

use super::items;
use super::message::{Line, Message};
use super::report::{FileFacts, Finding, Level};
use super::request::Request;
use super::trial::Trial;
use crate::config::Precision;
use crate::engine::device;
use crate::engine::stage::Stage;
use crate::plugin::registry::split_reference;
use crate::plugin::{PluginFile, Registry, example, probe};
use crate::torch::cuda;

/// The seed of all that is tried.
const SEED: u64 = 1;

/// Does what is asked, and tells it on the socket that is in the place of stdin.
///
/// # Errors
///
/// No such socket.
pub fn run(request: &Request) -> io::Result<()> {
    let stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut other_end = stream.try_clone()?;
    let line = Arc::new(Line::new(stream));
    // Nobody waits for a plugin that hangs once the other process has gone.
    thread::spawn(move || {
        let _ = other_end.read(&mut [0]);
        process::exit(1);
    });
    let heard = Arc::clone(&line);
    probe::start(move |hook| heard.hook(hook));
    let mut registry = Registry::discover(&request.folders);
    let file = match registry.add_file(&request.file) {
        Ok(file) => file,
        Err(error) => {
            line.say(&Message::Unusable { message: error.problem.to_string() });
            return Ok(());
        }
    };
    let chosen = match request.choose(&file.manifest) {
        Ok(chosen) => chosen,
        Err(message) => {
            line.say(&Message::Misused { message });
            return Ok(());
        }
    };
    line.say(&Message::Loaded { file: facts(&file), chosen: chosen.clone() });
    let mut registry = Some(registry);
    for place in chosen {
        one(request, &file, place, &mut registry, &line);
        line.say(&Message::End { item: place });
    }
    Ok(())
}

fn facts(file: &PluginFile) -> FileFacts {
    let manifest = &file.manifest;
    FileFacts {
        path: file.path.display().to_string(),
        sha256: file.sha256.clone(),
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        api: manifest.api.clone(),
        items: manifest.items.clone(),
    }
}

/// One item's turn, on the CPU and on a GPU if there is one.
fn one(
    request: &Request,
    file: &PluginFile,
    place: usize,
    registry: &mut Option<Registry>,
    line: &Line,
) {
    let item = &file.items()[place];
    let given = request.params.clone().unwrap_or_default();
    let examples = example::values(item, &given);
    let names = examples.keys().cloned().collect();
    let mut params = given;
    params.extend(examples);
    let mut shown = params.clone();
    for param in &item.params {
        if let (Some(default), false) = (&param.default, params.contains_key(&param.name)) {
            shown.insert(param.name.clone(), default.clone());
        }
    }
    line.say(&Message::Begin { item: place, params: shown, examples: names });
    let found = |level, check: &str, message: String| {
        line.say(&Message::Found { finding: Finding::new(level, check, message) });
    };
    for message in undocumented(item) {
        found(Level::Warning, "docs", message);
    }
    let Some(kind) = Kind::from_name(&item.kind) else {
        let message = format!("this Jackpot does not know the kind `{}`: not tried", item.kind);
        found(Level::Warning, "kind", message);
        return;
    };
    let gpu = cuda::available().then_some(Device::Cuda(0));
    for device in [Some(Device::Cpu), gpu].into_iter().flatten() {
        line.doing("stage");
        // One thread: on tensors this small several only wait for each other.
        let deterministic = device::deterministic(None, device);
        let stage = device::apply(device, Precision::F32, Some(1), deterministic)
            .map_err(|error| error.to_string())
            .and_then(|_| {
                let registry = registry.take().unwrap_or_default();
                Stage::new(registry, device, SEED).map_err(|error| error.to_string())
            });
        let stage = match stage {
            Ok(stage) => stage,
            Err(error) => return found(Level::Error, "stage", error),
        };
        let reference = reference(file, item);
        let params: Map<_, _> = params.clone();
        items::check(&Trial { stage: &stage, kind, reference, params, line });
        *registry = Some(stage.into_registry());
    }
}

/// By file and name, so that another file's item of the same name does not matter.
fn reference(file: &PluginFile, item: &ItemManifest) -> String {
    let exact = format!("{}:{}", file.path.display(), item.name);
    if split_reference(&exact).is_some() { exact } else { item.name.clone() }
}

/// What an author has not said.
fn undocumented(item: &ItemManifest) -> Vec<String> {
    let mut messages = Vec::new();
    if item.docs.trim().is_empty() {
        messages.push(
            "it has no description: the comment on its struct is what `plugin info` prints"
                .to_owned(),
        );
    }
    let bare: Vec<_> = item
        .params
        .iter()
        .filter(|param| param.docs.trim().is_empty())
        .map(|param| format!("`{}`", param.name))
        .collect();
    if !bare.is_empty() {
        messages.push(format!("no comment says what it means: {}", bare.join(", ")));
    }
    messages
}

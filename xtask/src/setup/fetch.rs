//! Fetching libtorch by pip: into a folder of its own, checked, then moved to its place.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender, TryRecvError};
use std::thread;
use std::time::Duration;

use super::disk::readable;
use super::folder::{Folder, io};
use super::libtorch::Libtorch;
use super::problem::Problem;
use super::progress::{Progress, clock};
use super::verdict;
use super::wheel::{self, Set, Stage};

/// Installs a set and links it. `version` is the Python's own.
pub fn fetch(
    folder: &Folder,
    python: &Path,
    version: (u32, u32),
    set: Set,
) -> Result<Libtorch, Problem> {
    eprintln!(
        "setup: fetching libtorch with {} -m pip: about {} to download, {} of disk",
        python.display(),
        readable(set.download()),
        readable(set.unpacked())
    );
    let result = install(folder, python, version, set);
    // Also after a failure: gigabytes of no use to anybody.
    let cleaned = folder.remove_partial();
    let libtorch = result?;
    cleaned?;
    Ok(libtorch)
}

fn install(
    folder: &Folder,
    python: &Path,
    version: (u32, u32),
    set: Set,
) -> Result<Libtorch, Problem> {
    let tags = wheel::tags(version);
    for (at, tag) in tags.iter().enumerate() {
        let partial = folder.partial()?;
        let target = partial.join(set.folder());
        match pip(python, set, *tag, &partial, &target) {
            Err(Problem::NoWheel { .. }) if at + 1 < tags.len() => continue,
            other => other?,
        }
        Libtorch::inspect(&target.join("torch")).map_err(|why| Problem::Fetched { why })?;
        folder.adopt(&target, set.folder())?;
        break;
    }
    folder.link(&Path::new(set.folder()).join("torch"))?;
    let other = if set == Set::Light { Set::Cuda } else { Set::Light };
    folder.remove(other.folder())?;
    Libtorch::inspect(&folder.path().join("torch")).map_err(|why| Problem::Fetched { why })
}

/// Runs pip once and shows how far it is.
fn pip(
    python: &Path,
    set: Set,
    tag: (u32, u32),
    partial: &Path,
    target: &Path,
) -> Result<(), Problem> {
    // Pip unpacks into the temporary folder first. There it is a rename to the target, and all
    // that needs room is on one disk.
    let temporary = partial.join("tmp");
    std::fs::create_dir(&temporary).map_err(io("make the folder", &temporary))?;
    let child = Command::new(python)
        .args(wheel::arguments(set, tag, target))
        .env("TMPDIR", &temporary)
        .env("PYTHONUNBUFFERED", "1")
        // Users' settings that are meant for installing into an environment.
        .env("PIP_USER", "0")
        .env("PIP_REQUIRE_VIRTUALENV", "0")
        .env("PIP_ROOT_USER_ACTION", "ignore")
        .env_remove("PIP_QUIET")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(io("start", python))?;
    let (status, output) = watch(child, set, partial).map_err(io("wait for", python))?;
    if status.success() { Ok(()) } else { Err(verdict::of(set, &output, status.code())) }
}

/// Waits for pip, with a progress line; gives all it said.
fn watch(mut child: Child, set: Set, partial: &Path) -> std::io::Result<(ExitStatus, Vec<String>)> {
    let (send, receive) = mpsc::channel();
    forward(child.stdout.take(), send.clone());
    forward(child.stderr.take(), send);
    let mut output = Vec::new();
    let mut stage = Stage::Downloading;
    let mut progress = Progress::start(set);
    loop {
        match receive.try_recv() {
            Ok(line) => {
                stage = wheel::stage(&line).unwrap_or(stage);
                output.push(line);
            }
            Err(TryRecvError::Empty) => {
                progress.tick(stage, partial);
                thread::sleep(Duration::from_millis(50));
            }
            // Both ends are closed: pip is done.
            Err(TryRecvError::Disconnected) => break,
        }
    }
    let status = child.wait()?;
    let time = progress.finish();
    if status.success() {
        eprintln!("setup: installed in {}", clock(time));
    }
    Ok((status, output))
}

fn forward(stream: Option<impl Read + Send + 'static>, send: Sender<String>) {
    let Some(stream) = stream else { return };
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            if send.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::*;

    /// A program that takes pip's arguments and does what `body` says, with `$target` set.
    fn python(root: &Path, body: &str) -> PathBuf {
        let path = root.join("python");
        let script = format!(
            "#!/bin/sh\nall=\"$*\"\nwhile [ \"$1\" != --target ]; do shift; done\ntarget=$2\n{body}\n"
        );
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    const GOOD: &str = "mkdir -p $target/torch/lib $target/torch/include/torch
        touch $target/torch/lib/libtorch_cpu.so $target/torch/lib/libc10.so
        echo \"__version__ = '2.11.0+cu130'\" > $target/torch/version.py";

    fn names(folder: &Folder) -> Vec<String> {
        let entries = fs::read_dir(folder.path()).unwrap().flatten();
        let mut names: Vec<String> =
            entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_good_installation_is_moved_and_linked() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::take(&root.path().join("l")).unwrap();
        fs::create_dir(folder.path().join("cuda")).unwrap();
        let libtorch = fetch(&folder, &python(root.path(), GOOD), (3, 12), Set::Light).unwrap();
        assert_eq!(libtorch.path, folder.path().join("torch"));
        assert_eq!(names(&folder), [".lock", "light", "torch"]);
        assert_eq!(fs::read_link(libtorch.path).unwrap(), Path::new("light/torch"));
    }

    #[test]
    fn a_failure_leaves_what_was_there_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::take(&root.path().join("l")).unwrap();
        for (body, expected) in [
            (
                "echo half > $target-half; echo '[Errno 28] No space left on device' >&2; exit 1",
                "disk became full",
            ),
            ("echo 'ProxyError: no' >&2; exit 1", "could not download"),
            ("mkdir -p $target/torch", "not a usable libtorch"),
            ("kill -9 $$", "pip was killed"),
        ] {
            let python = python(root.path(), body);
            let problem = fetch(&folder, &python, (3, 12), Set::Light).unwrap_err();
            assert!(problem.to_string().contains(expected), "{problem}");
            assert_eq!(names(&folder), [".lock"], "{body}");
        }
    }

    #[test]
    fn a_python_without_a_wheel_of_its_own_takes_anothers() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::take(&root.path().join("l")).unwrap();
        let body = format!(
            "case \"$all\" in *cp312*) ;; *)
                echo 'ERROR: No matching distribution found for torch==2.11.0' >&2; exit 1;; esac
            {GOOD}"
        );
        let python = python(root.path(), &body);
        assert!(fetch(&folder, &python, (3, 11), Set::Light).is_ok());
    }

    #[test]
    fn pip_gets_a_temporary_folder_on_the_same_disk_and_no_users_settings() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::take(&root.path().join("l")).unwrap();
        let body = format!(
            "[ -d \"$TMPDIR\" ] && [ \"$PIP_USER\" = 0 ] || exit 9\n\
            case $TMPDIR in {}/partial-*) ;; *) exit 8;; esac\n{GOOD}",
            folder.path().display()
        );
        fetch(&folder, &python(root.path(), &body), (3, 12), Set::Cuda).unwrap();
        assert!(folder.path().join("cuda/torch").is_dir());
    }
}

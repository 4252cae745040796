//! A disk that is full, or cannot be written: said once, and what was finished stays.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jackpot_tests::config::Config;
use jackpot_tests::{Program, Sandbox, data, files};

/// Six steps a training, so slow that something can happen meanwhile.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let slow = "augmentation = { plugin = \"slow\", params = { milliseconds = 60 } }";
    let config = Config::default().train(slow).draw("levels = 1");
    sandbox.config(&config.spend("mish", "levels = [1]\nactivation = \"mish\""));
    sandbox
}

fn run(sandbox: &Sandbox) -> Program {
    sandbox.with_fixtures(&["run", "tiny.toml"])
}

/// Every folder of a job is whole, and there is nothing of an unfinished one.
fn assert_whole(run: &Path) {
    for (path, bytes) in files::contents(run) {
        assert!(!path.contains(".tmp-"), "{path} was left");
        if path.ends_with("job.json") || path.ends_with("failed.json") {
            serde_json::from_slice::<serde_json::Value>(&bytes).unwrap();
        }
        if path.ends_with(".safetensors") {
            safetensors::SafeTensors::deserialize(&bytes).unwrap_or_else(|error| {
                panic!("{path}: {error}");
            });
        }
        if path.starts_with("plugins/") {
            assert_eq!(&bytes[..4], b"\x7fELF", "{path}");
        }
    }
}

fn of_jobs(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = files::contents(run);
    found.retain(|path, _| path.starts_with("draw/") || path.starts_with("spend/"));
    found
}

/// The files that an undisturbed run leaves of its jobs.
fn undisturbed() -> BTreeMap<String, Vec<u8>> {
    let sandbox = sandbox();
    run(&sandbox).run().expect(0);
    of_jobs(&sandbox.at("runs/tiny"))
}

#[test]
fn a_limit_on_the_size_of_files() {
    let sandbox = sandbox();
    let running = sandbox.start(&[]);
    // The weights are about 30 kB.
    running.limit_files(10_000);
    let ran = running.wait().expect(1).fits_on_a_screen();
    let text = sandbox.relative(&ran.stderr);
    assert!(text.contains("error: cannot write "), "{text}");
    assert_eq!(text.matches("raise the limit on file sizes and run again").count(), 1, "{text}");
    assert_whole(&sandbox.at("runs/tiny"));
    run(&sandbox).run().expect(0);
    files::assert_same(&of_jobs(&sandbox.at("runs/tiny")), &undisturbed());
}

#[test]
fn a_full_disk() {
    let sandbox = sandbox();
    let room = sandbox.at("room");
    fs::create_dir(&room).unwrap();
    let Some(_mount) = Mount::tmpfs(&room, "64m") else {
        eprintln!("no file system may be mounted here: the limit on files stands for a full disk");
        return;
    };
    let advice = "free some space and run again: whatever is finished is kept";
    let heap = room.join("heap");
    let fill = || {
        let mut file = fs::File::create(&heap).unwrap();
        while std::io::Write::write_all(&mut file, &[0; 4096]).is_ok() {}
    };
    // No room for the first file.
    fill();
    let ran = run(&sandbox).args(["--out", "room/run"]).run().expect(1).fits_on_a_screen();
    assert_eq!(ran.stderr.matches(advice).count(), 1, "{ran}");
    fs::remove_file(&heap).unwrap();
    // Room for the plugins, but not for the weights.
    let running = sandbox.start_into(&[], "room/run");
    fill();
    let ran = running.wait().expect(1).fits_on_a_screen();
    assert_eq!(ran.stderr.matches(advice).count(), 1, "{ran}");
    assert_whole(&room.join("run"));
    fs::remove_file(&heap).unwrap();
    run(&sandbox).args(["--out", "room/run"]).run().expect(0);
    files::assert_same(&of_jobs(&room.join("run")), &undisturbed());
}

#[test]
fn a_file_system_that_became_read_only() {
    let sandbox = sandbox();
    let room = sandbox.at("room");
    fs::create_dir(&room).unwrap();
    let Some(mount) = Mount::tmpfs(&room, "64m") else {
        eprintln!("no file system may be mounted here");
        return;
    };
    let killed = run(&sandbox).args(["--out", "room/run", "--checkpoint", "1it"]);
    assert_eq!(killed.env("JACKPOT_FAILPOINT", "batch:3").run().code, 137);
    assert!(mount.set_read_only(true));
    let before = files::contents(&room);
    let ran = run(&sandbox).args(["--out", "room/run"]).run().expect(1).fits_on_a_screen();
    assert_eq!(ran.stderr.matches("choose another folder with --out").count(), 1, "{ran}");
    files::assert_same(&files::contents(&room), &before);
    assert!(mount.set_read_only(false));
    run(&sandbox).args(["--out", "room/run"]).run().expect(0);
    files::assert_same(&of_jobs(&room.join("run")), &undisturbed());
}

/// A mounted file system; unmounted when dropped.
struct Mount(std::ffi::CString);

impl Mount {
    /// A file system in memory, if this process may mount one.
    fn tmpfs(folder: &Path, size: &str) -> Option<Self> {
        let path = std::ffi::CString::new(folder.to_str()?).ok()?;
        let options = std::ffi::CString::new(format!("size={size}")).ok()?;
        // SAFETY: all pointers are C strings that outlive the call.
        let done = unsafe {
            libc::mount(
                c"tmpfs".as_ptr(),
                path.as_ptr(),
                c"tmpfs".as_ptr(),
                0,
                options.as_ptr().cast(),
            )
        };
        (done == 0).then_some(Self(path))
    }

    /// Whether that could be done.
    fn set_read_only(&self, read_only: bool) -> bool {
        let flags = libc::MS_REMOUNT | if read_only { libc::MS_RDONLY } else { 0 };
        // SAFETY: the pointers are C strings that outlive the call, or null where none is needed.
        let done = unsafe {
            libc::mount(
                std::ptr::null(),
                self.0.as_ptr(),
                std::ptr::null(),
                flags,
                std::ptr::null(),
            )
        };
        done == 0
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // SAFETY: the pointer is a C string.
        unsafe { libc::umount2(self.0.as_ptr(), libc::MNT_DETACH) };
    }
}

#[test]
fn a_folder_is_in_the_way_of_nothing() {
    let sandbox = sandbox();
    sandbox.write("runs", "a file");
    let ran = run(&sandbox).run().expect(1).fits_on_a_screen();
    ran.says(&["runs", "something that is no folder is in the way"]);
    assert_eq!(fs::read_to_string(sandbox.at("runs")).unwrap(), "a file");
}

#[test]
fn a_damaged_file_of_the_run_is_named() {
    let sandbox = sandbox();
    run(&sandbox).run().expect(0);
    let job = sandbox.at("runs/tiny/draw/imp/seed-1/level-01/job.json");
    fs::write(&job, "{ \"format\": 1").unwrap();
    let ran = run(&sandbox).run().expect(1).fits_on_a_screen();
    ran.says(&["level-01/job.json is damaged", "remove it, and what it stands for is made again"]);
    fs::remove_file(&job).unwrap();
    run(&sandbox).run().expect(0);
    // Weights that were cut off are noticed by who reads them.
    fs::remove_dir_all(sandbox.at("runs/tiny/spend/mish/imp/seed-1/level-01")).unwrap();
    let mask = sandbox.at("runs/tiny/draw/imp/seed-1/level-01/mask.safetensors");
    let bytes = fs::read(&mask).unwrap();
    fs::write(&mask, &bytes[..bytes.len() / 2]).unwrap();
    let ran = run(&sandbox).run().expect(1).fits_on_a_screen();
    ran.says(&["level-01/mask.safetensors: is no valid safetensors file"]);
}

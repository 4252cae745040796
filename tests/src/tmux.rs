//! A real terminal, to look at what a person would see: tmux, where it is installed.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A pane of a server of its own.
#[derive(Debug)]
pub struct Pane {
    socket: String,
}

impl Pane {
    /// Runs a shell's command in a pane of that many columns and rows. `None`, with a word about it,
    /// without tmux.
    pub fn open((width, height): (u32, u32), command: &str) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if Command::new("tmux").arg("-V").output().is_err() {
            eprintln!("skipped: tmux is not installed, with which terminals are looked at");
            return None;
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let pane = Self { socket: format!("jackpot-{}-{number}", std::process::id()) };
        let [width, height] = [width, height].map(|size| size.to_string());
        // When the command has ended, what it left can still be looked at.
        let command = format!("{command}; echo \"over $?\"; sleep 600");
        pane.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", &width, "-y", &height, &command]);
        Some(pane)
    }

    fn tmux(&self, args: &[&str]) -> Output {
        let output = Command::new("tmux").args(["-u", "-L", &self.socket]).args(args).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Gives the pane another size.
    pub fn resize(&self, (width, height): (u32, u32)) {
        let [width, height] = [width, height].map(|size| size.to_string());
        self.tmux(&["resize-window", "-x", &width, "-y", &height]);
    }

    /// The text that is seen, and what was scrolled away above it; with colours as escape sequences.
    pub fn picture(&self) -> String {
        let output = self.tmux(&["capture-pane", "-p", "-e", "-S", "-1000"]);
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Waits until something is seen, and gives the picture.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        let begun = Instant::now();
        loop {
            let picture = self.picture();
            if picture.contains(text) {
                return picture;
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "never {text:?}:\n{picture}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Pane {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["-L", &self.socket, "kill-server"]).output();
    }
}

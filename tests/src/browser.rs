//! A real browser, to look at reports with: Chromium or Chrome, named by `JACKPOT_TEST_BROWSER`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A browser without a window.
#[derive(Debug)]
pub struct Browser {
    program: PathBuf,
    profile: tempfile::TempDir,
}

impl Browser {
    /// The browser that the environment names; `None`, with a word about it, if it names none.
    pub fn find() -> Option<Self> {
        let Some(program) = std::env::var_os("JACKPOT_TEST_BROWSER") else {
            eprintln!(
                "skipped: JACKPOT_TEST_BROWSER=/usr/bin/chromium looks at reports with that browser"
            );
            return None;
        };
        Some(Self { program: program.into(), profile: tempfile::tempdir().unwrap() })
    }

    fn run(&self, page: &Path, (width, dark): (u32, bool), args: &[String]) -> Output {
        let mut command = Command::new(&self.program);
        command
            .args(["--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run"])
            // Containers rarely allow the browser's own sandbox; the page is ours.
            .args(["--no-sandbox", "--virtual-time-budget=2000"])
            .arg(format!("--user-data-dir={}", self.profile.path().display()))
            .arg(format!("--window-size={width},1000"));
        if dark {
            command.arg("--blink-settings=preferredColorScheme=0");
        }
        let output = command.args(args).arg(format!("file://{}", page.display())).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Runs a function body in a page as wide as given, and gives what it returns.
    #[track_caller]
    pub fn ask(&self, page: &Path, width: u32, script: &str) -> Value {
        let text = fs::read_to_string(page).unwrap();
        let script = format!(
            "<script>document.body.dataset.answer = (() => {{ try {{ return JSON.stringify((() => \
             {{ {script} }})()); }} catch (error) {{ return JSON.stringify(String(error)); }} }})();\
             </script></body>"
        );
        let asked = page.with_extension("asked.html");
        fs::write(&asked, text.replacen("</body>", &script, 1)).unwrap();
        let output = self.run(&asked, (width, false), &["--dump-dom".to_owned()]);
        fs::remove_file(&asked).unwrap();
        let dom = String::from_utf8_lossy(&output.stdout);
        let answer = dom.split_once("data-answer=\"").and_then(|(_, rest)| rest.split_once('"'));
        let answer = answer.unwrap_or_else(|| panic!("no answer in the page")).0;
        let answer = answer.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">");
        serde_json::from_str(&answer.replace("&nbsp;", "\u{a0}").replace("&amp;", "&")).unwrap()
    }

    /// Takes a picture of the upper part of a page.
    pub fn screenshot(&self, page: &Path, (width, dark): (u32, bool), to: &Path) {
        let args = [format!("--screenshot={}", to.display())];
        self.run(page, (width, dark), &args);
    }

    /// Prints a page to PDF.
    pub fn print(&self, page: &Path, to: &Path) {
        let args =
            [format!("--print-to-pdf={}", to.display()), "--no-pdf-header-footer".to_owned()];
        self.run(page, (1280, false), &args);
    }
}

//! The book's page of commands is what `--help` says, and no page names a command or an option
//! that is not there.

use std::fs;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{Command, CommandFactory, Parser};

use super::Cli;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What every command has, and the page has once.
const COMMON: [&str; 5] = ["quiet", "verbose", "log_format", "no_progress", "help"];

/// The help of a command as it is printed on a terminal of 100 columns.
fn help(command: &Command) -> String {
    let text = command.clone().term_width(100).render_help().to_string();
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    lines.join("\n")
}

/// Adds a section for each command that does something, below `name`.
fn sections(command: &Command, name: &str, page: &mut String) {
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let name = format!("{name} {}", sub.get_name());
        if sub.get_name() == "help" {
            continue;
        }
        if sub.has_subcommands() {
            sections(sub, &name, page);
            continue;
        }
        let own = COMMON.iter().fold(sub.clone(), |sub, id| sub.mut_arg(id, |arg| arg.hide(true)));
        let about = sub.get_about().unwrap_or_default();
        let text = help(&own);
        let text = text.strip_prefix(&about.to_string()).unwrap_or(&text).trim_start();
        page.push_str(&format!("\n## `{name}`\n\n{about}.\n\n```text\n{text}\n```\n"));
    }
}

fn page() -> String {
    let mut program = Cli::command();
    program.build();
    let mut page = format!(
        "# Every command\n\nThis page is what `--help` says, and a test holds it to that. Beside \
         the options below, every command\ntakes those under \"Output\", here and behind its \
         name.\n\n```text\n{}\n```\n",
        help(&program)
    );
    sections(&program, "jackpot", &mut page);
    page
}

#[test]
fn the_page_of_commands_is_what_help_says() {
    let path = Path::new(ROOT).join("docs/commands.md");
    let page = page();
    if std::env::var_os("JACKPOT_TEST_MESSAGES").is_some_and(|mode| mode == "write") {
        fs::write(&path, &page).unwrap();
    }
    let there = fs::read_to_string(path).unwrap_or_default();
    assert!(
        there == page,
        "docs/commands.md is old: JACKPOT_TEST_MESSAGES=write cargo nextest run -p jackpot-command-line \
         the_page_of_commands writes it anew"
    );
}

/// The README and every page of the book.
fn pages() -> Vec<PathBuf> {
    let mut found = vec![Path::new(ROOT).join("README.md")];
    for folder in ["docs", "docs/plugins"] {
        let entries = fs::read_dir(Path::new(ROOT).join(folder)).unwrap();
        found.extend(entries.map(|entry| entry.unwrap().path()));
    }
    found.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    found
}

/// The commands in a page's sentences: `jackpot data check`.
fn spoken(text: &str) -> Vec<String> {
    let prose: String = text.split("```").step_by(2).collect();
    let spans = prose.split('`').skip(1).step_by(2);
    let words = spans.map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "));
    words.filter(|span| span.starts_with("jackpot ")).collect()
}

#[test]
fn commands_in_sentences_have_words_that_are_known() {
    let mut checked = 0;
    for path in pages() {
        for line in spoken(&fs::read_to_string(&path).unwrap()) {
            // Capitals stand for something.
            let line = line.replace("--kind KIND", "--kind activation");
            let line = line.replace("plugin new NAME", "plugin new name");
            let words = line.split(" > ").next().unwrap_or_default().split(' ');
            let Err(error) = Cli::try_parse_from(words) else {
                checked += 1;
                continue;
            };
            let partly = [
                ErrorKind::DisplayHelp,
                ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
                ErrorKind::MissingRequiredArgument,
                ErrorKind::MissingSubcommand,
            ];
            assert!(partly.contains(&error.kind()), "{}: `{line}`: {error}", path.display());
            checked += 1;
        }
    }
    assert!(checked > 30, "{checked} commands");
}

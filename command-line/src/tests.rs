use clap::CommandFactory;

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split_whitespace())
}

#[test]
fn clap_finds_no_contradiction() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_an_example_and_every_argument_help() {
    fn check(command: &clap::Command) {
        for argument in command.get_arguments().filter(|a| !a.is_hide_set()) {
            assert!(argument.get_help().is_some(), "{} {argument}", command.get_name());
        }
        if command.has_subcommands() {
            command.get_subcommands().for_each(check);
        } else {
            let text = command.get_after_help().unwrap_or_default().to_string();
            assert!(text.contains(&format!(" {}", command.get_name())), "{}", command.get_name());
        }
    }
    check(&Cli::command());
}

#[test]
fn examples_parse() {
    fn check(command: &clap::Command) {
        command.get_subcommands().for_each(check);
        let text = command.get_after_help().unwrap_or_default().to_string();
        for line in text.lines().filter_map(|line| line.split_once("jackpot ")) {
            let words = line.1.split("  ").next().unwrap_or_default().split(" > ").next();
            let words = words.unwrap_or_default().replace('\'', "").replace(", ", ",");
            let parsed = parse(&format!("jackpot {words}"));
            assert!(parsed.is_ok(), "{words}: {parsed:?}");
        }
    }
    check(&Cli::command());
}

#[test]
fn a_bad_share_is_told_how_to_be_written() {
    let error = parse("jackpot run a.toml --shard 5/4").unwrap_err().to_string();
    assert!(error.contains("write 1/4 for the first of four"), "{error}");
}

#[test]
fn common_options_stand_anywhere() {
    for line in ["jackpot -vv run a.toml --no-progress", "jackpot run a.toml -vv --no-progress"] {
        let cli = parse(line).unwrap();
        assert_eq!((cli.common.verbose, cli.common.no_progress), (2, true), "{line}");
    }
    let json = parse("jackpot status r --log-format json").unwrap().common;
    assert_eq!(json.log_format, LogFormat::Json);
}

#[test]
fn wrong_use_has_exit_code_2() {
    for line in [
        "jackpot",
        "jackpot runn a.toml",
        "jackpot run",
        "jackpot run a.toml b.toml",
        "jackpot run a.toml -q -v",
        "jackpot run a.toml --seed x",
        "jackpot run a.toml --log-format xml",
        "jackpot data check",
        "jackpot report",
        "jackpot report r --plots",
        "jackpot plugin info swish --kind color",
        "jackpot eval r --inputs",
    ] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
    }
    for line in ["jackpot --help", "jackpot run --help", "jackpot --version"] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 0, "{line}");
    }
}

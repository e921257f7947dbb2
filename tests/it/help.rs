//! Help fits on the screen, and what it shows works.

use std::process::Command;

use clap::{CommandFactory, Parser};
use seatload::cli::Cli;

use crate::support::cli::{CommandOutput, Dir, wait_for_exit};

/// What the program says in a terminal of 80 columns.
fn said(arguments: &[&str]) -> CommandOutput {
    let mut command = Dir::new().seatload();
    command.current_dir(env!("CARGO_TARGET_TMPDIR"));
    command.args(arguments).env("COLUMNS", "80");
    wait_for_exit(command)
}

fn commands() -> Vec<String> {
    let cli = Cli::command();
    let names = cli.get_subcommands().map(clap::Command::get_name);
    names.map(str::to_owned).collect()
}

/// The command lines of seatload that shell lines hold, without what a shell makes of them.
fn command_lines(shell: &str) -> Vec<Vec<&str>> {
    let lines = shell.split(['\n', '|', '&', '<', '(', ')', '>', '#']);
    let words = lines.map(|line| line.split_whitespace().filter(|word| *word != "\\"));
    let of_seatload = words.filter_map(|words| {
        // Variables may come first.
        let words: Vec<_> = words.skip_while(|word| word.contains('=')).collect();
        (words.first() == Some(&"seatload")).then_some(words)
    });
    of_seatload.collect()
}

/// Checks that every command line of seatload parses, and counts them.
pub(crate) fn assert_understood(shell: &str) -> usize {
    let lines = command_lines(shell);
    for line in &lines {
        if let Err(error) = Cli::try_parse_from(line) {
            panic!("{}: {error}", line.join(" "));
        }
    }
    lines.len()
}

#[test]
fn every_example_in_the_help_is_understood() {
    let cli = Cli::command();
    for command in cli.get_subcommands().chain([&cli]) {
        let after = command.get_after_long_help().unwrap().to_string();
        assert!(after.starts_with("Examples:\n"), "{}", command.get_name());
        assert!(after.contains("\nExit codes:\n"), "{}", command.get_name());
        let too_wide = after.lines().find(|line| line.chars().count() > 80);
        assert_eq!(too_wide, None);
        // A line that goes on is one.
        let lines = after.replace("\\\n", "");
        // What an example does is said in two columns less.
        let lines: Vec<_> = lines
            .lines()
            .filter(|line| line.starts_with("    "))
            .collect();
        let understood = assert_understood(&lines.join("\n"));
        assert!(understood > 0, "{}", command.get_name());
    }
    let mut import = Cli::command();
    let import = import.find_subcommand_mut("import").unwrap();
    assert!(assert_understood(&import.get_after_help().unwrap().to_string()) > 0);
}

#[test]
fn every_flag_can_be_given_by_a_variable_and_none_takes_a_secret() {
    for command in Cli::command().get_subcommands() {
        for flag in command.get_arguments().filter(|flag| !flag.is_positional()) {
            let variable = flag.get_env().unwrap().to_str().unwrap();
            assert!(variable.starts_with("SEATLOAD_"), "{variable}");
            let long = flag.get_long().unwrap();
            assert!(!matches!(long, "token" | "password" | "secret"), "{long}");
        }
    }
}

#[test]
fn no_help_is_wider_than_the_screen() {
    let of_commands = commands();
    let of_commands = of_commands.iter().map(|command| vec![command.as_str()]);
    for command in of_commands.chain([Vec::new()]) {
        for help in ["-h", "--help"] {
            let help = said(&[command.as_slice(), &[help]].concat());
            assert_eq!((help.code, help.stderr.as_str()), (0, ""));
            for line in help.stdout.lines() {
                assert!(line.chars().count() <= 80, "{command:?}: {line}");
            }
        }
    }
}

#[test]
fn the_short_help_has_one_line_for_each_flag_and_fits_on_a_screen() {
    for command in commands() {
        let help = said(&[&command, "-h"]).stdout;
        assert!(help.lines().count() <= 60, "{help}");
        let goes_on = |line: &&str| line.starts_with("           ");
        assert_eq!(help.lines().find(goes_on), None, "{command}");
    }
    let import = said(&["import", "-h"]).stdout;
    assert!(import.contains("Examples:\n  seatload import "), "{import}");
    assert!(import.contains("`--help` shows all flags"), "{import}");
}

#[test]
fn what_is_nearly_right_is_suggested() {
    for (arguments, near) in [
        (
            &["improt", "a.csv"][..],
            "a similar subcommand exists: 'import'",
        ),
        (
            &["import", "a.csv", "--acount", "x"],
            "a similar argument exists: '--account'",
        ),
        (
            &["import", "a.csv", "--endpoint", "put-leas"],
            "a similar value exists: 'put-lease'",
        ),
    ] {
        let ended = said(arguments);
        assert_eq!(ended.code, 2);
        assert!(ended.stderr.contains(near), "{}", ended.stderr);
    }
}

#[test]
fn the_version_names_the_commit_where_git_knows_it() {
    let version = concat!("seatload ", env!("CARGO_PKG_VERSION"));
    assert_eq!(said(&["-V"]).stdout, format!("{version}\n"));
    let long = said(&["--version"]).stdout;
    let folder = env!("CARGO_MANIFEST_DIR");
    let is_checkout = std::path::Path::new(folder).join(".git").exists();
    let mut git = Command::new("git");
    let shown = git
        .args(["-C", folder, "show", "-s", "--format=%H %cs"])
        .output();
    let Some(shown) = shown
        .ok()
        .filter(|shown| is_checkout && shown.status.success())
    else {
        assert_eq!(long, format!("{version}\n"));
        return;
    };
    let shown = String::from_utf8(shown.stdout).unwrap();
    let (hash, date) = shown.trim().split_once(' ').unwrap();
    let hash = &hash[..10];
    let is = |dirty: &str| long == format!("{version} ({hash}{dirty} {date})\n");
    assert!(is("") || is("-dirty"), "{long}");
}

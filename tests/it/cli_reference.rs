//! docs/cli.md is what `--help` prints.

use std::fmt::Write;
use std::fs;

use clap::CommandFactory;
use seatload::cli::Cli;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cli.md");

const INTRODUCTION: &str = "\
# Commands and flags

You want to look up a flag. `-h` shows the flags that are wanted most, a line each; `--help` shows all of them, as this page
does. Every flag can also be given by the environment variable that its help names, or by a setting of the same name in
[a profile](signing-in.md#profiles). `seatload man` writes the same as manual pages, and `seatload completions` lets a shell
complete commands, flags and files.

";

fn reference() -> String {
    let mut cli = Cli::command().term_width(100);
    cli.build();
    let commands = || {
        cli.get_subcommands()
            .filter(|command| command.get_name() != "help")
    };
    let mut text = format!("{INTRODUCTION}| command | does |\n|---|---|\n");
    for command in commands() {
        let (name, about) = (command.get_name(), command.get_about().unwrap());
        writeln!(text, "| [`{name}`](#{name}) | {about} |").unwrap();
    }
    for command in commands() {
        let help = command.clone().render_long_help().to_string();
        let help: Vec<_> = help.lines().map(str::trim_end).collect();
        let name = command.get_name();
        write!(
            text,
            "\n## {name}\n\n```text\n{}\n```\n",
            help.join("\n").trim_end()
        )
        .unwrap();
    }
    text
}

/// To renew it: `UPDATE_DOCS=1 cargo test --test it cli_reference`.
#[test]
fn the_reference_is_what_help_prints() {
    let reference = reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PATH, &reference).unwrap();
    }
    assert!(
        fs::read_to_string(PATH).unwrap_or_default() == reference,
        "docs/cli.md is out of date: UPDATE_DOCS=1 cargo test --test it cli_reference"
    );
}

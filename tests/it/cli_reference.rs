//! docs/cli.md is what `--help` prints.

use std::fmt::Write;
use std::fs;

use seatload::cli;

use crate::support::cli::{Dir, wait_for_exit};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cli.md");

const INTRODUCTION: &str = "\
# Commands and flags

You want to look up a flag. `seatload COMMAND -h` prints the flags that are used most, `--help` prints all of them, as on this
page. Every flag has an environment variable, such as `SEATLOAD_BATCH_SIZE` for `--batch-size`, and can be a setting of the
same name in [a profile](signing-in.md#profiles). `seatload man` writes the same as manual pages, and `seatload completions`
lets a shell complete commands, flags and files.

";

fn help(command: &str) -> String {
    let mut seatload = Dir::new().seatload();
    seatload.current_dir(env!("CARGO_TARGET_TMPDIR"));
    seatload.args([command, "--help"]).env("COLUMNS", "100");
    wait_for_exit(seatload).stdout
}

fn reference() -> String {
    let cli = cli::command();
    let mut text = format!("{INTRODUCTION}| command | does |\n|---|---|\n");
    for command in cli.get_subcommands() {
        let (name, about) = (command.get_name(), command.get_about().unwrap());
        writeln!(text, "| [`{name}`](#{name}) | {about} |").unwrap();
    }
    for command in cli.get_subcommands() {
        let name = command.get_name();
        let help = help(name);
        write!(text, "\n## {name}\n\n```text\n{help}```\n").unwrap();
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

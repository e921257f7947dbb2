//! The manual has a page for everything.

use std::process::{Command, Stdio};

use seatload::cli;
use seatload::exit_code::ExitCode;

use crate::support::cli::{CommandOutput, Dir, files, wait_for_exit};

/// A folder with all pages in `man/man1`.
fn with_pages() -> Dir {
    let dir = Dir::new();
    let ended = man(&dir, &["--out-dir", "man/man1"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    assert_eq!(ended.stdout, "");
    dir
}

fn man(dir: &Dir, arguments: &[&str]) -> CommandOutput {
    let mut command = dir.seatload();
    command.arg("man").args(arguments);
    wait_for_exit(command)
}

#[test]
fn every_command_has_a_page_with_its_flags_and_variables() {
    let dir = with_pages();
    let cli = cli::command();
    for command in cli.get_subcommands() {
        let page = dir.read(&format!("man/man1/seatload-{}.1", command.get_name()));
        let flags = command.get_arguments().filter(|flag| !flag.is_hide_set());
        for flag in flags.filter(|flag| !flag.is_positional()) {
            let long = flag.get_long().unwrap().replace('-', "\\-");
            assert!(page.contains(&format!("\\fB\\-\\-{long}\\fR")), "{long}");
            let variable = flag.get_env().unwrap().to_str().unwrap();
            assert!(page.contains(variable), "{variable}");
        }
        for section in ["NAME", "SYNOPSIS", "OPTIONS", "EXTRA"] {
            assert!(page.contains(&format!(".SH {section}\n")), "{section}");
        }
    }
    let pages = files(&dir.path("man/man1"));
    assert_eq!(pages.len(), cli.get_subcommands().count() + 1);
}

#[test]
fn the_page_of_the_program_lists_every_command_and_exit_code() {
    let dir = with_pages();
    let page = man(&dir, &[]).stdout;
    assert_eq!(page, dir.read("man/man1/seatload.1"));
    for command in cli::command().get_subcommands() {
        assert!(page.contains(&format!("seatload\\-{}(1)", command.get_name())));
    }
    for (code, meaning) in ExitCode::MEANINGS {
        let meaning = meaning.replace('-', "\\-");
        let entry = format!("  {:<3}  {meaning}\n", code.number());
        assert!(page.contains(&entry), "{entry}");
    }
}

#[test]
fn groff_typesets_every_page_without_a_warning() {
    let dir = with_pages();
    for page in files(&dir.path("man/man1")) {
        let mut groff = Command::new("groff");
        groff.args(["-k", "-man", "-Tutf8", "-ww", "-z"]);
        groff.arg(&page).stdin(Stdio::null());
        let Ok(output) = groff.output() else {
            eprintln!("skipped: there is no groff");
            return;
        };
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{page:?}");
    }
}

#[test]
fn a_folder_that_cannot_be_created_is_an_error() {
    let dir = Dir::new();
    dir.write("man", "");
    let output = man(&dir, &["--out-dir", "man/man1"]);
    output.exits_with(2);
    let expected = "error: cannot write the manual to man/man1";
    assert!(output.stderr.starts_with(expected), "{}", output.stderr);
    output.says("hint: ");
}

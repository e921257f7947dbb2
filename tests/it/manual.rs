//! The manual has a page for everything.

use std::process::{Command, Stdio};

use clap::CommandFactory;
use seatload::cli::Cli;
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
fn each_command_has_a_page_with_every_flag_and_its_variable() {
    let dir = with_pages();
    let cli = Cli::command();
    for command in cli.get_subcommands() {
        let page = dir.read(&format!("man/man1/seatload-{}.1", command.get_name()));
        let flags = command.get_arguments().filter(|flag| !flag.is_hide_set());
        for flag in flags.filter(|flag| !flag.is_positional()) {
            let long = flag.get_long().unwrap().replace('-', "\\-");
            assert!(page.contains(&format!("\\fB\\-\\-{long}\\fR")), "{long}");
            let variable = flag.get_env().unwrap().to_str().unwrap();
            assert!(page.contains(variable), "{variable}");
        }
        for section in ["NAME", "SYNOPSIS", "OPTIONS", "EXAMPLES", "\"EXIT STATUS\""] {
            assert!(page.contains(&format!(".SH {section}\n")), "{section}");
        }
    }
    let pages = files(&dir.path("man/man1"));
    assert_eq!(pages.len(), cli.get_subcommands().count() + 1);
}

#[test]
fn the_programs_page_names_every_command_and_exit_code() {
    let dir = with_pages();
    let page = man(&dir, &[]).stdout;
    assert_eq!(page, dir.read("man/man1/seatload.1"));
    for command in Cli::command().get_subcommands() {
        assert!(page.contains(&format!("seatload\\-{}(1)", command.get_name())));
    }
    for (code, says) in ExitCode::MEANINGS {
        let says = says.replace('-', "\\-").replace('`', "\\(ga");
        let entry = format!(".TP\n\\fB{}\\fR\n{says}\n", code.number());
        assert!(page.contains(&entry), "{entry}");
    }
}

/// Typesetters differ in what they take beside ASCII.
#[test]
fn pages_are_plain_ascii_and_typeset_without_a_warning() {
    let dir = with_pages();
    for page in files(&dir.path("man/man1")) {
        assert!(std::fs::read(&page).unwrap().is_ascii(), "{page:?}");
        for (typesetter, arguments) in [
            ("groff", &["-man", "-Tutf8", "-ww", "-z"][..]),
            ("mandoc", &["-T", "lint", "-W", "warning"]),
        ] {
            let mut command = Command::new(typesetter);
            command.args(arguments).arg(&page).stdin(Stdio::null());
            let Ok(output) = command.output() else {
                eprintln!("skipped: there is no {typesetter}");
                continue;
            };
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            // Without git there is no commit whose date could be told.
            let mut warnings = said.lines().filter(|line| !line.contains("missing date"));
            assert_eq!(warnings.next(), None, "{typesetter}");
        }
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let dir = Dir::new();
    dir.write("man", "");
    let ended = man(&dir, &["--out-dir", "man/man1"]);
    assert_eq!(ended.code, 2);
    assert!(
        ended
            .stderr
            .contains("cannot write seatload.1 into man/man1")
    );
    assert!(ended.stderr.contains("hint: "), "{}", ended.stderr);
}

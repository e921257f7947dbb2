//! Shells complete what the program knows.

use std::process::{Command, Output};

use seatload::cli;

use crate::support::cli::{Dir, wait_for_exit};

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

/// Completes the last of the words that follow, as bash does for its user, and prints what it would offer.
const COMPLETE: &str = r#"
source ./script
# Outside of a real completion it has nothing to do.
compopt() { :; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
_seatload seatload "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"#;

/// A folder with the script of a shell.
fn with_script(shell: &str) -> Dir {
    let dir = Dir::new();
    let mut command = dir.seatload();
    command.args(["completions", shell]);
    let ended = wait_for_exit(command);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{shell}");
    dir.write("script", ended.stdout);
    dir
}

/// What a program that not every machine has does in a folder; None where there is none.
fn run(dir: &Dir, program: &str, arguments: &[&str]) -> Option<Output> {
    let mut command = Command::new(program);
    let ran = command.args(arguments).current_dir(dir.path("")).output();
    if ran.is_err() {
        eprintln!("skipped: there is no {program}");
    }
    ran.ok()
}

/// What bash offers for the last word.
fn offered(dir: &Dir, words: &[&str]) -> Option<Vec<String>> {
    let fixed = ["--norc", "-c", COMPLETE, "bash", "seatload"];
    let output = run(dir, "bash", &[&fixed, words].concat())?;
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{words:?}");
    let offered = String::from_utf8(output.stdout).unwrap();
    let words = offered.lines().filter(|word| !word.is_empty());
    Some(words.map(str::to_owned).collect())
}

#[test]
fn the_script_of_every_shell_names_every_command_and_flag() {
    for shell in SHELLS {
        let script = with_script(shell).read("script");
        for command in cli::command().get_subcommands() {
            assert!(script.contains(command.get_name()), "{shell}");
            let flags = command.get_arguments().filter(|flag| !flag.is_hide_set());
            for long in flags.filter_map(clap::Arg::get_long) {
                assert!(script.contains(long), "{shell}: --{long}");
            }
        }
    }
}

#[test]
fn bash_completes_commands_flags_values_and_files() {
    let dir = with_script("bash");
    dir.write("onboarding.csv", "").write("other.csv", "");
    std::fs::create_dir(dir.path("drop")).unwrap();
    let Some(commands) = offered(&dir, &[""]) else {
        return;
    };
    for command in cli::command().get_subcommands() {
        assert!(commands.contains(&command.get_name().to_owned()));
    }
    for (words, wanted) in [
        (&["comp"][..], &["completions"][..]),
        (&["import", "--endp"], &["--endpoint"]),
        (&["import", "--endpoint", ""], &["post-la", "put-lease"]),
        (&["import", "--mode", "a"], &["add"]),
        (&["import", "--current", "onb"], &["onboarding.csv"]),
        (&["import", "--config", "onb"], &["onboarding.csv"]),
        // A watch has no such flag.
        (&["import", "--report-d"], &["--report-dir"]),
        (&["watch", "--report-d"], &[]),
        // No file is an account.
        (&["import", "--account", "onb"], &["onb"]),
        // Where nothing is offered here, bash offers files, or folders alone.
        (&["import", "onb"], &[]),
        (&["import", "--report-dir", "dr"], &[]),
        (
            &["completions", ""],
            &[
                "-h",
                "--config",
                "--profile",
                "--help",
                "bash",
                "elvish",
                "fish",
                "powershell",
                "zsh",
            ],
        ),
    ] {
        assert_eq!(offered(&dir, words).unwrap(), wanted, "{words:?}");
    }
    let registered = run(
        &dir,
        "bash",
        &["--norc", "-c", "source ./script; complete -p seatload"],
    );
    let registered = String::from_utf8(registered.unwrap().stdout).unwrap();
    assert!(registered.contains("-o default"), "{registered}");
}

#[test]
fn the_scripts_of_zsh_and_fish_are_valid() {
    for shell in ["zsh", "fish"] {
        let dir = with_script(shell);
        if let Some(output) = run(&dir, shell, &["-n", "script"]) {
            assert!(output.status.success(), "{shell}: {output:?}");
            assert!(output.stderr.is_empty(), "{shell}: {output:?}");
        }
    }
}

#[test]
fn completions_and_manual_ignore_configuration_files() {
    let dir = Dir::new();
    dir.write("seatload.toml", "nonsense = ");
    for arguments in [&["completions", "bash"][..], &["man"]] {
        let mut command = dir.seatload();
        command.args(arguments).env("SEATLOAD_PROFILE", "none");
        let ended = wait_for_exit(command);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
        ended.prints("seatload");
    }
}

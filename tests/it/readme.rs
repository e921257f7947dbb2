//! README says what is true.

use clap::CommandFactory;
use seatload::cli::Cli;
use seatload::exit_code::ExitCode;

const README: &str = include_str!("../../README.md");

/// The text block that follows a marker.
fn block<'a>(readme: &'a str, marker: &str) -> &'a str {
    let begin = format!("<!-- usage: {marker} -->\n```text\n");
    let (_, rest) = readme.split_once(&begin).unwrap();
    rest.split_once("```\n").unwrap().0
}

fn help(command: &str) -> String {
    let mut cli = Cli::command().term_width(100);
    cli.build();
    let help = cli
        .find_subcommand_mut(command)
        .unwrap()
        .render_long_help()
        .to_string();
    let lines = help.lines().map(str::trim_end);
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// To renew the blocks: `UPDATE_README=1 cargo test --test it readme`.
#[test]
fn the_readmes_usage_is_what_help_says() {
    let mut readme = README.to_owned();
    for command in [
        "import",
        "resume",
        "watch",
        "codes",
        "sandbox",
        "completions",
        "man",
    ] {
        let now = block(&readme, command).to_owned();
        if now != help(command) {
            let marker = format!("<!-- usage: {command} -->\n```text\n");
            readme = readme.replace(
                &format!("{marker}{now}"),
                &format!("{marker}{}", help(command)),
            );
        }
    }
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"), &readme).unwrap();
    }
    assert!(
        readme == README,
        "README is out of date: UPDATE_README=1 cargo test --test it readme"
    );
}

#[test]
fn the_readme_lists_every_command_and_exit_code() {
    for command in Cli::command().get_subcommands() {
        let row = format!(
            "| `{}` | {} |",
            command.get_name(),
            command.get_about().unwrap()
        );
        assert!(README.contains(&row), "{row}");
    }
    let plain = README.replace('`', "");
    for (code, says) in ExitCode::MEANINGS {
        let row = format!("| {} | {} |", code.number(), says.replace('`', ""));
        assert!(plain.contains(&row), "{row}");
    }
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

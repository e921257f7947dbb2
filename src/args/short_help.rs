//! The short help, `-h`: what is wanted most, on one screen and a line each. `--help` says everything.

use std::ffi::OsString;

use clap::{Arg, Command};

/// The commands that have more flags than a screen has lines.
const LONG: [&str; 5] = ["import", "plan", "resume", "watch", "check"];

/// What is wanted most of their flags; all else is left to the long help.
const WANTED_MOST: [&str; 27] = [
    "account",
    "allow-losses",
    "client-id",
    "cloud",
    "csv",
    "current",
    "delimiter",
    "encoding",
    "endpoint",
    "first",
    "json",
    "log-file",
    "mode",
    "on-done",
    "once",
    "organization",
    "rate",
    "report-dir",
    "retry-failed",
    "sandbox",
    "seats",
    "settle",
    "strict",
    "token-file",
    "until-full",
    "wide",
    "yes",
];

/// Cuts the short help down to the screen, where it is asked for.
pub fn short_help(command: Command, arguments: &[OsString]) -> Command {
    if !arguments.iter().any(|argument| argument == "-h") {
        return command;
    }
    command
        .mut_args(on_one_line)
        .mut_subcommands(|command: Command| {
            if !LONG.contains(&command.get_name()) {
                return command.mut_args(|arg| arg.hide_env(true));
            }
            command.mut_args(|arg| {
                let is_wanted = is_wanted(&arg);
                on_one_line(arg).hide_short_help(!is_wanted)
            })
        })
}

fn is_wanted(arg: &Arg) -> bool {
    arg.get_long()
        .is_none_or(|long| WANTED_MOST.contains(&long))
}

/// Leaves to the long help what would take a line of its own.
fn on_one_line(arg: Arg) -> Arg {
    let has_values = !arg.get_possible_values().is_empty() && arg.get_action().takes_values();
    arg.hide_env(true).hide_possible_values(has_values)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn what_is_wanted_most_is_there() {
        let cli = Cli::command();
        let commands = cli.get_subcommands();
        let flags = commands.flat_map(Command::get_arguments);
        let known: Vec<_> = flags.filter_map(Arg::get_long).collect();
        for wanted in WANTED_MOST {
            assert!(known.contains(&wanted), "{wanted}");
        }
    }
}

//! The layout of help: `-h` shows the flags wanted most, `--help` all of them, both with a line for each flag.

use clap::{Arg, Command};

use crate::args::env;

/// The whole help: what the command does, then usage, flags and examples.
const TEMPLATE: &str = "{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// Lays out the help of a program and its commands in clap's short layout, since its long one takes four lines a flag.
///
/// `is_short` leaves out the flags that are marked with `hide_short_help`.
pub fn lay_out(command: Command, is_short: bool) -> Command {
    let command = command.mut_args(|arg| on_one_line(arg, is_short));
    let command = if is_short { command } else { in_full(command) };
    command.mut_subcommands(|subcommand| lay_out(subcommand, is_short))
}

/// The values and the variable of a flag would take lines of their own.
fn on_one_line(arg: Arg, is_short: bool) -> Arg {
    let has_values = arg.get_action().takes_values() && !arg.get_possible_values().is_empty();
    let is_flag = !arg.is_positional();
    let is_hidden = arg.is_hide_short_help_set() && is_short;
    arg.hide_env(true)
        .hide_possible_values(has_values && is_flag)
        .hide_short_help(is_hidden)
}

/// Moves the long texts to where the short layout shows them.
fn in_full(command: Command) -> Command {
    let about = command
        .get_long_about()
        .or(command.get_about())
        .cloned()
        .unwrap_or_default();
    let examples = command.get_after_long_help().cloned();
    let flag = command.get_arguments().find_map(Arg::get_long);
    let variables = flag.map(|long| {
        let variable = env::variable(command.get_name(), long);
        format!("\n\nEvery flag has an environment variable: {variable} for --{long}.")
    });
    let after = examples.unwrap_or_default().to_string() + &variables.unwrap_or_default();
    command
        .before_help(about)
        .long_about(None)
        .after_help(after)
        .after_long_help(None)
        .help_template(TEMPLATE)
}

//! The variable of every flag: `SEATLOAD_BATCH_SIZE` for `--batch-size`.

use std::collections::BTreeSet;

use clap::{Arg, ArgAction, Command};

use crate::api::SECRET_VARIABLES;
use crate::hint::Failure;

/// Begins the name of every variable.
const PREFIX: &str = "SEATLOAD_";

/// Of the letters of a misspelt name, at most one in so many is wrong.
const LETTERS_PER_ERROR: usize = 4;

/// Gives every visible flag its variable. Hidden flags are old names and flags that undo others: they have none.
pub fn with_variables(command: Command) -> Command {
    let command = command.mut_args(|arg| with_variable(arg, "seatload"));
    command.mut_subcommands(|subcommand| {
        let name = subcommand.get_name().to_owned();
        subcommand.mut_args(|arg| with_variable(arg, &name))
    })
}

/// The variable of a command's flag. The flags of `sandbox` and `man` are not those of an import, even where the names
/// agree.
pub fn variable(command: &str, long: &str) -> String {
    let name = match command {
        "sandbox" | "man" => format!("{PREFIX}{command}_{long}"),
        _ => format!("{PREFIX}{long}"),
    };
    name.replace('-', "_").to_uppercase()
}

/// Whether a variable is set, and not to nothing.
pub fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

/// Checks the names of variables. `cli` is the program's command [`with_variables`].
///
/// # Errors
/// When one is not known and similar to a known one: it would be ignored, like `SEATLOAD_DRYRUN`.
pub fn check_spelling(cli: &Command, names: impl Iterator<Item = String>) -> Result<(), Failure> {
    let flags = { cli.get_subcommands().chain([cli]) }.flat_map(Command::get_arguments);
    let variables = flags.filter_map(|flag| flag.get_env()?.to_str());
    let known: BTreeSet<_> = variables.chain(SECRET_VARIABLES).collect();
    let mut misspelt = names.filter_map(|name| {
        let meant = similar(&known, &name)?;
        Some((name, meant))
    });
    match misspelt.next() {
        None => Ok(()),
        Some((name, meant)) => Err(Failure::new(format!("there is no variable {name}"))
            .hint(format!("did you mean {meant}?"))),
    }
}

/// The known variable that an unknown one probably means.
fn similar<'a>(known: &BTreeSet<&'a str>, name: &str) -> Option<&'a str> {
    let letters = name.strip_prefix(PREFIX)?.len();
    if known.contains(name) {
        return None;
    }
    let distance = |known: &&str| strsim::damerau_levenshtein(known, name);
    let nearest = known.iter().copied().min_by_key(distance)?;
    (distance(&nearest) * LETTERS_PER_ERROR <= letters).then_some(nearest)
}

fn with_variable(arg: Arg, command: &str) -> Arg {
    let Some(variable) = arg.get_long().map(|long| variable(command, long)) else {
        return arg;
    };
    if arg.is_hide_set() {
        return arg;
    }
    let arg = arg.env(variable).hide_env_values(true);
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        return arg.value_parser(parse_switch);
    }
    arg
}

/// What a variable or a configuration file says of a flag without a value.
fn parse_switch(text: &str) -> Result<bool, &'static str> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" | "t" | "y" => Ok(true),
        "false" | "no" | "off" | "0" | "f" | "n" => Ok(false),
        _ => Err("give true or false"),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    fn meant(name: &str) -> Option<String> {
        let cli = with_variables(Cli::command());
        let checked = check_spelling(&cli, [name.to_owned()].into_iter());
        checked
            .err()
            .and_then(|error| crate::hint::Hint::hint(&error))
    }

    #[test]
    fn a_misspelt_variable_is_found_and_another_programs_is_not() {
        for (name, known) in [
            ("SEATLOAD_DRYRUN", "SEATLOAD_DRY_RUN"),
            ("SEATLOAD_STIRCT", "SEATLOAD_STRICT"),
            ("SEATLOAD_TOKENS", "SEATLOAD_TOKEN"),
            ("SEATLOAD_CLIENTSECRET", "SEATLOAD_CLIENT_SECRET"),
        ] {
            assert_eq!(meant(name), Some(format!("did you mean {known}?")));
        }
        for name in [
            "SEATLOAD_TOKEN",
            "SEATLOAD_DRY_RUN",
            "SEATLOAD_SANDBOX_RATE",
            "SEATLOAD_HOME",
            "SEATLOAD_UID",
            "SEATLOAD_REQUIRE_TMUX",
            "PATH",
        ] {
            assert_eq!(meant(name), None, "{name}");
        }
    }
}

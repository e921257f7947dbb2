//! The variable of every flag: `SEATLOAD_BATCH_SIZE` for `--batch-size`.

use clap::{Arg, ArgAction, Command};

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
        "sandbox" | "man" => format!("SEATLOAD_{command}_{long}"),
        _ => format!("SEATLOAD_{long}"),
    };
    name.replace('-', "_").to_uppercase()
}

/// Whether a variable is set, and not to nothing.
pub fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
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

//! `seatload completions`: writes the script that completes command lines in a shell.

use clap::{Arg, Args, Command, ValueHint};
use clap_complete::{Shell, generate};

use crate::args::examples::{Example, HelpExamples, OUTPUT_EXIT_CODES};
use crate::exit_code::ExitCode;
use crate::stdout::print;

/// Write the script that completes commands in a shell
///
/// It completes flags, values, files and folders. A line in the start-up file of the shell, as below, keeps it up to
/// date.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES.text())]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

const EXAMPLES: HelpExamples = HelpExamples {
    examples: &[
        Example {
            title: "bash, in ~/.bashrc",
            lines: &["source <(seatload completions bash)"],
        },
        Example {
            title: "zsh, in ~/.zshrc, after compinit",
            lines: &["source <(seatload completions zsh)"],
        },
        Example {
            title: "fish, in ~/.config/fish/config.fish",
            lines: &["seatload completions fish | source"],
        },
        Example {
            title: "PowerShell, in the file that $PROFILE names",
            lines: &["seatload completions powershell | Out-String | Invoke-Expression"],
        },
    ],
    exit_codes: OUTPUT_EXIT_CODES,
};

/// Prints the script on standard output.
pub fn completions(args: &CompletionsArgs, cli: &Command) -> anyhow::Result<ExitCode> {
    let mut command = visible_command(cli).version(env!("CARGO_PKG_VERSION"));
    let mut script = Vec::new();
    generate(args.shell, &mut command, cli.get_name(), &mut script);
    print(|out| out.write_all(&script))?;
    Ok(ExitCode::AllSucceeded)
}

/// A command without its hidden flags, which clap would offer as well.
fn visible_command(command: &Command) -> Command {
    let visible = command.get_arguments().filter(|arg| !arg.is_hide_set());
    Command::new(command.get_name().to_owned())
        .about(command.get_about().cloned().unwrap_or_default())
        .args(visible.cloned().map(with_value_hint))
        .subcommands(command.get_subcommands().map(visible_command))
}

/// Says what a shell can offer for an argument, by the name of its value in help.
fn with_value_hint(arg: Arg) -> Arg {
    if !arg.get_action().takes_values() || !arg.get_possible_values().is_empty() {
        return arg;
    }
    let name = arg.get_value_names().and_then(<[_]>::first);
    let hint = match name.map(clap::builder::Str::as_str) {
        Some("FILE" | "INPUT" | "SOURCE") => ValueHint::FilePath,
        Some("DIR" | "FOLDER" | "RUN_FOLDER") => ValueHint::DirPath,
        Some("URL") => ValueHint::Url,
        Some("PROGRAM") => ValueHint::ExecutablePath,
        Some("COMMAND") => ValueHint::CommandString,
        // A number, a name or a column is no file.
        _ => ValueHint::Other,
    };
    arg.value_hint(hint)
}

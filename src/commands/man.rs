//! `seatload man`: writes the manual.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Command};
use clap_mangen::{Man, generate_to};

use crate::args::examples::{Example, HelpExamples, OUTPUT_EXIT_CODES};
use crate::exit_code::ExitCode;
use crate::stdout::print;

/// Write the manual, a page for each command
///
/// Without --out-dir, prints the page of the program.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES.text())]
pub struct ManArgs {
    /// Folder for all pages, such as seatload-import.1
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
}

const EXAMPLES: HelpExamples = HelpExamples {
    examples: &[
        Example {
            title: "Read the page of the program",
            lines: &["seatload man | man -l -"],
        },
        Example {
            title: "Put all pages where man finds them",
            lines: &[
                "seatload man --out-dir ~/.local/share/man/man1",
                "man seatload-import",
            ],
        },
    ],
    exit_codes: OUTPUT_EXIT_CODES,
};

/// Prints one page on standard output, or writes all of them into a folder.
pub fn man(args: &ManArgs, cli: Command) -> anyhow::Result<ExitCode> {
    let cli = cli.mut_subcommands(|command| {
        // A page leaves out the text of a flag that the short help hides.
        command.mut_args(|arg| arg.hide_short_help(false))
    });
    match &args.out_dir {
        Some(folder) => fs::create_dir_all(folder)
            .and_then(|()| generate_to(cli, folder))
            .with_context(|| format!("cannot write the manual to {}", folder.display()))?,
        None => print(|out| Man::new(cli.disable_help_subcommand(true)).render(out))?,
    }
    Ok(ExitCode::AllSucceeded)
}

//! `seatload man`: writes the manual.

mod page;
mod sections;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, CommandFactory};

use crate::args::examples::{Example, HelpExamples, OUTPUT_EXIT_CODES};
use crate::cli::Cli;
use crate::exit_code::ExitCode;
use crate::stdout::print;
use page::Page;

/// Write the manual, a page for each command
///
/// Without --out-dir, the program's own page goes to standard output.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES.text())]
pub struct ManArgs {
    /// The folder for all pages
    ///
    /// These are seatload.1, seatload-import.1 and so on. The folder is made where it is missing.
    #[arg(
        long,
        value_name = "DIR",
        env = "SEATLOAD_MAN_OUT_DIR",
        hide_env_values = true
    )]
    out_dir: Option<PathBuf>,
}

pub const EXAMPLES: HelpExamples = HelpExamples {
    examples: &[
        Example {
            title: "Read the program's own page",
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

/// Writes one page to standard output, or all of them into a folder.
pub fn man(args: &ManArgs) -> anyhow::Result<ExitCode> {
    // `seatload help import` says what `seatload import --help` says, and needs no page.
    let mut cli = Cli::command().disable_help_subcommand(true);
    cli.build();
    match &args.out_dir {
        Some(folder) => {
            let commands = cli.get_subcommands().map(Page::of_command);
            let pages = [Page::of_program(&cli)].into_iter().chain(commands);
            for page in pages {
                let page = page?;
                write(folder, &page).with_context(|| {
                    format!(
                        "cannot write {} into {}\n  hint: choose a folder that can be written to",
                        page.name,
                        folder.display()
                    )
                })?;
            }
        }
        None => {
            let page = Page::of_program(&cli)?;
            print(|out| out.write_all(page.text.as_bytes()))?;
        }
    }
    Ok(ExitCode::AllSucceeded)
}

fn write(folder: &Path, page: &Page) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join(&page.name), &page.text)
}

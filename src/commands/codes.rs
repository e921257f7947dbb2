//! `seatload codes`: lists the known bundle codes.

use std::io::{self, Write};

use clap::Args;
use serde::Serialize;

use crate::args::examples::{Example, HelpExamples, OUTPUT_EXIT_CODES};
use crate::catalog;
use crate::exit_code::ExitCode;
use crate::stdout::print;

/// List the known bundle codes with the vendor's names
///
/// A file may give a licence by code or by name, in upper or lower case. The service may know newer codes: an import
/// accepts them with --allow-code.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES.text())]
pub struct CodesArgs {
    /// Print a JSON array of objects with `code` and `name`
    #[arg(long)]
    json: bool,
}

const EXAMPLES: HelpExamples = HelpExamples {
    examples: &[
        Example {
            title: "Look up a code",
            lines: &[if cfg!(windows) {
                "seatload codes | Select-String ATTUNU"
            } else {
                "seatload codes | grep ATTUNU"
            }],
        },
        Example {
            title: "List them for a program",
            lines: &["seatload codes --json"],
        },
    ],
    exit_codes: OUTPUT_EXIT_CODES,
};

#[derive(Serialize)]
struct Code {
    code: &'static str,
    name: &'static str,
}

/// Prints the list on standard output.
pub fn codes(args: &CodesArgs) -> anyhow::Result<ExitCode> {
    print(|out| {
        if args.json {
            write_json(out)
        } else {
            write_table(out)
        }
    })?;
    Ok(ExitCode::AllSucceeded)
}

fn write_json(out: &mut dyn Write) -> io::Result<()> {
    let codes = catalog::ENTRIES.map(|entry| Code {
        code: entry.code,
        name: entry.name,
    });
    serde_json::to_writer_pretty(&mut *out, &codes)?;
    writeln!(out)
}

fn write_table(out: &mut dyn Write) -> io::Result<()> {
    let widths = catalog::ENTRIES.iter().map(|entry| entry.code.len());
    let width = widths.max().unwrap_or(0);
    for entry in catalog::ENTRIES {
        writeln!(out, "{:width$}  {}", entry.code, entry.name)?;
    }
    Ok(())
}

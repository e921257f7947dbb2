//! `seatload codes`: lists the bundle codes that are known.

use std::io::{self, Write};

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};
use serde::Serialize;

use crate::args::examples::{Example, HelpExamples, OUTPUT_EXIT_CODES};
use crate::catalog;
use crate::exit_code::ExitCode;
use crate::stdout::print;

/// List the bundle codes that are known, with the vendor's names
///
/// A file may name a licence by either, in any case. The service may know newer codes: `--allow-code` lets an import
/// take them.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES.text())]
pub struct CodesArgs {
    /// As a JSON array of objects with `code` and `name`
    #[arg(long, env = "SEATLOAD_JSON", hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    json: bool,
}

pub const EXAMPLES: HelpExamples = HelpExamples {
    examples: &[
        Example {
            title: "Look a code up",
            lines: &["seatload codes | grep ATTUNU"],
        },
        Example {
            title: "All of them, for a program to read",
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

/// Writes the list to standard output.
pub fn codes(args: &CodesArgs) -> anyhow::Result<ExitCode> {
    print(|out| write(out, args.json))?;
    Ok(ExitCode::AllSucceeded)
}

fn write(out: &mut dyn Write, as_json: bool) -> io::Result<()> {
    if as_json {
        let codes = catalog::ENTRIES.map(|entry| Code {
            code: entry.code,
            name: entry.name,
        });
        serde_json::to_writer_pretty(&mut *out, &codes)?;
        return writeln!(out);
    }
    let widest = catalog::ENTRIES.iter().map(|entry| entry.code.len()).max();
    for entry in catalog::ENTRIES {
        writeln!(
            out,
            "{:width$}  {}",
            entry.code,
            entry.name,
            width = widest.unwrap_or(0)
        )?;
    }
    Ok(())
}

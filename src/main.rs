//! The `seatload` command.

use std::process::ExitCode;

use clap::Parser;
use seatload::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run().into()
}

//! The `seatload` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    seatload::cli::run(std::env::args_os()).into()
}

//! The `seatload` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    seatload::run(std::env::args_os()).into()
}

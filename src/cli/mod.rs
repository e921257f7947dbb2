//! The command line: what can be asked for, and who does it.

mod agree;
mod codes;
mod connection;
mod execute;
mod import;
mod import_args;
mod input_args;
mod log_args;
mod network_args;
mod plan;
mod plan_args;
mod read;
mod resume;
mod run_args;
mod sandbox;
mod service_args;
mod settle;
mod sign_in;
mod sign_in_args;
mod write_ahead;

use std::io::{Write, stderr};

use clap::{Parser, Subcommand};

use crate::exit_code::ExitCode;

/// Loads licence seats from a CSV: every user in it comes to hold exactly the bundle codes that the file says.
#[derive(Debug, Parser)]
#[command(name = "seatload", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Import(Box<import_args::ImportArgs>),
    Plan(Box<plan::PlanCommand>),
    Resume(Box<resume::ResumeArgs>),
    Codes(codes::CodesArgs),
    Sandbox(sandbox::SandboxArgs),
}

impl Cli {
    /// Does what was asked for. An error is shown here; it always means that nothing was sent.
    pub fn run(self) -> ExitCode {
        let result = match self.command {
            Command::Import(args) => args
                .into_settings()
                .and_then(|settings| import::import(&settings)),
            Command::Plan(command) => plan::plan(*command),
            Command::Resume(args) => resume::resume(*args),
            Command::Codes(args) => codes::codes(&args),
            Command::Sandbox(args) => sandbox::serve(args),
        };
        result.unwrap_or_else(|error| {
            show(&error);
            ExitCode::NothingSent
        })
    }
}

/// What happened, then why, a line each.
fn show(error: &anyhow::Error) {
    let mut text = format!("error: {error}\n");
    for cause in error.chain().skip(1) {
        text.push_str(&format!("  because: {cause}\n"));
    }
    // Whoever closed standard error does not want to hear it.
    let _ = stderr().write_all(text.as_bytes());
}

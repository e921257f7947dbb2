//! `seatload sandbox`: serves the stand-in.

use std::collections::BTreeMap;
use std::io::{Write, stdout};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::args::examples::{Example, HelpExamples};
use crate::exit_code::ExitCode;
use crate::humanize::duration;
use crate::plan::seats_arg;
use crate::rate::Rate;
use crate::report::print_final;
use crate::sandbox::{self, Sandbox, SandboxSettings, Share};
use crate::signals;

/// Serve the stand-in for the service, on this machine only
///
/// It takes both variants of the call with any token, and behaves as the service does: an allocation replaces what
/// a user held, seats are taken and freed, one user too many refuses the whole request. GET / shows seats and
/// holdings as JSON. Nothing is kept when it ends.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES.text())]
pub struct SandboxArgs {
    /// The port; 0 is any that is free
    #[arg(
        long,
        value_name = "P",
        env = "SEATLOAD_SANDBOX_PORT",
        hide_env_values = true,
        default_value_t = 8080
    )]
    port: u16,

    /// The account that it knows
    ///
    /// Any other is answered with 404.
    #[arg(
        long,
        value_name = "ID",
        env = "SEATLOAD_SANDBOX_ACCOUNT",
        hide_env_values = true
    )]
    #[arg(default_value = sandbox::ACCOUNT)]
    account: String,

    /// Seats by code, such as RPADEVNU=50,ATTUNU=20
    ///
    /// Other codes have none then. [default: 50 of each code]
    #[arg(
        long,
        value_name = "CODE=N,…",
        env = "SEATLOAD_SANDBOX_SEATS",
        hide_env_values = true
    )]
    #[arg(value_parser = seats_arg::parse_seats)]
    seats: Option<BTreeMap<String, u64>>,

    /// How long every answer takes [default: no time]
    #[arg(
        long,
        value_name = "TIME",
        env = "SEATLOAD_SANDBOX_LATENCY",
        hide_env_values = true
    )]
    #[arg(value_parser = duration::parse)]
    latency: Option<Duration>,

    /// The quota, such as 160/5m [default: none]
    ///
    /// What comes beyond it is answered with 429 and Retry-After.
    #[arg(
        long,
        value_name = "N/W",
        env = "SEATLOAD_SANDBOX_RATE",
        hide_env_values = true
    )]
    rate: Option<Rate>,

    /// The share of requests that fail
    ///
    /// Such as 5%. They are answered with 503, 500, 429 or a web page; or done, and the answer is lost or leaves a user out.
    #[arg(
        long,
        value_name = "SHARE",
        env = "SEATLOAD_SANDBOX_FAIL",
        hide_env_values = true,
        default_value = "0%"
    )]
    fail: Share,

    /// Decides which requests fail
    #[arg(
        long,
        value_name = "N",
        env = "SEATLOAD_SANDBOX_SEED",
        hide_env_values = true,
        default_value_t = 0
    )]
    seed: u64,
}

pub const EXAMPLES: HelpExamples = HelpExamples {
    examples: &[Example {
        title: "Serve it in one terminal, and import from another",
        lines: &[
            "seatload sandbox --seats RPADEVNU=50,ATTUNU=20 --rate 160/5m --fail 5%",
            "SEATLOAD_TOKEN=any seatload import sample-data/onboarding.csv \\",
            "  --base-url http://127.0.0.1:8080 --account sandbox",
        ],
    }],
    exit_codes: &[
        (ExitCode::AllSucceeded, "ended by a signal"),
        (
            ExitCode::NothingSent,
            "bad usage, or the port cannot be listened on",
        ),
    ],
};

/// Serves until a signal comes.
pub fn serve(args: SandboxArgs) -> anyhow::Result<ExitCode> {
    let defaults = SandboxSettings::default();
    let settings = SandboxSettings {
        account: args.account,
        seats: args.seats.unwrap_or(defaults.seats),
        latency: args.latency.unwrap_or(defaults.latency),
        rate: args.rate,
        fail: args.fail,
        seed: args.seed,
    };
    Runtime::new()
        .context("cannot start the runtime")?
        .block_on(async {
            let stop = CancellationToken::new();
            signals::install(stop.clone(), || print_final("the sandbox left at once"))
                .context("cannot listen for signals")?;
            let sandbox = Sandbox::bind(&settings, args.port)
                .await
                .with_context(|| format!("cannot listen on port {}", args.port))?;
            writeln!(
                stdout(),
                "the sandbox listens on http://{} and knows the account {}; Ctrl-C ends it",
                sandbox.address()?,
                settings.account
            )?;
            sandbox.serve(stop).await?;
            Ok(ExitCode::AllSucceeded)
        })
}

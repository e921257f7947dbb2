//! `seatload sandbox`: runs the simulated service.

use std::collections::BTreeMap;
use std::io::{Write, stdout};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::args::examples::{Example, HelpExamples, SET_TOKEN};
use crate::args::whole_number::from_zero;
use crate::exit_code::ExitCode;
use crate::humanize::duration;
use crate::plan::seats_arg;
use crate::rate::Rate;
use crate::report::print_final;
use crate::sandbox::{self, Sandbox, SandboxSettings, Share};
use crate::signals;

/// Run the sandbox, a simulated service on this machine
///
/// It takes both variants of the call with any token and behaves as the service does: a request replaces the licences
/// of its users, takes and frees seats, and is refused whole for one user too many. It knows the people of
/// sample-data/joiners.csv, and says what users have and how many seats are free. GET / shows seats and licences as
/// JSON. Nothing is kept when it ends, except with --state.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES.text())]
pub struct SandboxArgs {
    /// Port to listen on; 0 for any free port
    #[arg(long, value_name = "P", default_value_t = 8080, value_parser = from_zero::<u16>)]
    port: u16,

    /// The account that exists
    #[arg(long, value_name = "ID", default_value = sandbox::ACCOUNT)]
    account: String,

    /// Seats; other codes have none [default: 50 each]
    #[arg(long, value_name = "CODE=N,…", value_parser = seats_arg::parse_seats)]
    seats: Option<BTreeMap<String, u64>>,

    /// Time for each response [default: none]
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    latency: Option<Duration>,

    /// Quota, such as 160/5m [default: none]
    #[arg(long, value_name = "N/W")]
    rate: Option<Rate>,

    /// Share of requests that fail
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    fail: Share,

    /// File that keeps what was applied, for the next start
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Seed of the failures
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = from_zero::<u64>)]
    seed: u64,
}

const EXAMPLES: HelpExamples = HelpExamples {
    examples: &[Example {
        title: "Run it in one terminal, and import from another",
        lines: &[
            "seatload sandbox --rate 160/5m --fail 5%",
            SET_TOKEN,
            "seatload import sample-data/joiners.csv --url http://127.0.0.1:8080/acme",
        ],
    }],
    exit_codes: &[
        (ExitCode::AllSucceeded, "ended by a signal"),
        (
            ExitCode::NothingSent,
            "bad usage, or the port cannot be used",
        ),
    ],
};

/// Serves until a signal comes.
pub fn serve(args: SandboxArgs) -> anyhow::Result<ExitCode> {
    let defaults = SandboxSettings::default();
    let settings = SandboxSettings {
        account: args.account,
        seats: args.seats.unwrap_or(defaults.seats.clone()),
        latency: args.latency.unwrap_or(defaults.latency),
        rate: args.rate,
        fail: args.fail,
        seed: args.seed,
        has_licensed_people: false,
        state: args.state,
        ..defaults
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
                "the sandbox listens on http://{} with the account {}; Ctrl-C ends it",
                sandbox.address()?,
                settings.account
            )?;
            sandbox.serve(stop).await?;
            Ok(ExitCode::AllSucceeded)
        })
}

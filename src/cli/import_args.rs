//! The arguments of `seatload import`, and what makes them sound.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueEnum};

use super::input_args::InputArgs;
use super::run_args::{REPORTS, REQUESTS, RunArgs, SERVICE};
use crate::api::Variant;
use crate::input::Input;
use crate::settings::{ImportSettings, Target};

/// Import a CSV of users and bundle codes
///
/// Every user in the file comes to hold exactly the codes of its rows, in place of what it held before. The file is
/// read to its end before anything is sent; a user with a bad row is not sent at all. What became of every user
/// stands in the report folder, in success.csv, failures.csv and, if the run stopped early, pending.csv; each of
/// them can be imported again.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES, args_override_self = true)]
pub(super) struct ImportArgs {
    /// The file: CSV or an Excel workbook, or either compressed by gzip or zstd; - for standard input
    input: PathBuf,

    /// The account (organisation) ID in the address
    #[arg(long, value_name = "ID", env = "SEATLOAD_ACCOUNT", help_heading = SERVICE, hide_env_values = true)]
    #[arg(required_unless_present = "sandbox")]
    account: Option<String>,

    /// The service's address
    #[arg(long, value_name = "URL", env = "SEATLOAD_BASE_URL", help_heading = SERVICE, hide_env_values = true)]
    #[arg(default_value = "https://cloud.uipath.com")]
    base_url: String,

    /// Which documented variant of the call to use
    #[arg(long, value_name = "VARIANT", env = "SEATLOAD_ENDPOINT", help_heading = SERVICE, hide_env_values = true)]
    #[arg(value_enum, default_value_t = EndpointArg::PostLa)]
    endpoint: EndpointArg,

    /// The organisation's name, if the address begins with it
    #[arg(long, value_name = "NAME", env = "SEATLOAD_ORGANIZATION", help_heading = SERVICE, hide_env_values = true)]
    organization: Option<String>,

    /// Use the built-in stand-in, with 50 seats of each code, in place of the service
    #[arg(long, env = "SEATLOAD_SANDBOX", help_heading = SERVICE, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    sandbox: bool,

    /// The most users in one request
    #[arg(long, value_name = "USERS", env = "SEATLOAD_BATCH_SIZE", help_heading = REQUESTS, hide_env_values = true)]
    #[arg(default_value_t = NonZeroUsize::new(100).expect("not zero"))]
    batch_size: NonZeroUsize,

    /// The folder for the reports, new or empty [default: seatload-INPUT-DATE-TIME]
    #[arg(long, value_name = "DIR", env = "SEATLOAD_REPORT_DIR", help_heading = REPORTS, hide_env_values = true)]
    report_dir: Option<PathBuf>,

    #[command(flatten)]
    input_args: InputArgs,

    #[command(flatten)]
    run: RunArgs,
}

const EXAMPLES: &str = "\
Examples:
  Try it, without the service:
    seatload import sample-data/onboarding.csv --sandbox
  Import for real:
    export SEATLOAD_TOKEN=…
    seatload import onboarding.csv --account 8f3c… --endpoint put-lease --organization acme
  Import what failed, once it is mended:
    seatload import seatload-onboarding-20261124-101500/failures.csv --account 8f3c…
  Go on with a run that stopped early:
    seatload resume seatload-onboarding-20261124-101500

Exit codes:
  0    every user succeeded
  1    the run finished, and some users or rows failed: see failures.csv
  2    bad usage, configuration or input: nothing was sent
  3    stopped early: what is left stands in pending.csv, and `seatload resume` goes on
  130  interrupted: the same";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EndpointArg {
    /// POST …/la/api/account/ID/user-license, documented in 2023
    PostLa,
    /// PUT …/lease_/api/account/ID/user-license, documented since 2025
    PutLease,
}

impl ImportArgs {
    /// Finds the arguments sound, or says what is wrong with them.
    pub(super) fn into_settings(self) -> anyhow::Result<ImportSettings> {
        let endpoint = match self.endpoint {
            EndpointArg::PostLa => Variant::PostLa,
            EndpointArg::PutLease => Variant::PutLease,
        };
        let target = if self.sandbox {
            Target::Sandbox { endpoint }
        } else {
            Target::Service {
                base_url: self.base_url,
                endpoint,
                organization: self.organization,
                account: self.account.unwrap_or_default(),
            }
        };
        let input = match self.input.as_os_str().to_str() {
            Some("-") => Input::Stdin,
            _ => Input::Path(self.input),
        };
        Ok(ImportSettings {
            input,
            is_strict: self.input_args.is_strict(),
            reading: self.input_args.into_reading(),
            batch_size: self.batch_size,
            report_dir: self.report_dir,
            run: self.run.begin(target)?,
        })
    }
}

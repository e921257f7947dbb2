//! The arguments of `seatload import`, and what makes them sound.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueEnum};
use secrecy::SecretString;

use crate::api::{Endpoint, Token, Variant};
use crate::dispatch::Policy;
use crate::duration;
use crate::input::Input;
use crate::rate::Rate;
use crate::report::ProgressMode;
use crate::settings::{ImportSettings, Target};

/// The token's variable. No flag takes a token: a command line is seen by every process.
const TOKEN_VARIABLE: &str = "SEATLOAD_TOKEN";

/// Without `--burst`, this part of the rate may leave at once.
const BURST_PART: u32 = 10;

/// Import a CSV of users and bundle codes
///
/// Every user in the file comes to hold exactly the codes of its rows, in place of what it held before. The file is
/// read to its end before anything is sent; a user with a bad row is not sent at all. What became of every user
/// stands in the report folder, in success.csv, failures.csv and, if the run stopped early, pending.csv; each of
/// them can be imported again.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES, args_override_self = true)]
pub(super) struct ImportArgs {
    /// The CSV file, or - for standard input
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

    /// A file that holds the access token, if SEATLOAD_TOKEN does not
    #[arg(long, value_name = "FILE", env = "SEATLOAD_TOKEN_FILE", help_heading = SERVICE, hide_env_values = true)]
    token_file: Option<PathBuf>,

    /// Use the built-in stand-in, with 50 seats of each code, in place of the service
    #[arg(long, env = "SEATLOAD_SANDBOX", help_heading = SERVICE, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    sandbox: bool,

    /// Rows that do not say get licences of an external provider
    #[arg(long, env = "SEATLOAD_EXTERNAL_LICENSE", help_heading = REQUESTS, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    external_license: bool,

    /// The most users in one request
    #[arg(long, value_name = "USERS", env = "SEATLOAD_BATCH_SIZE", help_heading = REQUESTS, hide_env_values = true)]
    #[arg(default_value_t = NonZeroUsize::new(100).expect("not zero"))]
    batch_size: NonZeroUsize,

    /// The most requests in any window of time, such as 10/s or 160/5m
    /// [default: 10/s for post-la, 160/5m for put-lease]
    #[arg(long, value_name = "N/W", env = "SEATLOAD_RATE", help_heading = REQUESTS, hide_env_values = true)]
    rate: Option<Rate>,

    /// How many of them may leave at once after a pause [default: a tenth of the rate's N]
    #[arg(long, value_name = "B", env = "SEATLOAD_BURST", help_heading = REQUESTS, hide_env_values = true)]
    burst: Option<NonZeroU32>,

    /// The most requests under way at once
    #[arg(long, value_name = "REQUESTS", env = "SEATLOAD_CONCURRENCY", help_heading = REQUESTS, hide_env_values = true)]
    #[arg(default_value_t = NonZeroUsize::new(8).expect("not zero"))]
    concurrency: NonZeroUsize,

    /// How often a request is sent again after passing trouble
    #[arg(long, value_name = "TIMES", env = "SEATLOAD_MAX_RETRIES", help_heading = REQUESTS, hide_env_values = true)]
    #[arg(default_value_t = 5)]
    max_retries: u32,

    /// How long an answer may take
    #[arg(long, value_name = "TIME", env = "SEATLOAD_TIMEOUT", help_heading = REQUESTS, hide_env_values = true)]
    #[arg(default_value = "30s", value_parser = duration::parse)]
    timeout: Duration,

    /// Ask for every single user, even after three in a row were refused for want of seats or of a licence
    #[arg(long, env = "SEATLOAD_KEEP_TRYING", help_heading = REQUESTS, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    keep_trying: bool,

    /// The folder for the reports, new or empty [default: seatload-INPUT-DATE-TIME]
    #[arg(long, value_name = "DIR", env = "SEATLOAD_REPORT_DIR", help_heading = REPORTS, hide_env_values = true)]
    report_dir: Option<PathBuf>,

    /// How to show progress
    #[arg(long, value_name = "HOW", env = "SEATLOAD_PROGRESS", help_heading = REPORTS, hide_env_values = true)]
    #[arg(value_enum, default_value_t = ProgressArg::Auto)]
    progress: ProgressArg,
}

const SERVICE: &str = "Service";
const REQUESTS: &str = "Requests";
const REPORTS: &str = "Reports";

const EXAMPLES: &str = "\
Examples:
  Try it, without the service:
    seatload import sample-data/onboarding.csv --sandbox
  Import for real:
    export SEATLOAD_TOKEN=…
    seatload import onboarding.csv --account 8f3c… --endpoint put-lease --organization acme
  Import what failed, once it is mended:
    seatload import seatload-onboarding-20261124-101500/failures.csv --account 8f3c…

Exit codes:
  0    every user succeeded
  1    the run finished, and some users or rows failed: see failures.csv
  2    bad usage, configuration or input: nothing was sent
  3    stopped early: what is left stands in pending.csv
  130  interrupted: what is left stands in pending.csv";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EndpointArg {
    /// POST …/la/api/account/ID/user-license, documented in 2023
    PostLa,
    /// PUT …/lease_/api/account/ID/user-license, documented since 2025
    PutLease,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProgressArg {
    /// Bars in a terminal, lines elsewhere
    Auto,
    /// A line at most every ten seconds
    Plain,
    /// Nothing but warnings
    None,
}

impl ImportArgs {
    /// Finds the arguments sound, or says what is wrong with them.
    pub(super) fn into_settings(self) -> anyhow::Result<ImportSettings> {
        let variant = match self.endpoint {
            EndpointArg::PostLa => Variant::PostLa,
            EndpointArg::PutLease => Variant::PutLease,
        };
        let rate = self.rate.unwrap_or_else(|| default_rate(variant));
        let tenth = NonZeroU32::new(rate.requests.get() / BURST_PART).unwrap_or(NonZeroU32::MIN);
        let burst = self.burst.unwrap_or(tenth);
        if burst > rate.requests {
            bail!("--burst {burst} is more than --rate {rate} allows in a whole window");
        }
        let target = if self.sandbox {
            Target::Sandbox { variant }
        } else {
            let account = self.account.as_deref().unwrap_or_default();
            Target::Service {
                endpoint: Endpoint::new(
                    &self.base_url,
                    variant,
                    self.organization.as_deref(),
                    account,
                )?,
                token: token(self.token_file)?,
            }
        };
        let input = match self.input.as_os_str().to_str() {
            Some("-") => Input::Stdin,
            _ => Input::Path(self.input),
        };
        Ok(ImportSettings {
            input,
            target,
            external_license: self.external_license,
            batch_size: self.batch_size,
            timeout: self.timeout,
            policy: Policy {
                rate,
                burst,
                concurrency: self.concurrency,
                max_retries: self.max_retries,
                keep_trying: self.keep_trying,
                seed: fastrand::u64(..),
            },
            report_dir: self.report_dir,
            progress: match self.progress {
                ProgressArg::Auto => ProgressMode::Auto,
                ProgressArg::Plain => ProgressMode::Plain,
                ProgressArg::None => ProgressMode::None,
            },
        })
    }
}

fn default_rate(variant: Variant) -> Rate {
    let rate = match variant {
        Variant::PostLa => "10/s",
        Variant::PutLease => "160/5m",
    };
    rate.parse().expect("a rate")
}

fn token(file: Option<PathBuf>) -> anyhow::Result<Token> {
    let variable = std::env::var(TOKEN_VARIABLE)
        .ok()
        .filter(|token| !token.is_empty());
    match (variable, file) {
        (Some(_), Some(_)) => bail!(
            "there are two access tokens, in {TOKEN_VARIABLE} and in the file of --token-file\n  to do: take one away"
        ),
        (Some(token), None) => Ok(Token::new(SecretString::from(token), TOKEN_VARIABLE)?),
        (None, Some(file)) => Ok(Token::from_file(&file)?),
        (None, None) => bail!(
            "there is no access token\n  to do: put it into {TOKEN_VARIABLE}, or into a file that --token-file names"
        ),
    }
}

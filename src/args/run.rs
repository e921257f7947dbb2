//! The arguments that beginning a run and going on with it have in common.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use anyhow::bail;
use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueEnum};

use crate::api::Variant;
use crate::args::log::LogArgs;
use crate::args::network::NetworkArgs;
use crate::args::sign_in::SignInArgs;
use crate::humanize::duration;
use crate::rate::Rate;
use crate::settings::{ProgressMode, RequestSettings, RunSettings, SyncMode, Target};

/// Without `--burst`, this part of the rate may leave at once.
const BURST_DIVISOR: u32 = 10;

pub const REQUESTS: &str = "Requests";
pub const REPORTS: &str = "Reports";

#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// The most requests in any window, such as 160/5m
    ///
    /// [default: 10/s for post-la, 160/5m for put-lease]
    #[arg(long, value_name = "N/W", env = "SEATLOAD_RATE", help_heading = REQUESTS, hide_env_values = true)]
    rate: Option<Rate>,

    /// How many of them may leave at once after a pause [default: a tenth of the rate's N]
    #[arg(long, value_name = "B", env = "SEATLOAD_BURST", help_heading = REQUESTS, hide_env_values = true)]
    burst: Option<NonZeroU32>,

    /// The most requests under way at once [default: 8]
    #[arg(long, value_name = "REQUESTS", env = "SEATLOAD_CONCURRENCY", help_heading = REQUESTS, hide_env_values = true)]
    concurrency: Option<NonZeroUsize>,

    /// How often a request is sent again after passing trouble [default: 5]
    #[arg(long, value_name = "TIMES", env = "SEATLOAD_MAX_RETRIES", help_heading = REQUESTS, hide_env_values = true)]
    max_retries: Option<u32>,

    /// How long an answer may take [default: 30s]
    #[arg(long, value_name = "TIME", env = "SEATLOAD_TIMEOUT", help_heading = REQUESTS, hide_env_values = true)]
    #[arg(value_parser = duration::parse)]
    timeout: Option<Duration>,

    /// Ask for every single user, even after three in a row were refused for want of seats or of a licence
    #[arg(long, env = "SEATLOAD_KEEP_TRYING", help_heading = REQUESTS, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    keep_trying: bool,

    /// Never have two requests under way that want the same code, so that of the users of one set of codes those who come
    /// first get the last seats, whatever the network does; slower. --priority and --until-full imply it
    #[arg(long, env = "SEATLOAD_IN_ORDER", help_heading = REQUESTS, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    in_order: bool,

    /// Send the first so many users, and stop there
    ///
    /// `seatload resume` goes on with the rest.
    #[arg(long, value_name = "USERS", env = "SEATLOAD_FIRST", help_heading = REQUESTS, hide_env_values = true)]
    first: Option<NonZeroUsize>,

    /// How to show progress
    #[arg(long, value_name = "HOW", env = "SEATLOAD_PROGRESS", help_heading = REPORTS, hide_env_values = true)]
    #[arg(value_enum, default_value_t = ProgressArg::Auto)]
    progress: ProgressArg,

    /// When outcomes are forced onto the disk, against a power cut
    #[arg(long, value_name = "WHEN", env = "SEATLOAD_SYNC", help_heading = REPORTS, hide_env_values = true)]
    #[arg(value_enum, default_value_t = SyncArg::EverySecond)]
    sync: SyncArg,

    #[command(flatten)]
    sign_in: SignInArgs,

    #[command(flatten)]
    network: NetworkArgs,

    #[command(flatten)]
    log: LogArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProgressArg {
    /// Bars in a terminal, lines elsewhere
    Auto,
    /// A line at most every ten seconds
    Plain,
    /// A JSON object for each event
    Json,
    /// Nothing but warnings
    None,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SyncArg {
    /// Within a second, and at the end
    EverySecond,
    /// With each answer
    Always,
}

impl RunArgs {
    /// The settings of a run that begins or goes on. What is not said is as before.
    pub fn into_settings(
        self,
        target: Target,
        before: &RequestSettings,
    ) -> anyhow::Result<RunSettings> {
        target.address()?;
        let requests = self.requests(before)?;
        let progress = self.progress();
        Ok(RunSettings {
            target,
            sign_in: self.sign_in.into_settings(),
            network: self.network.into_settings()?,
            requests,
            first: self.first,
            progress,
            sync: match self.sync {
                SyncArg::EverySecond => SyncMode::EverySecond,
                SyncArg::Always => SyncMode::Always,
            },
        })
    }

    /// How requests are sent. What is not said is as before.
    pub fn requests(&self, before: &RequestSettings) -> anyhow::Result<RequestSettings> {
        let rate = self.rate.unwrap_or(before.rate);
        let burst = match (self.burst, self.rate) {
            (Some(burst), _) => burst,
            (None, Some(rate)) => default_burst(rate),
            (None, None) => before.burst,
        };
        if burst > rate.requests {
            bail!("--burst {burst} is more than --rate {rate} allows in a whole window");
        }
        Ok(RequestSettings {
            rate,
            burst,
            concurrency: self.concurrency.unwrap_or(before.concurrency),
            max_retries: self.max_retries.unwrap_or(before.max_retries),
            timeout: self.timeout.unwrap_or(before.timeout),
            keep_trying: self.keep_trying || before.keep_trying,
            in_order: self.in_order || before.in_order,
        })
    }

    /// Begins to log, if that was asked for.
    pub fn init_logging(&self) -> anyhow::Result<()> {
        self.log.init()
    }

    /// How many users are sent for now.
    pub fn first(&self) -> Option<NonZeroUsize> {
        self.first
    }

    /// How progress is shown.
    pub fn progress(&self) -> ProgressMode {
        match self.progress {
            // Bars and lines of a log would spoil each other.
            ProgressArg::Auto if self.log.is_on_screen() => ProgressMode::Plain,
            other => other.into(),
        }
    }
}

/// How requests are sent by a variant of the call, unless it is said. `in_order`: it matters who comes first.
pub fn default_requests(variant: Variant, in_order: bool) -> RequestSettings {
    let rate = match variant {
        Variant::PostLa => "10/s",
        Variant::PutLease => "160/5m",
    };
    let rate: Rate = rate.parse().expect("a rate");
    RequestSettings {
        rate,
        burst: default_burst(rate),
        concurrency: NonZeroUsize::new(8).expect("not zero"),
        max_retries: 5,
        timeout: Duration::from_secs(30),
        keep_trying: false,
        in_order,
    }
}

impl From<ProgressArg> for ProgressMode {
    fn from(arg: ProgressArg) -> Self {
        match arg {
            ProgressArg::Auto => Self::Auto,
            ProgressArg::Plain => Self::Plain,
            ProgressArg::Json => Self::Events,
            ProgressArg::None => Self::None,
        }
    }
}

fn default_burst(rate: Rate) -> NonZeroU32 {
    NonZeroU32::new(rate.requests.get() / BURST_DIVISOR).unwrap_or(NonZeroU32::MIN)
}

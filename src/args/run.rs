//! The flags that starting a run and resuming one have in common.

use clap::{Args, ValueEnum};

use crate::args::log::{LogArgs, PROGRESS_AND_LOG};
use crate::args::network::NetworkArgs;
use crate::args::requests::RequestArgs;
use crate::settings::{
    ProgressMode, RequestSettings, RunSettings, SignInSettings, SyncMode, Target,
};

#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub requests: RequestArgs,

    #[command(flatten)]
    network: NetworkArgs,

    /// `auto`, `plain` lines, `json` events or `none`
    #[arg(long, value_name = "HOW", help_heading = PROGRESS_AND_LOG, hide_short_help = true)]
    #[arg(value_enum, default_value_t = ProgressArg::Auto)]
    progress: ProgressArg,

    /// `every-second` or `always`, against power cuts
    #[arg(long, value_name = "WHEN", help_heading = PROGRESS_AND_LOG, hide_short_help = true)]
    #[arg(value_enum, default_value_t = SyncArg::EverySecond)]
    sync: SyncArg,

    #[command(flatten)]
    pub log: LogArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProgressArg {
    /// Bars in a terminal, lines elsewhere
    Auto,
    /// A line at most every ten seconds
    Plain,
    /// A JSON object for each event
    Json,
    /// Only warnings
    None,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SyncArg {
    /// Within a second, and at the end
    EverySecond,
    /// With each response
    Always,
}

impl RunArgs {
    /// The settings of a run. `defaults` fills in what is not given about requests.
    pub fn into_settings(
        self,
        target: Target,
        sign_in: SignInSettings,
        defaults: &RequestSettings,
    ) -> anyhow::Result<RunSettings> {
        if let Target::Service(address) = &target {
            address.check()?;
        }
        Ok(RunSettings {
            first: self.requests.first,
            target,
            sign_in,
            requests: self.requests.settings(defaults)?,
            progress: self.progress(),
            network: self.network.into_settings()?,
            sync: match self.sync {
                SyncArg::EverySecond => SyncMode::EverySecond,
                SyncArg::Always => SyncMode::Always,
            },
        })
    }

    pub fn progress(&self) -> ProgressMode {
        match self.progress {
            // Bars and lines of a log would overwrite each other.
            ProgressArg::Auto if self.log.is_on_screen() => ProgressMode::Plain,
            ProgressArg::Auto => ProgressMode::Auto,
            ProgressArg::Plain => ProgressMode::Plain,
            ProgressArg::Json => ProgressMode::Events,
            ProgressArg::None => ProgressMode::None,
        }
    }
}

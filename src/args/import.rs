//! The arguments of `seatload import`, and what makes them sound.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};

use crate::args::examples::{Example, HelpExamples};
use crate::args::input::InputArgs;
use crate::args::plan::PlanArgs;
use crate::args::run::{REPORTS, REQUESTS, RunArgs, default_requests};
use crate::args::service::ServiceArgs;
use crate::args::summary::{SummaryArgs, SummaryFormat};
use crate::catalog::Catalog;
use crate::exit_code::ExitCode;
use crate::input::{Format, Input};
use crate::settings::{
    Consent, ImportPlan, ImportSettings, InputSettings, Interactivity, ProgressMode,
    RequestSettings, ResumeInput, RunSettings,
};

/// Import a CSV of users and bundle codes
///
/// Every user in the file comes to hold exactly the codes of its rows, in place of what it held before. The file is
/// read to its end before anything is sent; a user with a bad row is not sent at all. What became of every user
/// stands in the report folder, in success.csv, failures.csv and, if the run stopped early, pending.csv; each of
/// them can be imported again.
#[derive(Debug, Clone, Args)]
#[command(after_help = SHORT_EXAMPLES, after_long_help = EXAMPLES.text(), args_override_self = true)]
pub struct ImportArgs {
    /// The file, a CSV or an Excel workbook; - for standard input
    ///
    /// Either may be compressed by gzip or zstd.
    input: PathBuf,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    summary: SummaryArgs,
}

/// Every setting of an import.
#[derive(Debug, Clone, Args)]
pub struct SettingsArgs {
    #[command(flatten)]
    service: ServiceArgs,

    /// The most users in one request
    #[arg(long, value_name = "USERS", env = "SEATLOAD_BATCH_SIZE", help_heading = REQUESTS, hide_env_values = true)]
    #[arg(default_value_t = NonZeroUsize::new(100).expect("not zero"))]
    batch_size: NonZeroUsize,

    /// The folder for the reports, new or empty
    ///
    /// [default: seatload-INPUT-DATE-TIME]
    #[arg(long, value_name = "DIR", env = "SEATLOAD_REPORT_DIR", help_heading = REPORTS, hide_env_values = true)]
    report_dir: Option<PathBuf>,

    #[command(flatten)]
    input_args: InputArgs,

    #[command(flatten)]
    plan: PlanArgs,

    #[command(flatten)]
    run: RunArgs,

    /// Do not ask before sending
    #[arg(long, short, env = "SEATLOAD_YES", help_heading = CONSENT, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    yes: bool,

    /// Go ahead though users lose licences
    ///
    /// This is for where there is no terminal to ask at, and users lose licences that they hold, as --current shows.
    #[arg(long, env = "SEATLOAD_ALLOW_LOSSES", help_heading = CONSENT, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    allow_losses: bool,
}

const CONSENT: &str = "Consent";

/// What the short help ends with.
const SHORT_EXAMPLES: &str = "\
Examples:
  seatload import sample-data/onboarding.csv --sandbox
  seatload import onboarding.csv --profile prod

`--help` shows all flags, their variables, and more examples.";

pub const EXAMPLES: HelpExamples = HelpExamples {
    examples: &[
        Example {
            title: "Try it, without the service",
            lines: &["seatload import sample-data/onboarding.csv --sandbox"],
        },
        Example {
            title: "Import for real, with a token",
            lines: &[
                "export SEATLOAD_TOKEN=… SEATLOAD_ACCOUNT=8f3c…",
                "seatload check --cloud automation --organization acme",
                "seatload import onboarding.csv --cloud automation --organization acme",
            ],
        },
        Example {
            title: "As an external application, with settings of a profile in seatload.toml",
            lines: &[
                "export SEATLOAD_CLIENT_SECRET=…",
                "seatload import onboarding.csv --profile prod",
            ],
        },
        Example {
            title: "Let users keep what they hold now, as long as there are seats",
            lines: &[
                "seatload import onboarding.csv --current holdings.csv --mode add \\",
                "  --seats-file seats.csv --until-full",
            ],
        },
        Example {
            title: "Import what failed, once it is mended",
            lines: &["seatload import seatload-onboarding-20261124-101500/failures.csv"],
        },
        Example {
            title: "Go on with a run that stopped early",
            lines: &["seatload resume seatload-onboarding-20261124-101500"],
        },
    ],
    exit_codes: &ExitCode::MEANINGS,
};

impl ImportArgs {
    /// How the summary is printed.
    pub fn summary_format(&self) -> SummaryFormat {
        self.summary.summary_format()
    }

    /// Finds the arguments sound, or says what is wrong with them.
    pub fn into_settings(self) -> anyhow::Result<ImportSettings> {
        self.settings.init_logging()?;
        self.settings.into_import_settings(self.input)
    }
}

impl SettingsArgs {
    /// Begins to log, if that was asked for.
    pub fn init_logging(&self) -> anyhow::Result<()> {
        self.run.init_logging()
    }

    /// As an import of a file needs them.
    pub fn into_import_settings(self, input: PathBuf) -> anyhow::Result<ImportSettings> {
        let endpoint = self.service.variant();
        let target = self.service.target()?;
        let is_strict = self.input_args.is_strict();
        let intent = import_plan(input, self.input_args, self.plan, self.batch_size)?;
        let defaults = default_requests(endpoint, requires_order(&intent));
        Ok(ImportSettings {
            run: self.run.into_settings(target, &defaults)?,
            intent,
            is_strict,
            consent: Consent {
                to_all: self.yes,
                to_losses: self.allow_losses,
            },
            asking: Interactivity::AtTerminal,
            later: ResumeInput::InPlace,
            report_dir: self.report_dir,
        })
    }

    /// As far as a plan needs them: nothing is sent, so there need be no account and no token.
    pub fn into_plan_settings(
        self,
        input: PathBuf,
    ) -> anyhow::Result<(
        ImportPlan,
        (RequestSettings, Option<NonZeroUsize>),
        ProgressMode,
    )> {
        self.run.init_logging()?;
        let (progress, first) = (self.run.progress(), self.run.first());
        let intent = import_plan(input, self.input_args, self.plan, self.batch_size)?;
        let defaults = default_requests(self.service.variant(), requires_order(&intent));
        let requests = self.run.requests(&defaults)?;
        Ok((intent, (requests, first), progress))
    }

    /// As far as a connection needs them.
    pub fn into_run_settings(self) -> anyhow::Result<RunSettings> {
        self.run.init_logging()?;
        let defaults = default_requests(self.service.variant(), false);
        let target = self.service.target()?;
        self.run.into_settings(target, &defaults)
    }
}

fn import_plan(
    input: PathBuf,
    input_args: InputArgs,
    plan: PlanArgs,
    batch_size: NonZeroUsize,
) -> anyhow::Result<ImportPlan> {
    let reading = input_args.into_input_settings();
    let plan = plan.into_settings(&Catalog::with_extra_codes(&reading.allowed_codes))?;
    Ok(ImportPlan {
        input: match input.as_os_str().to_str() {
            Some("-") => Input::Stdin,
            _ => Input::Path(input),
        },
        reading: InputSettings {
            format: Format {
                priority_column: plan.priority,
                ..reading.format
            },
            current: plan.current,
            mode: plan.mode,
            ..reading
        },
        seats: plan.seats,
        batch_size,
    })
}

fn requires_order(intent: &ImportPlan) -> bool {
    let is_until_full = intent.seats.as_ref().is_some_and(|limit| limit.partial);
    is_until_full || intent.reading.format.priority_column.is_some()
}

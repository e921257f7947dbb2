//! `seatload plan`: shows what an import would do.

use clap::{Args, ValueHint};

use crate::args::examples::{Example, HelpExamples};
use crate::args::settings::SettingsArgs;
use crate::exit_code::ExitCode;
use crate::import::preview::{PlanFormat, preview};
use crate::input::Input;

/// Show what an import would do, and send nothing
///
/// Takes the flags of `seatload import`, and needs neither an account nor a token. Shows how many users would be sent
/// in how many requests and how long that takes; with --current the licences that users gain and lose; with --seats
/// whether there are enough seats.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES.text(), args_override_self = true)]
pub struct PlanCommand {
    /// CSV or Excel workbook, also compressed; - for standard input
    #[arg(value_hint = ValueHint::FilePath)]
    input: Input,

    /// Print the plan as JSON
    #[arg(long)]
    json: bool,

    /// Print a CSV with a row for each user
    #[arg(long, conflicts_with = "json")]
    csv: bool,

    #[command(flatten)]
    settings: SettingsArgs,
}

const EXAMPLES: HelpExamples = HelpExamples {
    examples: &[
        Example {
            title: "See whether there are enough seats",
            lines: &["seatload plan onboarding.csv --seats-file seats.csv"],
        },
        Example {
            title: "See the licences that users would gain and lose, and for every user",
            lines: &[
                "seatload plan onboarding.csv --current licences.csv",
                "seatload plan onboarding.csv --current licences.csv --csv > plan.csv",
            ],
        },
    ],
    exit_codes: &[
        (
            ExitCode::AllSucceeded,
            "every user could be sent, and there are enough seats as far as is known",
        ),
        (
            ExitCode::SomeFailed,
            "there are bad rows, users who would not be sent, or too few seats",
        ),
        (ExitCode::NothingSent, "bad usage, configuration or input"),
    ],
};

/// Prints a plan on standard output.
pub fn plan(args: PlanCommand) -> anyhow::Result<ExitCode> {
    args.settings.init_logging()?;
    args.input.require()?;
    let format = match (args.json, args.csv) {
        (true, _) => PlanFormat::Json,
        (_, true) => PlanFormat::Csv,
        _ => PlanFormat::Text,
    };
    preview(args.settings.into_preview_settings(args.input)?, format)
}

//! `seatload verify`: whether everyone has what a file says.

use clap::{Args, ValueHint};
use tempfile::NamedTempFile;
use tokio_util::sync::CancellationToken;

use anyhow::Context;

use crate::args::examples::{Example, HelpExamples, SET_TOKEN};
use crate::args::input::InputArgs;
use crate::args::reading::{ReadingArgs, hide_sending};
use crate::args::source::SourceArg;
use crate::exit_code::ExitCode;
use crate::import::connection::Connection;
use crate::import::load;
use crate::import::lookups::Lookups;
use crate::import::prepare::save;
use crate::import::sandbox_state;
use crate::input::Input;
use crate::plan::Mode;
use crate::report::{Progress, Verification};
use crate::settings::{Ask, ImportPlan, InputSettings, Questions};
use crate::stdout::print;

/// Check whether users have what a file says
///
/// Asks the service what the users of the file have, and lists who lacks licences and who has too many. Changes
/// nothing.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES.text(), args_override_self = true)]
#[command(mut_args(hide_sending))]
pub struct VerifyArgs {
    /// CSV or Excel workbook, also compressed; - for standard input
    #[arg(value_hint = ValueHint::FilePath)]
    input: Input,

    /// Print the differences as JSON
    #[arg(long)]
    json: bool,

    /// Print a CSV with a row for each user who differs
    #[arg(long, conflicts_with = "json")]
    csv: bool,

    #[command(flatten)]
    reading: ReadingArgs,

    #[command(flatten)]
    format: InputArgs,
}

const EXAMPLES: HelpExamples = HelpExamples {
    examples: &[
        Example {
            title: "After an import",
            lines: &[
                SET_TOKEN,
                "seatload verify joiners.xlsx --url https://cloud.uipath.com/acme",
            ],
        },
        Example {
            title: "The differences as a file",
            lines: &["seatload verify joiners.xlsx --profile prod --csv > differences.csv"],
        },
    ],
    exit_codes: &[
        (
            ExitCode::AllSucceeded,
            "everyone has exactly what the file says",
        ),
        (ExitCode::SomeFailed, "there are differences or bad rows"),
        (
            ExitCode::NothingSent,
            "bad usage or input, or the licences cannot be read",
        ),
    ],
};

/// Prints the differences between a file and what users have.
pub fn verify(args: VerifyArgs) -> anyhow::Result<ExitCode> {
    args.reading.init_logging()?;
    args.input.require()?;
    let settings = args.reading.into_settings()?;
    let plan = plan(args.input, args.format)?;
    let mut progress = Progress::new(settings.progress);
    let state = sandbox_state::newest().or_else(|| sandbox_state::beside_input(&plan.input));
    let connection = Connection::new(&settings, state.as_deref())?;
    let retries = settings.requests.max_retries;
    let located = connection.sign_in(retries, &CancellationToken::new(), &progress)?;
    let lookups = Lookups::new(&connection, located, plan.questions, retries);
    let saved = NamedTempFile::new().context("cannot create a temporary file")?;
    let input = match plan.input {
        Input::Stdin => save(&plan.input, saved.path(), &mut progress)?,
        Input::Path(_) => plan.input.clone(),
    };
    let tables = load::load_side_tables(&plan.input_settings, lookups.as_ref(), &mut progress)?;
    let loaded = load::load(&input, &plan, tables, lookups.as_ref(), &mut progress)?;
    progress.finish();
    let changes = loaded.into_changes(Mode::Replace);
    let verification = Verification::new(plan.input.to_string(), &changes);
    print(|out| match (args.json, args.csv) {
        (true, _) => verification.write_json(out),
        (_, true) => verification.write_csv(out),
        _ => verification.write_text(out),
    })?;
    Ok(if verification.is_as_requested() {
        ExitCode::AllSucceeded
    } else {
        ExitCode::SomeFailed
    })
}

fn plan(input: Input, format: InputArgs) -> anyhow::Result<ImportPlan> {
    let (directory, addresses) = SourceArg::resolve(format.directory.clone(), Ask::IfPossible);
    Ok(ImportPlan {
        input,
        input_settings: InputSettings {
            directory,
            ..format.into_input_settings()?
        },
        seats: None,
        until_full: false,
        questions: Questions {
            addresses,
            current: Ask::Must,
            seats: Ask::No,
        },
        batch_size: std::num::NonZeroUsize::MIN,
    })
}

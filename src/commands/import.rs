//! `seatload import`: starts a run.

use std::path::Path;

use anyhow::bail;
use clap::{Args, ValueHint};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::args::examples::{Example, HelpExamples, SET_TOKEN, SET_URL};
use crate::args::settings::SettingsArgs;
use crate::args::summary::SummaryArgs;
use crate::exit_code::ExitCode;
use crate::hint::Failure;
use crate::import::account::Located;
use crate::import::ask_columns::ask_columns;
use crate::import::connection::Connection;
use crate::import::context::{
    Session, exit_on_signal, exit_on_signal_without, interrupt_on_signal,
};
use crate::import::load;
use crate::import::lookups::Lookups;
use crate::import::prepare::prepare;
use crate::import::preview::{PlanFormat, preview};
use crate::import::result::RunResult;
use crate::import::sandbox_state::beside_input;
use crate::import::send_times::SendTimes;
use crate::input::Input;
use crate::report::Progress;
use crate::run::{FolderError, NewRunFolder, START, UnstartedRun};
use crate::settings::{ImportSettings, SummaryFormat};
use crate::signals::ExitOnSignal;

/// Import a file of users and bundle codes
///
/// Every user in the file gets exactly the codes of its rows, in place of what it had before. The whole file is read
/// before anything is sent, and a user with a bad row is not sent. The report folder says what happened to every user:
/// success.csv, failures.csv and, if the run stopped early, pending.csv. Each of them can be imported again.
#[derive(Debug, Clone, Args)]
#[command(after_help = SHORT_EXAMPLES, after_long_help = EXAMPLES.text(), args_override_self = true)]
pub struct ImportArgs {
    /// CSV or Excel workbook, also compressed; - for standard input
    #[arg(value_hint = ValueHint::FilePath)]
    input: Input,

    /// Show what the import would do, and send nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    summary: SummaryArgs,

    #[command(flatten)]
    settings: SettingsArgs,
}

const SHORT_EXAMPLES: &str = "\
Examples:
  seatload import sample-data/onboarding.csv --sandbox
  seatload import onboarding.csv --profile prod";

const EXAMPLES: HelpExamples = HelpExamples {
    examples: &[
        Example {
            title: "Try it without the service",
            lines: &["seatload import sample-data/joiners.csv --sandbox --until-full"],
        },
        Example {
            title: "See what would be sent, then send it with a token",
            lines: &[
                SET_TOKEN,
                SET_URL,
                "seatload import joiners.xlsx --dry-run",
                "seatload import joiners.xlsx",
            ],
        },
        Example {
            title: "Let users keep the licences that they have, as long as there are seats",
            lines: &["seatload import joiners.xlsx --mode add --until-full"],
        },
        Example {
            title: "Import the failed users once their rows are corrected",
            lines: &["seatload import seatload-joiners-20261124-101500/failures.csv"],
        },
    ],
    exit_codes: &ExitCode::MEANINGS,
};

/// Imports a file. An error means that nothing was sent.
pub fn import(args: ImportArgs) -> anyhow::Result<ExitCode> {
    args.settings.init_logging()?;
    args.input.require()?;
    if args.dry_run {
        return dry_run(args);
    }
    let format = args.summary.summary_format();
    let mut settings = args.settings.into_import_settings(args.input)?;
    let next_time = ask_columns(&settings.plan.input, &mut settings.plan.input_settings)?;
    let mut progress = Progress::new(settings.run.progress);
    let connection = Connection::new(&settings.run, beside_input(&settings.plan.input).as_deref())?;
    let before_start = exit_on_signal()?;
    let retries = settings.run.requests.max_retries;
    let located = connection.sign_in(retries, &CancellationToken::new(), &progress)?;
    settings.run.target = settings.run.target.with_account(&located.account_id);
    let result = run(&settings, &connection, located, before_start, &mut progress)?;
    let exit_code = result.print(format, &progress);
    if let Some(flags) = next_time {
        progress.message(&format!("hint: next time, add {flags}"));
    }
    Ok(exit_code)
}

/// Loads, plans and confirms, then sends.
fn run(
    settings: &ImportSettings,
    connection: &Connection,
    located: &Located,
    before_start: ExitOnSignal,
    progress: &mut Progress,
) -> anyhow::Result<RunResult> {
    let retries = settings.run.requests.max_retries;
    let lookups = Lookups::new(connection, located, settings.plan.questions, retries);
    let lookups = lookups.as_ref();
    let asks = lookups.is_some();
    let (early_folder, before_start) = create_early_folder(settings, asks, before_start)?;
    let side_tables = load::load_side_tables(&settings.plan.input_settings, lookups, progress)?;
    let stdin_folder = early_folder
        .as_deref()
        .filter(|_| settings.plan.input == Input::Stdin);
    let prepared = prepare(
        settings,
        side_tables,
        connection,
        lookups,
        stdin_folder,
        progress,
    )?;
    let folder = early_folder.map_or_else(|| create_folder(settings), Ok)?;
    folder.remove(START)?;
    if let Some(violation) = prepared.report_violation(settings, &located.endpoint, &folder)? {
        let reports = folder.keep();
        let rows = reports.path().join("failures.csv");
        bail!(Failure::new(violation.message()).hint(format!(
            "correct the rows in {}, and import the file again",
            rows.display()
        )));
    }
    let session = Session {
        connection,
        located,
        send_times: &SendTimes::default(),
        interrupt: &interrupt_on_signal(folder.path())?,
    };
    drop(before_start);
    prepared.run(settings, folder, session, progress)
}

/// The folder of a run, before it begins: standard input is saved in it, since it cannot be read again; and an import
/// that asks the service can be resumed if it is killed meanwhile. A signal removes the folder.
fn create_early_folder(
    settings: &ImportSettings,
    asks: bool,
    before_start: ExitOnSignal,
) -> anyhow::Result<(Option<NewRunFolder>, ExitOnSignal)> {
    let is_stdin = settings.plan.input == Input::Stdin;
    if !is_stdin && !asks {
        return Ok((None, before_start));
    }
    let folder = create_folder(settings)?;
    if let Some(start) = UnstartedRun::of_this_process().filter(|_| !is_stdin) {
        start.write(&folder)?;
    }
    drop(before_start);
    let before_start = exit_on_signal_without(folder.path())?;
    Ok((Some(folder), before_start))
}

fn dry_run(args: ImportArgs) -> anyhow::Result<ExitCode> {
    let format = match args.summary.summary_format() {
        SummaryFormat::Table => PlanFormat::Text,
        SummaryFormat::Json => PlanFormat::Json,
    };
    preview(args.settings.into_preview_settings(args.input)?, format)
}

fn create_folder(settings: &ImportSettings) -> Result<NewRunFolder, FolderError> {
    match &settings.report_dir {
        Some(path) => NewRunFolder::create(path),
        None => {
            let stem = settings.plan.input.stem();
            NewRunFolder::create_named(Path::new(""), stem, Timestamp::now())
        }
    }
}

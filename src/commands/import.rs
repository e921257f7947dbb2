//! `seatload import`: starts a run.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::args::examples::{Example, HelpExamples};
use crate::args::settings::SettingsArgs;
use crate::args::summary::{SummaryArgs, SummaryFormat};
use crate::exit_code::ExitCode;
use crate::import::connection::Connection;
use crate::import::execute::{self, Session};
use crate::import::load::{self};
use crate::import::prepare::prepare;
use crate::import::preview::{PlanFormat, preview};
use crate::import::send_times::SendTimes;
use crate::input::Input;
use crate::report::Progress;
use crate::run::RunFolder;
use crate::settings::ImportSettings;

/// Import a file of users and bundle codes
///
/// Every user in the file gets exactly the codes of its rows, in place of what it had before. The whole file is read
/// before anything is sent, and a user with a bad row is not sent. The report folder says what happened to every user:
/// success.csv, failures.csv and, if the run stopped early, pending.csv. Each of them can be imported again.
#[derive(Debug, Clone, Args)]
#[command(after_help = SHORT_EXAMPLES, after_long_help = EXAMPLES.text(), args_override_self = true)]
pub struct ImportArgs {
    /// CSV or Excel workbook, also compressed; - for standard input
    input: PathBuf,

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
            lines: &["seatload import sample-data/onboarding.csv --sandbox"],
        },
        Example {
            title: "See what would be sent, then send it with a token",
            lines: &[
                "export SEATLOAD_TOKEN=… SEATLOAD_ACCOUNT=8f3c… SEATLOAD_ORGANIZATION=acme",
                "seatload import onboarding.csv --cloud automation --dry-run",
                "seatload import onboarding.csv --cloud automation",
            ],
        },
        Example {
            title: "Let users keep the licences that they have, as long as there are seats",
            lines: &[
                "seatload import onboarding.csv --current licences.csv --mode add \\",
                "  --seats-file seats.csv --until-full",
            ],
        },
        Example {
            title: "Import the failed users once their rows are corrected",
            lines: &["seatload import seatload-onboarding-20261124-101500/failures.csv"],
        },
    ],
    exit_codes: &ExitCode::MEANINGS,
};

/// Imports a file. An error means that nothing was sent.
pub fn import(args: ImportArgs) -> anyhow::Result<ExitCode> {
    let printed = args.summary.summary_format();
    args.settings.init_logging()?;
    if args.dry_run {
        let settings = args.settings.into_preview_settings(args.input)?;
        let format = match printed {
            SummaryFormat::Table => PlanFormat::Text,
            SummaryFormat::Json => PlanFormat::Json,
        };
        return preview(&settings, format);
    }
    let settings = &args.settings.into_import_settings(args.input)?;
    let mut progress = Progress::new(settings.run.progress);
    let connection = Connection::new(&settings.run)?;
    connection.sign_in(
        settings.run.requests.max_retries,
        &CancellationToken::new(),
        &progress,
    )?;
    let kept = match settings.plan.input {
        Input::Path(_) => None,
        // It cannot be read again, so it is kept where the run can go on from.
        Input::Stdin => Some(open_folder(settings)?),
    };
    let prepared = load::load_side_tables(&settings.plan.input_settings)
        .and_then(|beside| prepare(settings, beside, kept.as_ref(), &mut progress));
    let (prepared, folder) = match (prepared, kept) {
        (Ok(prepared), Some(folder)) => (prepared, folder),
        (Ok(prepared), None) => (prepared, open_folder(settings)?),
        (Err(error), kept) => {
            if let Some(folder) = kept {
                folder.remove_unstarted();
            }
            return Err(error);
        }
    };
    if let Some(refused) = prepared.report_refusal(settings, &connection, &folder)? {
        bail!(
            "{}\n  hint: mend the input where {}/failures.csv says, and import it again",
            refused.message(),
            folder.path().display(),
        );
    }
    let interrupt = match execute::listen(&folder) {
        Ok(interrupt) => interrupt,
        Err(error) => {
            folder.remove_unstarted();
            return Err(error);
        }
    };
    let way = Session {
        connection: &connection,
        departures: &SendTimes::default(),
        interrupt: &interrupt,
    };
    let path = folder.path().to_owned();
    let ended = prepared.run(settings, folder, way, &mut progress)?;
    Ok(ended.print_result(&path, &settings.plan.input_settings, printed, &progress))
}

fn open_folder(settings: &ImportSettings) -> anyhow::Result<RunFolder> {
    let folder = match &settings.report_dir {
        Some(path) => RunFolder::create(path)?,
        None => {
            RunFolder::create_named(Path::new(""), settings.plan.input.stem(), Timestamp::now())?
        }
    };
    Ok(folder)
}

//! `seatload import`: begins a run.

use std::path::Path;

use anyhow::bail;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::args::import::ImportArgs;
use crate::exit_code::ExitCode;
use crate::import::connection::Connection;
use crate::import::execute::{self, Session};
use crate::import::load::{self};
use crate::import::prepare::prepare;
use crate::import::send_times::SendTimes;
use crate::input::Input;
use crate::report::Progress;
use crate::run::RunFolder;
use crate::settings::ImportSettings;

/// Imports a file. An error means that nothing was sent.
pub fn import(args: ImportArgs) -> anyhow::Result<ExitCode> {
    let printed = args.summary_format();
    let settings = &args.into_settings()?;
    let mut progress = Progress::new(settings.run.progress);
    let connection = Connection::new(&settings.run)?;
    connection.sign_in(
        settings.run.requests.max_retries,
        &CancellationToken::new(),
        &progress,
    )?;
    let kept = match settings.intent.input {
        Input::Path(_) => None,
        // It cannot be read again, so it is kept where the run can go on from.
        Input::Stdin => Some(open_folder(settings)?),
    };
    let prepared = load::load_side_tables(&settings.intent.reading)
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
    Ok(ended.print_result(&path, &settings.intent.reading, printed, &progress))
}

fn open_folder(settings: &ImportSettings) -> anyhow::Result<RunFolder> {
    let folder = match &settings.report_dir {
        Some(path) => RunFolder::create(path)?,
        None => RunFolder::create_named(
            Path::new(""),
            settings.intent.input.stem(),
            Timestamp::now(),
        )?,
    };
    Ok(folder)
}

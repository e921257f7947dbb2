//! `seatload export`: what users have now, as a file that can be imported.

use std::fs::File;
use std::io::{self, BufWriter, Write, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use tempfile::NamedTempFile;
use tokio_util::sync::CancellationToken;

use crate::args::examples::{Example, HelpExamples, SET_TOKEN};
use crate::args::reading::{ReadingArgs, hide_sending};
use crate::exit_code::ExitCode;
use crate::hint::Failure;
use crate::humanize::count_of;
use crate::import::answers::CurrentWriter;
use crate::import::connection::Connection;
use crate::import::sandbox_state;
use crate::lookup::{CallFailure, read_all_licenses};
use crate::report::Progress;

/// Export what users have now as a CSV
///
/// Writes a row for each user who has licences: the user ID, the e-mail address, the codes, and whether they are
/// external or come from a group. `import` and `--current` read the file. Changes nothing.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES.text(), args_override_self = true)]
#[command(mut_args(hide_sending))]
pub struct ExportArgs {
    /// New file [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    #[command(flatten)]
    reading: ReadingArgs,
}

const EXAMPLES: HelpExamples = HelpExamples {
    examples: &[Example {
        title: "Keep what everyone has before a migration",
        lines: &[
            SET_TOKEN,
            "seatload export --url https://cloud.uipath.com/acme --out licences.csv",
        ],
    }],
    exit_codes: &[
        (ExitCode::AllSucceeded, "every user was written"),
        (
            ExitCode::NothingSent,
            "bad usage, or the licences cannot be read",
        ),
    ],
};

/// Writes what users have.
pub fn export(args: ExportArgs) -> anyhow::Result<ExitCode> {
    args.reading.init_logging()?;
    let settings = args.reading.into_settings()?;
    let progress = Progress::new(settings.progress);
    let connection = Connection::new(&settings, sandbox_state::newest().as_deref())?;
    let retries = settings.requests.max_retries;
    let located = connection.sign_in(retries, &CancellationToken::new(), &progress)?;
    let Some(account) = &located.account else {
        bail!("the organisation is unknown");
    };
    let caller = connection.caller(retries);
    let read = |out: &mut dyn Write| -> anyhow::Result<u64> {
        let mut writer = CurrentWriter::new(out)?;
        let (mut users, mut write_error) = (0, None);
        let listed = read_all_licenses(&caller, account, |user| {
            users += 1;
            writer.write(&user).map_err(|error| {
                let failure = CallFailure::CannotWrite(error.to_string());
                write_error = Some(error);
                failure
            })
        });
        let listed = connection.runtime.block_on(listed);
        if let Some(error) = write_error {
            return Err(error.into());
        }
        listed?;
        writer.flush()?;
        Ok(users)
    };
    let users = match &args.out {
        None => match read(&mut BufWriter::new(stdout().lock())) {
            // The reader has seen enough.
            Err(error) if is_closed_pipe(&error) => return Ok(ExitCode::AllSucceeded),
            read => read.map_err(incomplete)?,
        },
        Some(path) => write_new(path, read)?,
    };
    progress.info(&format!("{} exported", count_of(users, "user")));
    Ok(ExitCode::AllSucceeded)
}

/// Standard output may have been given a part of the users already.
fn incomplete(error: anyhow::Error) -> anyhow::Error {
    let failure = Failure::new("the licences cannot be read to the end").caused_by(error);
    let hint = "do not use what was written; export again later, and with --out, which leaves no incomplete file";
    failure.hint(hint).into()
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let is_closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.downcast_ref().is_some_and(is_closed)
}

/// Writes a file that appears only when it is complete.
fn write_new(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<u64>,
) -> anyhow::Result<u64> {
    let cannot_write = || format!("cannot write {}", path.display());
    if path.exists() {
        bail!(
            Failure::new(format!("{} exists already", path.display()))
                .hint("choose another name, or remove the file")
        );
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let file =
        NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).with_context(cannot_write)?;
    let mut out = BufWriter::new(&file);
    let users = write(&mut out)?;
    out.flush().with_context(cannot_write)?;
    drop(out);
    let persisted = file.persist_noclobber(path);
    let persisted: io::Result<File> = persisted.map_err(Into::into);
    persisted
        .with_context(cannot_write)?
        .sync_all()
        .with_context(cannot_write)?;
    Ok(users)
}

//! `seatload import`: from the file to the reports.

use std::io::{Write, stdout};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::api::{Client, Endpoint, Token, Variant};
use crate::dispatch;
use crate::event::Stop;
use crate::exit_code::ExitCode;
use crate::input::{InputError, RowReader};
use crate::outcome::FailureKind;
use crate::plan::Plan;
use crate::report::{
    About, Journal, Progress, Recorded, Recorder, Summary, Tally, counted, grouped, table,
};
use crate::roster::{Roster, RosterBuilder};
use crate::run::{self, RunFolder};
use crate::sandbox::{self, Sandbox, SandboxSettings};
use crate::settings::{ImportSettings, Target};
use crate::text::printable;

/// How many complaints are shown; the rest stands in `failures.csv`.
const COMPLAINTS_SHOWN: usize = 10;

/// Events under way between dispatch and the recorder.
const CHANNEL: usize = 64;

/// What the built-in stand-in takes for an answer, so that there is something to see.
const SANDBOX_LATENCY: Duration = Duration::from_millis(40);

/// Imports a file. An error means that nothing was sent.
pub(super) fn import(settings: &ImportSettings) -> anyhow::Result<ExitCode> {
    let started = Timestamp::now();
    let clock = Instant::now();
    let mut progress = Progress::new(settings.progress);
    let roster = read(settings, &mut progress)?;
    let plan = Plan::new(&roster.assignments, settings.batch_size);
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let (client, endpoint) = runtime.block_on(connect(settings))?;

    let folder = open_folder(settings, started)?;
    let (journal, tally) = begin_reports(&folder, &roster)
        .with_context(|| format!("cannot write reports to {}", folder.path().display()))?;
    progress.begin(roster.good as u64, endpoint.advice());
    introduce(settings, &roster, &plan, &progress);

    let interrupt = CancellationToken::new();
    {
        let _guard = runtime.enter();
        run::listen(interrupt.clone()).context("cannot listen for signals")?;
    }
    let (stop, recorded) = thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel(CHANNEL);
        let recorder = Recorder::new(&roster.assignments, journal, tally, &mut progress);
        let recorder = scope.spawn(|| recorder.run(receiver, runtime.handle()));
        let stop = runtime.block_on(dispatch::run(
            &client,
            &roster.assignments,
            &plan,
            &settings.policy,
            &interrupt,
            sender,
        ));
        (stop, recorder.join())
    });
    let recorded = recorded.unwrap_or_else(|panic| std::panic::resume_unwind(panic));

    let about = about(settings, &endpoint);
    let summary = Summary::new(
        about,
        &roster,
        &recorded.tally,
        stop.as_ref(),
        started,
        clock.elapsed(),
        Timestamp::now(),
    );
    let stop = finish(&folder, &roster, &recorded, &summary, stop, &progress);
    Ok(conclude(&summary, stop.as_ref(), &folder, &progress))
}

/// Reads the file to its end.
fn read(settings: &ImportSettings, progress: &mut Progress) -> Result<Roster, InputError> {
    let source = settings.input.open()?;
    let mut reader = RowReader::new(progress.reading(source.reader, source.bytes))?;
    let mut roster = RosterBuilder::new(reader.columns().clone(), settings.external_license);
    while let Some(row) = reader.next_row()? {
        roster.add(row);
    }
    let roster = roster.finish();
    if roster.rows == 0 {
        return Err(InputError::NoRows);
    }
    Ok(roster)
}

/// Makes the client, and starts the stand-in if it was asked for.
async fn connect(settings: &ImportSettings) -> anyhow::Result<(Client, Endpoint)> {
    let (endpoint, token) = match &settings.target {
        Target::Service { endpoint, token } => (endpoint.clone(), token.clone()),
        Target::Sandbox { variant } => start_sandbox(*variant)
            .await
            .context("cannot start the sandbox")?,
    };
    let client = Client::new(endpoint.clone(), token, settings.timeout)?;
    Ok((client, endpoint))
}

async fn start_sandbox(variant: Variant) -> anyhow::Result<(Endpoint, Token)> {
    let stand_in = SandboxSettings {
        latency: SANDBOX_LATENCY,
        ..SandboxSettings::default()
    };
    let sandbox = Sandbox::bind(&stand_in, 0).await?;
    let base = format!("http://{}", sandbox.address()?);
    // It ends with the process.
    tokio::spawn(sandbox.serve(CancellationToken::new()));
    let endpoint = Endpoint::new(&base, variant, None, sandbox::ACCOUNT)?;
    let token = Token::new(SecretString::from("sandbox"), "the sandbox")?;
    Ok((endpoint, token))
}

fn open_folder(settings: &ImportSettings, now: Timestamp) -> anyhow::Result<RunFolder> {
    let folder = match &settings.report_dir {
        Some(path) => RunFolder::create(path)?,
        None => RunFolder::create_named(Path::new(""), settings.input.stem(), now)?,
    };
    Ok(folder)
}

/// Begins the reports with what is known before anything is sent.
fn begin_reports(folder: &RunFolder, roster: &Roster) -> std::io::Result<(Journal, Tally)> {
    let mut journal = Journal::create(folder)?;
    journal.record_bad_rows(
        &roster.assignments,
        &roster.bad_rows,
        &roster.withheld,
        Timestamp::now(),
    )?;
    let mut tally = Tally::default();
    tally.count_failures(FailureKind::Invalid, roster.bad_rows.len());
    tally.count_failures(FailureKind::Withheld, roster.withheld.len());
    Ok((journal, tally))
}

/// Says what was read, what is wrong with it, and what comes now.
fn introduce(settings: &ImportSettings, roster: &Roster, plan: &Plan, progress: &Progress) {
    progress.say(&format!(
        "{}: {}; {} to import in {}, at most {}",
        settings.input,
        counted(roster.rows, "row"),
        counted(roster.good as u64, "user"),
        counted(plan.batches().len() as u64, "request"),
        settings.policy.rate,
    ));
    let bad = roster.bad_rows.len();
    if bad == 0 {
        return;
    }
    let withheld = match roster.withheld.len() {
        0 => String::new(),
        users => format!(
            "; {} with a bad row withheld",
            counted(users as u64, "user")
        ),
    };
    progress.say(&format!("{}{withheld}:", counted(bad as u64, "bad row")));
    for row in roster.bad_rows.iter().take(COMPLAINTS_SHOWN) {
        progress.say(&format!(
            "  line {}: {}",
            row.line,
            printable(&row.complaint.to_string(), 200)
        ));
    }
    if bad > COMPLAINTS_SHOWN {
        progress.say(&format!(
            "  and {} more, all of them in failures.csv",
            grouped((bad - COMPLAINTS_SHOWN) as u64)
        ));
    }
}

fn about(settings: &ImportSettings, endpoint: &Endpoint) -> About {
    About {
        input: settings.input.to_string(),
        method: endpoint.method().to_string(),
        url: endpoint.url().to_string(),
        batch_size: settings.batch_size.get(),
        rate: settings.policy.rate.to_string(),
        burst: settings.policy.burst.get(),
        concurrency: settings.policy.concurrency.get(),
        max_retries: settings.policy.max_retries,
        timeout_seconds: settings.timeout.as_secs_f64(),
        keep_trying: settings.policy.keep_trying,
        external_license: settings.external_license,
        sandbox: matches!(settings.target, Target::Sandbox { .. }),
    }
}

/// Writes what can only be written at the end. Gives why the run stopped early, if it did.
fn finish(
    folder: &RunFolder,
    roster: &Roster,
    recorded: &Recorded,
    summary: &Summary,
    stop: Option<Stop>,
    progress: &Progress,
) -> Option<Stop> {
    let mut written = Ok(());
    if stop.is_some() {
        let pending = recorded.pending(&roster.assignments);
        written = Journal::write_pending(folder, &roster.assignments, pending);
    }
    let written = written.and_then(|()| {
        folder.replace("summary.json", |out| {
            serde_json::to_writer_pretty(&mut *out, summary)?;
            out.write_all(b"\n")
        })
    });
    for error in recorded.error.iter().chain(written.as_ref().err()) {
        progress.say(&format!(
            "error: cannot write to {}: {error}",
            folder.path().display()
        ));
    }
    match written {
        Ok(()) => stop,
        Err(_) => stop.or(Some(Stop::NotRecorded)),
    }
}

/// Says how the run ended.
fn conclude(
    summary: &Summary,
    stop: Option<&Stop>,
    folder: &RunFolder,
    progress: &Progress,
) -> ExitCode {
    // Whoever closed standard output does not want to see it.
    let _ = stdout().write_all(table(summary, folder.path()).as_bytes());
    let Some(stop) = stop else {
        let has_failures = summary.users.failures.values().any(|&count| count > 0);
        return match has_failures {
            true => ExitCode::SomeFailed,
            false => ExitCode::AllSucceeded,
        };
    };
    progress.stopped(stop);
    let pending = Journal::pending_path(folder);
    progress.say(&format!(
        "go on with: seatload import {} and the same options",
        pending.as_ref().display()
    ));
    match stop {
        Stop::Interrupted => ExitCode::Interrupted,
        _ => ExitCode::Stopped,
    }
}

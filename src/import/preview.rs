//! What an import would do: `seatload plan` and `seatload import --dry-run`.

use std::io::{self, IsTerminal, Write, stdout};

use anyhow::Context;
use console::Term;
use tempfile::NamedTempFile;
use tokio_util::sync::CancellationToken;

use crate::dispatch::min_duration;
use crate::exit_code::ExitCode;
use crate::import::ask_columns::ask_columns;
use crate::import::connection::Connection;
use crate::import::load::{self, LoadedInput};
use crate::import::lookups::Lookups;
use crate::import::prepare::save;
use crate::import::sandbox_state::beside_input;
use crate::import::sign_in::is_configured;
use crate::input::Input;
use crate::report::{
    MAX_LISTED, PlanReport, PlanSource, Progress, input_section, plan_section, wrap_to_terminal,
    write_csv,
};
use crate::settings::{Ask, PreviewSettings, RunSettings, Target};
use crate::stdout::print;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanFormat {
    Text,
    Json,
    Csv,
}

/// Reads everything that an import would read, and prints the plan. Sends nothing.
pub fn preview(mut settings: PreviewSettings, format: PlanFormat) -> anyhow::Result<ExitCode> {
    let next_time = ask_columns(&settings.plan.input, &mut settings.plan.input_settings)?;
    let PreviewSettings { plan, requests, .. } = &settings;
    let mut progress = Progress::new(settings.progress);
    let loaded = load_for_preview(&settings, &mut progress)?;
    progress.finish();
    let columns = loaded.columns.clone();
    let changes = loaded.into_changes(plan.input_settings.mode);
    let limit = if format == PlanFormat::Json {
        usize::MAX
    } else {
        MAX_LISTED
    };
    let duration = |count| min_duration(count, requests.rate, requests.burst);
    let report = PlanReport::new(&PlanSource {
        plan,
        columns: &columns,
        changes: &changes,
        requests,
        first: settings.first,
        min_duration: &duration,
        limit,
    });
    print(|out| match format {
        PlanFormat::Json => write_json(out, &report),
        PlanFormat::Csv => write_csv(out, &changes),
        PlanFormat::Text => write_text(out, &report),
    })?;
    if let Some(flags) = next_time {
        progress.message(&format!("hint: next time, add {flags}"));
    }
    Ok(if report.has_failures() {
        ExitCode::SomeFailed
    } else {
        ExitCode::AllSucceeded
    })
}

/// Loads the input, and asks the service if there is one to ask.
fn load_for_preview(
    settings: &PreviewSettings,
    progress: &mut Progress,
) -> anyhow::Result<LoadedInput> {
    let plan = &settings.plan;
    let Some(service) = service_to_ask(settings, progress)? else {
        let side_tables = load::load_side_tables(&plan.input_settings, None, progress)?;
        return load::load(&plan.input, plan, side_tables, None, progress);
    };
    let connection = Connection::new(service, beside_input(&plan.input).as_deref())?;
    let retries = service.requests.max_retries;
    let located = connection.sign_in(retries, &CancellationToken::new(), progress)?;
    let lookups = Lookups::new(&connection, located, plan.questions, retries);
    // The addresses and the rows are read one after the other.
    let saved = NamedTempFile::new().context("cannot create a temporary file")?;
    let input = match plan.input {
        Input::Stdin => save(&plan.input, saved.path(), progress)?,
        Input::Path(_) => plan.input.clone(),
    };
    let lookups = lookups.as_ref();
    let side_tables = load::load_side_tables(&plan.input_settings, lookups, progress)?;
    load::load(&input, plan, side_tables, lookups, progress)
}

/// The service, if a sign-in is given. Without one, a plan says what it can.
fn service_to_ask<'a>(
    settings: &'a PreviewSettings,
    progress: &Progress,
) -> anyhow::Result<Option<&'a RunSettings>> {
    let Some(service) = &settings.service else {
        return Ok(None);
    };
    let is_sandbox = matches!(service.target, Target::Sandbox { .. });
    let must_ask = settings.plan.questions.all().contains(&Ask::Must);
    if is_sandbox || must_ask || is_configured(&service.sign_in)? {
        return Ok(Some(service));
    }
    progress.info("no sign-in is given, so the service is not asked what users have and how many seats are free");
    Ok(None)
}

fn write_json(out: &mut dyn Write, report: &PlanReport) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}

fn write_text(out: &mut dyn Write, report: &PlanReport) -> io::Result<()> {
    let is_colored = stdout().is_terminal() && console::colors_enabled();
    let text = input_section(report) + &plan_section(report, is_colored);
    let text = wrap_to_terminal(text.trim_end(), &Term::stdout());
    writeln!(out, "{text}")
}

//! What an import would do: `seatload plan` and `seatload import --dry-run`.

use std::io::{self, IsTerminal, Write, stdout};

use console::Term;

use crate::dispatch::min_duration;
use crate::exit_code::ExitCode;
use crate::import::load;
use crate::report::{
    MAX_LISTED, PlanReport, PlanSource, Progress, input_section, plan_section, wrap_to_terminal,
    write_csv,
};
use crate::settings::PreviewSettings;
use crate::stdout::print;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanFormat {
    Text,
    Json,
    Csv,
}

/// Reads everything that an import would read, and prints the plan. Sends nothing.
pub fn preview(settings: &PreviewSettings, format: PlanFormat) -> anyhow::Result<ExitCode> {
    let PreviewSettings { plan, requests, .. } = settings;
    let mut progress = Progress::new(settings.progress);
    let side_tables = load::load_side_tables(&plan.input_settings)?;
    let input = plan.input.open()?;
    let loaded = load::load(input, &plan.input_settings, side_tables, &mut progress)?;
    progress.finish();
    load::reject_all_emails(&loaded)?;
    let changes = loaded.into_changes(&plan.input_settings, plan.seats.clone());
    let limit = if format == PlanFormat::Json {
        usize::MAX
    } else {
        MAX_LISTED
    };
    let duration = |count| min_duration(count, requests.rate, requests.burst);
    let report = PlanReport::new(&PlanSource {
        plan,
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
    Ok(if report.has_failures() {
        ExitCode::SomeFailed
    } else {
        ExitCode::AllSucceeded
    })
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

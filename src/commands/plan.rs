//! `seatload plan`: shows what an import would do.

use std::io::{self, IsTerminal, Write, stdout};
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};
use console::Term;

use crate::args::examples::{Example, HelpExamples};
use crate::args::import::SettingsArgs;
use crate::dispatch::min_duration;
use crate::exit_code::ExitCode;
use crate::import::load;
use crate::report::{
    MAX_LISTED, PlanReport, Progress, input_section, plan_section, wrap_to_terminal, write_csv,
};
use crate::stdout::print;

/// Show what an import would do, and send nothing
///
/// Takes the flags of `seatload import`, and needs neither an account nor a token. It says who would be sent in how many
/// requests and how long they take; with --current what users gain and lose, with --seats whether the seats suffice.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES.text(), args_override_self = true)]
pub struct PlanCommand {
    /// The file, a CSV or an Excel workbook; - for standard input
    ///
    /// Either may be compressed by gzip or zstd.
    input: PathBuf,

    #[command(flatten)]
    settings: SettingsArgs,

    /// As JSON, as docs/json.md describes it
    #[arg(long, env = "SEATLOAD_JSON", help_heading = OUTPUT, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    json: bool,

    /// As CSV, a row for each user
    #[arg(long, env = "SEATLOAD_CSV", help_heading = OUTPUT, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new(), conflicts_with = "json")]
    csv: bool,
}

const OUTPUT: &str = "Output";

pub const EXAMPLES: HelpExamples = HelpExamples {
    examples: &[
        Example {
            title: "Whether the seats suffice",
            lines: &["seatload plan onboarding.csv --seats-file seats.csv"],
        },
        Example {
            title: "What users would gain and lose",
            lines: &["seatload plan onboarding.csv --current holdings.csv"],
        },
        Example {
            title: "The same for every user, for a spreadsheet",
            lines: &["seatload plan onboarding.csv --current holdings.csv --csv > plan.csv"],
        },
    ],
    exit_codes: &[
        (
            ExitCode::AllSucceeded,
            "every user could be sent, and the seats suffice as far as is known",
        ),
        (
            ExitCode::SomeFailed,
            "some rows are bad, some users would not be sent, or seats are lacking",
        ),
        (ExitCode::NothingSent, "bad usage, configuration or input"),
    ],
};

/// Shows a plan on standard output.
pub fn plan(command: PlanCommand) -> anyhow::Result<ExitCode> {
    let (as_json, as_csv) = (command.json, command.csv);
    let (intent, (requests, first), progress) =
        command.settings.into_plan_settings(command.input)?;
    let mut progress = Progress::new(progress);
    let beside = load::load_side_tables(&intent.reading)?;
    let read = load::load(intent.input.open()?, &intent.reading, beside, &mut progress)?;
    progress.finish();
    load::reject_all_emails(&read)?;
    let proposal = read.into_changes(&intent.reading, intent.seats.clone());
    let most = if as_json { usize::MAX } else { MAX_LISTED };
    let time = |count| min_duration(count, requests.rate, requests.burst);
    let report = PlanReport::new(&intent, &proposal, (&requests, first), time, most);
    print(|out| match (as_json, as_csv) {
        (true, _) => write_json(out, &report),
        (_, true) => write_csv(out, &proposal),
        _ => write_text(out, &report),
    })?;
    Ok(match report.has_failures() {
        true => ExitCode::SomeFailed,
        false => ExitCode::AllSucceeded,
    })
}

fn write_json(out: &mut dyn Write, report: &PlanReport) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}

fn write_text(out: &mut dyn Write, report: &PlanReport) -> io::Result<()> {
    let is_colored = stdout().is_terminal() && console::colors_enabled();
    let text = input_section(report) + &plan_section(report, is_colored);
    writeln!(
        out,
        "{}",
        wrap_to_terminal(text.trim_end(), &Term::stdout())
    )
}

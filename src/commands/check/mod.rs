//! `seatload check`: whether an import could be sent, without sending one.

mod checks;
pub mod settings;

use std::io::{self, Write};

use clap::Args;
use console::Term;
use serde::Serialize;

use crate::args::examples::{Example, HelpExamples, SET_TOKEN};
use crate::args::settings::SettingsArgs;
use crate::diagnostic::Diagnostic;
use crate::exit_code::ExitCode;
use crate::report::wrap_with_indent;
use crate::stdout::print;
use checks::run_checks;
use settings::{EffectiveSetting, SettingSources, effective_settings};

/// Check settings, network and sign-in, and allocate nothing
///
/// Shows the settings that are not defaults, and where each comes from. Then checks files, network, sign-in, address and
/// the calls that read, a line each with a hint where something is wrong. To check the address, it sends a request
/// without users and codes, which the service must reject.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES.text(), args_override_self = true)]
pub struct CheckArgs {
    /// Print a JSON object with all `settings` and `checks`
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    settings: SettingsArgs,
}

const EXAMPLES: HelpExamples = HelpExamples {
    examples: &[
        Example {
            title: "With a token",
            lines: &[
                SET_TOKEN,
                "seatload check --cloud automation --account 8f3c… --organization acme",
            ],
        },
        Example {
            title: "With the settings of a profile, for a program",
            lines: &["seatload check --profile prod --json"],
        },
    ],
    exit_codes: &[
        (ExitCode::AllSucceeded, "no check failed"),
        (ExitCode::NothingSent, "a check failed"),
    ],
};

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Check {
    name: &'static str,
    state: CheckState,
    detail: String,
    #[serde(rename = "advice")]
    hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum CheckState {
    Ok,
    Warning,
    Failed,
    Skipped,
}

#[derive(Serialize)]
struct CheckReport<'a> {
    settings: &'a [EffectiveSetting],
    checks: &'a [Check],
}

/// Prints the settings and the result of every check.
pub fn check(args: CheckArgs, sources: &SettingSources) -> anyhow::Result<ExitCode> {
    args.settings.init_logging()?;
    let run = args.settings.into_run_settings();
    let settings = effective_settings(sources, run.as_ref().ok());
    if !args.json {
        print(|out| settings::write(out, &settings))?;
    }
    let mut checks = Vec::new();
    let mut report = |check: Check| -> io::Result<()> {
        if !args.json {
            print(|out| check.write(out))?;
        }
        checks.push(check);
        Ok(())
    };
    match run {
        Ok(run) => run_checks(&run, &mut report)?,
        Err(error) => report(Check::from_error("settings", &error))?,
    }
    if args.json {
        print(|out| {
            let report = CheckReport {
                settings: &settings,
                checks: &checks,
            };
            serde_json::to_writer_pretty(&mut *out, &report)?;
            out.write_all(b"\n")
        })?;
    }
    Ok(if checks.iter().any(Check::has_failed) {
        ExitCode::NothingSent
    } else {
        ExitCode::AllSucceeded
    })
}

impl Check {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            state: CheckState::Ok,
            detail: detail.into(),
            hint: None,
        }
    }

    fn skipped(name: &'static str, reason: impl Into<String>) -> Self {
        Self {
            state: CheckState::Skipped,
            ..Self::ok(name, reason)
        }
    }

    fn failed(name: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            state: CheckState::Failed,
            hint: Some(hint.into()),
            ..Self::ok(name, detail)
        }
    }

    fn from_error(name: &'static str, error: &anyhow::Error) -> Self {
        let Diagnostic { causes, hint } = Diagnostic::new(error);
        Self {
            state: CheckState::Failed,
            hint,
            ..Self::ok(name, causes.join(": "))
        }
    }

    fn has_failed(&self) -> bool {
        self.state == CheckState::Failed
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let state = match self.state {
            CheckState::Ok => "ok",
            CheckState::Warning => "warning",
            CheckState::Failed => "FAILED",
            CheckState::Skipped => "skipped",
        };
        write_line(out, state, self.name, &self.detail)?;
        match &self.hint {
            Some(hint) => write_line(out, "", "", &format!("hint: {hint}")),
            None => Ok(()),
        }
    }
}

fn write_line(out: &mut dyn Write, state: &str, name: &str, text: &str) -> io::Result<()> {
    let label = format!("{state:8} {name:15} ");
    let text = wrap_with_indent(label.len(), text, &Term::stdout());
    writeln!(out, "{label}{text}")
}

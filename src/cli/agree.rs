//! Whether a run may begin: the seats suffice, and nobody loses anything unasked.

use std::io::{self, IsTerminal, stderr, stdin};

use anyhow::{Context, bail};

use crate::input::Input;
use crate::plan::Proposal;
use crate::report::{PlanReport, Progress, SHOWN, counted, grouped, outline};
use crate::settings::{ImportSettings, RunSettings, Target};
use crate::text::printable;

/// Finds that the run may begin. An error says why not.
pub(super) fn agree(
    settings: &ImportSettings,
    proposal: &Proposal,
    progress: &Progress,
) -> anyhow::Result<()> {
    let (intent, requests) = (&settings.intent, &settings.run.requests);
    let is_asked = !settings.consent.to_all
        && intent.input != Input::Stdin
        && stdin().is_terminal()
        && stderr().is_terminal();
    if !is_asked && intent.seats.is_none() && proposal.holdings.is_none() {
        return Ok(());
    }
    let report = PlanReport::new(intent, proposal, requests, SHOWN);
    if report.is_short() && !proposal.is_until_full() {
        bail!(
            "nothing was sent, since there are too few seats:{}\n  to do: free or buy seats, take users out of the file, or give --until-full, which sends those who come first",
            report.shortfalls()
        );
    }
    let consent = settings.consent;
    if consent.to_all || report.to_send() == 0 {
        return Ok(());
    }
    if is_asked {
        progress.say(outline(&report, console::colors_enabled_stderr()).trim_end());
        return ask(&report, &settings.run);
    }
    if report.losing() > 0 && !consent.to_losses {
        bail!(
            "nothing was sent, since {} would lose licences that they hold now\n  to do: look at what `seatload plan` says of it; then give --allow-losses, or keep what they hold by --mode add",
            counted(report.losing(), "user")
        );
    }
    Ok(())
}

fn ask(report: &PlanReport, settings: &RunSettings) -> anyhow::Result<()> {
    eprint!("\n{} [y/N] ", question(report, settings));
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .context("cannot read the answer; --yes goes ahead without it")?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => bail!("nothing was sent, since the answer was not yes"),
    }
}

fn question(report: &PlanReport, settings: &RunSettings) -> String {
    let all = counted(report.to_send(), "user");
    let first = settings.first.map(|first| first.get() as u64);
    let who = match first.filter(|first| *first < report.to_send()) {
        Some(first) => format!("the first {} of {all}", grouped(first)),
        None => format!("{all} in {}", counted(report.requests(), "request")),
    };
    let to = match &settings.target {
        Target::Sandbox { .. } => "the sandbox".to_owned(),
        Target::Service {
            base_url, account, ..
        } => {
            let account = printable(account, 60);
            format!("the account {account} at {}", printable(base_url, 100))
        }
    };
    match report.losing() {
        0 => format!("Send {who} to {to}?"),
        losing => format!(
            "Send {who} to {to}, though {} of them lose licences?",
            grouped(losing)
        ),
    }
}

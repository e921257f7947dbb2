//! Whether a run may begin: the seats suffice, and nobody loses anything unasked.

use std::io::{self, IsTerminal, Write, stderr, stdin};

use anyhow::{Context, bail};
use console::Term;

use crate::dispatch::min_duration;
use crate::humanize::{count, count_of};
use crate::input::Input;
use crate::plan::PlannedChanges;
use crate::report::{MAX_LISTED, PlanReport, PlanSource, Progress, plan_section, wrap_to_terminal};
use crate::sanitize::printable;
use crate::settings::{ImportSettings, Interactivity, Target};

/// Finds that the run may begin. An error says why not.
pub fn confirm(
    settings: &ImportSettings,
    proposal: &PlannedChanges,
    progress: &Progress,
) -> anyhow::Result<()> {
    let (plan, requests) = (&settings.plan, &settings.run.requests);
    let is_asked = settings.interactivity == Interactivity::AtTerminal
        && !settings.consent.everything
        && plan.input != Input::Stdin
        && stdin().is_terminal()
        && stderr().is_terminal();
    if !is_asked && plan.seats.is_none() && proposal.current.is_none() {
        return Ok(());
    }
    let time = |count| min_duration(count, requests.rate, requests.burst);
    let report = PlanReport::new(&PlanSource {
        plan,
        changes: proposal,
        requests,
        first: settings.run.first,
        min_duration: &time,
        limit: MAX_LISTED,
    });
    if report.is_short() && !proposal.is_partial() {
        bail!(
            "nothing was sent, since there are too few seats:{}\n  hint: free or buy seats, take users out of the file, or give --until-full, which sends those who come first",
            report.shortfalls()
        );
    }
    let consent = settings.consent;
    if consent.everything || report.to_send() == 0 {
        return Ok(());
    }
    if is_asked {
        let outline = plan_section(&report, console::colors_enabled_stderr());
        let to = to(&settings.run.target);
        progress.message_unwrapped(&format!("{outline}To        {to}"));
        return ask_yes_no(&report);
    }
    if consent.losses {
        return Ok(());
    }
    if report.losing() == 0 && report.external_flag_changes() == 0 && report.maybe_losing() > 0 {
        bail!(
            "nothing was sent, since --current does not name {} of the file, so what they lose is unknown\n  hint: give --absent-means-none if whoever it does not name holds nothing, or else --allow-losses",
            count_of(report.maybe_losing(), "user")
        );
    }
    match harmful_changes(&report) {
        None => Ok(()),
        Some(harms) => bail!(
            "nothing was sent, since {harms}\n  hint: look at what `seatload plan` says of it; then give --allow-losses, or keep what users hold by --mode add"
        ),
    }
}

/// What an import does that users may not like.
fn harmful_changes(report: &PlanReport) -> Option<String> {
    let harms: Vec<_> = [
        (report.losing(), "would lose licences that they hold now"),
        (
            report.external_flag_changes(),
            "would hold theirs with the other useExternalLicense",
        ),
        (
            report.maybe_losing(),
            "may lose licences, since --current does not name them",
        ),
    ]
    .into_iter()
    .filter(|(users, _)| *users > 0)
    .map(|(users, what)| format!("{} {what}", count_of(users, "user")))
    .collect();
    (!harms.is_empty()).then(|| harms.join(", and "))
}

fn ask_yes_no(report: &PlanReport) -> anyhow::Result<()> {
    let unheard = "cannot ask at the terminal; --yes goes ahead without it";
    let question = format!("{} [y/N]", question(report));
    write!(
        stderr(),
        "\n{} ",
        wrap_to_terminal(&question, &Term::stderr())
    )
    .context(unheard)?;
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .context("cannot read the answer; --yes goes ahead without it")?;
    if !answer.ends_with('\n') {
        // Only for the looks of what follows.
        let _ = writeln!(stderr());
    }
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => bail!("nothing was sent, since the answer was not yes"),
    }
}

/// Where requests go, in the words of the plan.
fn to(target: &Target) -> String {
    match target {
        Target::Sandbox { .. } => "the sandbox".to_owned(),
        Target::Service {
            base_url, account, ..
        } => {
            let account = printable(account, 60);
            format!("account {account} at {}", printable(base_url, 100))
        }
    }
}

fn question(report: &PlanReport) -> String {
    let all = count_of(report.to_send(), "user");
    let requests = count_of(report.requests(), "request");
    let who = match report.to_send_now() {
        now if now < report.to_send() => {
            format!("the first {} of {all} in {requests}", count(now))
        }
        _ => format!("{all} in {requests}"),
    };
    match harmful_changes(report) {
        None => format!("Send {who}?"),
        Some(harms) => format!("Of {all}, {harms}.\nSend {who}?"),
    }
}

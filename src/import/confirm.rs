//! Whether a run may start: there are enough seats, and the user has agreed to every loss.

use std::io::{self, IsTerminal, Write, stderr, stdin};
use std::time::Duration;

use anyhow::{Context, bail};
use console::Term;
use jiff::Timestamp;

use crate::dispatch::min_duration;
use crate::hint::Failure;
use crate::humanize::duration::duration;
use crate::humanize::{count, count_of};
use crate::import::connection::Connection;
use crate::input::{Columns, Input};
use crate::plan::PlannedChanges;
use crate::report::{MAX_LISTED, PlanReport, PlanSource, Progress, plan_section, wrap_to_terminal};
use crate::sanitize::printable;
use crate::settings::{ImportSettings, Interactivity, Target};

/// How long a plan may wait for the answer.
const MAX_WAIT: Duration = Duration::from_secs(60 * 60);

/// Makes sure that the run may start. An error says why not.
pub fn confirm(
    settings: &ImportSettings,
    columns: &Columns,
    changes: &PlannedChanges,
    connection: &Connection,
    progress: &Progress,
) -> anyhow::Result<()> {
    let (plan, requests, consent) = (&settings.plan, &settings.run.requests, settings.consent);
    let is_asked = is_asked(settings);
    let may_lose = changes.current.is_some() || changes.to_remove().next().is_some();
    if !is_asked && !changes.knows_seats() && !may_lose {
        return Ok(());
    }
    let sending_time = |count| min_duration(count, requests.rate, requests.burst);
    let report = PlanReport::new(&PlanSource {
        plan,
        columns,
        changes,
        requests,
        first: settings.run.first,
        min_duration: &sending_time,
        limit: MAX_LISTED,
    });
    if report.is_short() && !changes.is_partial() {
        bail!(
            Failure::new(format!("nothing was sent: there are too few seats{}", report.shortfalls()))
                .hint("free or buy seats, remove users from the file, or add --until-full to send only the first users")
        );
    }
    if consent.everything || report.to_send() == 0 {
        return Ok(());
    }
    if is_asked {
        show_plan(&report, &settings.run.target, progress);
        connection.warn_of_expiry(sending_time(report.requests() as usize), progress);
        return ask_yes_no(&report);
    }
    if consent.losses {
        return Ok(());
    }
    reject_harmful_changes(&report)
}

/// Whether the user is asked at a terminal before anything is sent.
fn is_asked(settings: &ImportSettings) -> bool {
    settings.interactivity == Interactivity::AtTerminal
        && !settings.consent.everything
        && settings.plan.input != Input::Stdin
        && stdin().is_terminal()
        && stderr().is_terminal()
}

/// Without a terminal, losses need `--allow-losses`.
fn reject_harmful_changes(report: &PlanReport) -> anyhow::Result<()> {
    let unknown = report.maybe_losing();
    let known = report.losing() + report.external_flag_changes() + report.replacing_inherited();
    if known == 0 && unknown > 0 {
        bail!(
            Failure::new(format!(
                "nothing was sent: {} not in the file of --current, so their losses are unknown",
                match unknown {
                    1 => "1 user is".to_owned(),
                    users => format!("{} are", count_of(users, "user")),
                }
            ))
            .hint("add --absent-means-none if users who are not in that file have no licences, or else --allow-losses")
        );
    }
    match harmful_changes(report) {
        None => Ok(()),
        Some(harms) => bail!(Failure::new(format!("nothing was sent: {harms}")).hint(
            "check with --dry-run, then add --allow-losses, or keep what users have with --mode add"
        )),
    }
}

/// Changes that users may not want.
fn harmful_changes(report: &PlanReport) -> Option<String> {
    let harms: Vec<_> = [
        (
            report.losing(),
            "would lose licences",
            "would lose licences",
        ),
        (
            report.external_flag_changes(),
            "would get the other useExternalLicense",
            "would get the other useExternalLicense",
        ),
        (
            report.replacing_inherited(),
            "has licences from a group, which a direct allocation may replace",
            "have licences from a group, which a direct allocation may replace",
        ),
        (
            report.maybe_losing(),
            "may lose licences, since its current licences are unknown",
            "may lose licences, since their current licences are unknown",
        ),
    ]
    .into_iter()
    .filter(|(users, ..)| *users > 0)
    .map(|(users, one, several)| {
        let harm = if users == 1 { one } else { several };
        format!("{} {harm}", count_of(users, "user"))
    })
    .collect();
    (!harms.is_empty()).then(|| harms.join(", and "))
}

fn show_plan(report: &PlanReport, target: &Target, progress: &Progress) {
    let plan = plan_section(report, console::colors_enabled_stderr());
    let target = destination(target);
    progress.message_unwrapped(&format!("{plan}To        {target}"));
}

fn ask_yes_no(report: &PlanReport) -> anyhow::Result<()> {
    let question = format!("{} [y/N]", question(report));
    let question = wrap_to_terminal(&question, &Term::stderr());
    let asked_at = Timestamp::now();
    write!(stderr(), "\n{question} ")
        .context("cannot ask at the terminal; --yes sends without asking")?;
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .context("cannot read the answer; --yes sends without asking")?;
    if !answer.ends_with('\n') {
        // What follows starts on a new line.
        let _ = writeln!(stderr());
    }
    // Unlike the clock of timeouts, this one runs while a laptop sleeps.
    let waited = Timestamp::now().duration_since(asked_at);
    check_answer(&answer, waited.unsigned_abs())
}

/// A plan that has waited for its answer too long is no longer what would happen.
fn check_answer(answer: &str, waited: Duration) -> anyhow::Result<()> {
    if !matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        bail!("nothing was sent: the answer was not yes");
    }
    if waited > MAX_WAIT {
        bail!(
            Failure::new(format!(
                "nothing was sent: the plan is {} old, and licences may have changed since then",
                duration(waited)
            ))
            .hint("import again, and compare the new plan")
        );
    }
    Ok(())
}

/// Where requests go, as the plan shows it.
fn destination(target: &Target) -> String {
    match target {
        Target::Sandbox { .. } => "the sandbox".to_owned(),
        Target::Service(address) => {
            let account = printable(address.account.as_deref().unwrap_or_default(), 60);
            let base_url = printable(&address.base_url, 100);
            match &address.organization {
                Some(name) => format!("{} at {base_url} (account {account})", printable(name, 60)),
                None => format!("account {account} at {base_url}"),
            }
        }
    }
}

fn question(report: &PlanReport) -> String {
    let all = count_of(report.to_send(), "user");
    let requests = count_of(report.requests(), "request");
    let users = match report.to_send_now() {
        now if now < report.to_send() => {
            format!("the first {} of {all} in {requests}", count(now))
        }
        _ => format!("{all} in {requests}"),
    };
    match harmful_changes(report) {
        None => format!("Send {users}?"),
        Some(harms) => format!("Of {all}, {harms}.\nSend {users}?"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Variant;
    use crate::settings::ServiceAddress;

    #[test]
    fn a_yes_to_a_plan_of_hours_ago_sends_nothing() {
        let check = |answer: &str, minutes: u64| {
            check_answer(answer, Duration::from_secs(60 * minutes))
                .map_err(|error| error.to_string())
        };
        assert_eq!(check("y\n", 59), Ok(()));
        assert_eq!(check(" YES\r\n", 0), Ok(()));
        assert!(check("\n", 0).unwrap_err().contains("was not yes"));
        let outdated = check("y\n", 150).unwrap_err();
        assert!(outdated.contains("the plan is 2h 30m old"), "{outdated}");
    }

    #[test]
    fn the_plan_names_the_organisation_as_the_browser_shows_it_and_its_account() {
        let target = |organization: Option<&str>| {
            Target::Service(ServiceAddress {
                base_url: "https://cloud.uipath.com".to_owned(),
                endpoint: Variant::PutLease,
                organization: organization.map(str::to_owned),
                account: Some("1b6c02a4".to_owned()),
            })
        };
        for (organization, shown) in [
            (
                Some("acme"),
                "acme at https://cloud.uipath.com (account 1b6c02a4)",
            ),
            (None, "account 1b6c02a4 at https://cloud.uipath.com"),
        ] {
            assert_eq!(destination(&target(organization)), shown);
        }
    }
}

//! Reads what users have whose outcome no response has settled: no user stays unknown if the service answers.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::Arc;

use crate::api::Account;
use crate::catalog::Removal;
use crate::event::StopReason;
use crate::humanize::count_of;
use crate::import::context::PreparedRun;
use crate::import::recorder::RecordedRun;
use crate::lookup::{LookupError, ServiceLicenses, read_licenses};
use crate::outcome::{Applied, ConfirmedBy, Decision, FailureKind, Outcome};
use crate::report::Progress;
use crate::roster::{Assignments, SetIndex, UserIndex};
use crate::run::Journal;
use crate::user_id::UserKey;

/// Settles the users that are `unknown` or `unconfirmed`, as far as the service says what they have.
pub fn settle_by_reading(
    run: &PreparedRun<'_>,
    recorded: &mut RecordedRun,
    progress: &Progress,
) -> io::Result<()> {
    let assignments = &run.changes.roster.assignments;
    let open: Vec<_> = recorded.states.unsettled(assignments).collect();
    let Some(licenses) = ask_about(run, &open, progress) else {
        return Ok(());
    };
    let attempts = attempts(run, assignments)?;
    let licenses: HashMap<_, _> = { licenses.iter() }
        .map(|user| (UserKey::of(&user.user_id), user))
        .collect();
    let decisions: Vec<_> = open
        .iter()
        .map(|&user| {
            let user_id = assignments.user_id(user).to_string();
            let licenses = licenses.get(&UserKey::of(&user_id)).copied();
            Decision {
                users: vec![user],
                attempts: attempts.get(&user).copied().unwrap_or(1),
                ..decide(run, user, licenses)
            }
        })
        .collect();
    recorded.record(assignments, &decisions)
}

/// Whether the service may be asked when a run ends so.
pub fn may_ask(stop: Option<&StopReason>) -> bool {
    matches!(
        stop,
        None | Some(StopReason::FirstUsersDone | StopReason::NoUserFound { .. })
    )
}

/// What these users have. `None` if there are none, or no answer.
fn ask_about(
    run: &PreparedRun<'_>,
    users: &[UserIndex],
    progress: &Progress,
) -> Option<Vec<ServiceLicenses>> {
    let account = run.session.located.account.as_ref();
    let account = account.filter(|_| !users.is_empty())?;
    progress.info(&format!(
        "asking the service about {}, since no response says what became of them",
        count_of(users.len() as u64, "user")
    ));
    let read = read(run, account, users)?;
    read.inspect_err(|error| progress.info(&format!("warning: {error}")))
        .ok()
}

/// What these users have. `None` if an interrupt ends the wait.
fn read(
    run: &PreparedRun<'_>,
    account: &Account,
    users: &[UserIndex],
) -> Option<Result<Vec<ServiceLicenses>, LookupError>> {
    let session = run.session;
    let assignments = &run.changes.roster.assignments;
    let user_ids = users.iter().map(|&user| assignments.id_in_requests(user));
    let user_ids: Vec<_> = user_ids.collect();
    let caller = session.connection.caller(run.settings.requests.max_retries);
    session.connection.runtime.block_on(async {
        tokio::select! {
            read = read_licenses(&caller, account, &user_ids) => Some(read),
            () = session.interrupt.cancelled() => None,
        }
    })
}

/// How many requests have named each failed user.
fn attempts(
    run: &PreparedRun<'_>,
    assignments: &Assignments,
) -> io::Result<HashMap<UserIndex, u32>> {
    let failures = Journal::read_failures(&run.folder)?;
    let attempts = failures.filter_map(|failure| {
        let user = assignments.find(failure.user.as_str())?;
        Some((user, failure.attempts))
    });
    Ok(attempts.collect())
}

/// The outcome of a user whose licences were read. Users who are not listed have none.
fn decide(run: &PreparedRun<'_>, user: UserIndex, licenses: Option<&ServiceLicenses>) -> Decision {
    let assignments = &run.changes.roster.assignments;
    let current = run.changes.current.as_ref();
    let before = current.and_then(|current| current.of(user));
    // A group's licences show that an empty allocation is not there.
    let is_blocked = assignments.removal(user) != Some(Removal::Nothing)
        || licenses.is_none_or(|licenses| !licenses.is_inherited);
    let has = |set, external| is_blocked && has_directly(licenses, assignments, set, external);
    if has(assignments.set(user), assignments.external(user)) {
        return decision(
            Outcome::Success {
                organization_id: Arc::from(""),
                confirmed_by: ConfirmedBy::Reading,
            },
            Applied::Maybe,
        );
    }
    if before.is_some_and(|before| !before.is_inherited && has(before.set, before.external)) {
        let message = "the user has what it had before: reading shows that nothing was changed";
        return failure(FailureKind::Unavailable, message, Applied::No);
    }
    let has_now = match licenses {
        None => "no licences".to_owned(),
        Some(licenses) if licenses.codes.is_empty() => "no licences".to_owned(),
        Some(licenses) => licenses.codes.join(";"),
    };
    let message = format!("reading shows that the user has {has_now}");
    failure(FailureKind::Unknown, &message, Applied::Maybe)
}

/// Whether a direct allocation gives exactly these licences.
fn has_directly(
    licenses: Option<&ServiceLicenses>,
    assignments: &Assignments,
    set: SetIndex,
    external: bool,
) -> bool {
    let sets = assignments.sets();
    let wanted = sets.codes(sets.wanted(set)).map(str::to_ascii_uppercase);
    let wanted: BTreeSet<_> = wanted.collect();
    let direct = licenses.filter(|licenses| !licenses.is_inherited);
    let codes = direct.iter().flat_map(|licenses| &licenses.codes);
    let codes: BTreeSet<_> = codes.map(|code| code.to_ascii_uppercase()).collect();
    let flag = direct.and_then(|licenses| licenses.external);
    wanted == codes && (wanted.is_empty() || flag == Some(external))
}

fn failure(kind: FailureKind, message: &str, applied: Applied) -> Decision {
    let message = kind.with_hint(message).into();
    decision(
        Outcome::Failure {
            kind,
            status: None,
            message,
        },
        applied,
    )
}

fn decision(outcome: Outcome, applied: Applied) -> Decision {
    Decision {
        users: Vec::new(),
        outcome,
        attempts: 1,
        applied,
    }
}

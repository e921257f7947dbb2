//! Ends the direct allocations of users whose rows say `remove`, before anything is allocated: their seats become free.
//!
//! No document describes the call, so its response confirms nothing: reading what the users have afterwards does.

use std::collections::HashMap;
use std::io;

use crate::api::{Account, Client};
use crate::humanize::count_of;
use crate::import::context::{PreparedRun, RunFiles};
use crate::lookup::{CallFailure, Caller, ServiceLicenses, read_licenses, remove_users};
use crate::outcome::{Applied, ConfirmedBy, Decision, FailureKind, Outcome};
use crate::report::Progress;
use crate::roster::UserIndex;
use crate::user_id::UserKey;

/// How many users one call removes.
const USERS_PER_CALL: usize = 100;

/// Where removals can be done by hand.
const PORTAL: &str = "remove the user's licences in the portal";

/// Removes the leavers of this session, and records what became of them. Users whom the interrupt has kept from it are
/// pending.
pub fn remove_leavers<'a>(
    run: &PreparedRun<'_>,
    mut files: RunFiles<'a>,
    progress: &Progress,
) -> RunFiles<'a> {
    let leavers: Vec<_> = run.leavers().collect();
    let Some(account) = run
        .session
        .located
        .account
        .as_ref()
        .filter(|_| !leavers.is_empty())
    else {
        return files;
    };
    let count = count_of(leavers.len() as u64, "user");
    progress.info(&format!("removing the direct allocation of {count}"));
    let caller = run
        .session
        .connection
        .caller(run.settings.requests.max_retries);
    for users in leavers.chunks(USERS_PER_CALL) {
        if run.session.interrupt.is_cancelled() {
            break;
        }
        if let Err(error) = remove_and_record(run, users, &mut files, &caller, account) {
            // Nothing more is sent, and the run can be resumed.
            files.error = Some(error);
            run.session.interrupt.cancel();
        }
    }
    files
}

fn remove_and_record(
    run: &PreparedRun<'_>,
    users: &[UserIndex],
    files: &mut RunFiles<'_>,
    caller: &Caller<'_, Client>,
    account: &Account,
) -> io::Result<()> {
    files.write_ahead_log.log_before_send(users)?;
    let decisions = remove(run, users, caller, account);
    files.removed.calls += 1;
    let assignments = &run.changes.roster.assignments;
    files
        .journal
        .record_apart(&mut files.states, assignments, &decisions)?;
    files.removed.decided += users.len() as u64;
    files.journal.sync()
}

/// Removes some users, and decides each by what it has afterwards.
fn remove(
    run: &PreparedRun<'_>,
    users: &[UserIndex],
    caller: &Caller<'_, Client>,
    account: &Account,
) -> Vec<Decision> {
    let assignments = &run.changes.roster.assignments;
    let user_ids = users.iter().map(|&user| assignments.id_in_requests(user));
    let user_ids: Vec<_> = user_ids.collect();
    let runtime = &run.session.connection.runtime;
    let removed = runtime.block_on(remove_users(caller, account, &user_ids));
    let removed = match removed {
        Err(failure) if failure.is_refusal() => {
            return vec![refused(users, &failure)];
        }
        removed => removed,
    };
    let read = runtime.block_on(read_licenses(caller, account, &user_ids));
    let by_user = read.as_ref().map(|licenses| {
        let licenses = licenses.iter();
        let by_user = licenses.map(|user| (UserKey::of(&user.user_id), user));
        by_user.collect::<HashMap<_, _>>()
    });
    let decisions = users
        .iter()
        .zip(&user_ids)
        .map(|(&user, user_id)| Decision {
            users: vec![user],
            outcome: match &by_user {
                Ok(by_user) => after_reading(by_user.get(&UserKey::of(user_id)).copied()),
                Err(error) => not_confirmed(&removed, &error.to_string()),
            },
            attempts: 1,
            applied: Applied::Maybe,
        });
    decisions.collect()
}

/// A user that is not listed, or has what a group gives, is no longer allocated directly.
fn after_reading(licenses: Option<&ServiceLicenses>) -> Outcome {
    match licenses {
        Some(licenses) if !licenses.is_inherited && !licenses.codes.is_empty() => failure(
            FailureKind::Unconfirmed,
            &format!(
                "reading shows that the user still has {}",
                licenses.codes.join(";")
            ),
        ),
        _ => Outcome::Success {
            organization_id: "".into(),
            confirmed_by: ConfirmedBy::Reading,
        },
    }
}

fn refused(users: &[UserIndex], failure: &CallFailure) -> Decision {
    let message = format!("the service does not remove users: {failure}. Hint: {PORTAL}");
    Decision {
        users: users.to_vec(),
        outcome: Outcome::Failure {
            kind: FailureKind::Rejected,
            status: failure.status(),
            message: message.into(),
        },
        attempts: 1,
        applied: Applied::No,
    }
}

/// The users may have been removed, and nothing says whether they were.
fn not_confirmed(removed: &Result<(), CallFailure>, error: &str) -> Outcome {
    match removed {
        Ok(()) => failure(FailureKind::Unconfirmed, error),
        Err(failed) => failure(FailureKind::Unknown, &failed.to_string()),
    }
}

fn failure(kind: FailureKind, message: &str) -> Outcome {
    Outcome::Failure {
        kind,
        status: None,
        message: kind.with_hint(message).into(),
    }
}

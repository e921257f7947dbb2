//! Users whose outcome is known before anything is sent.

use std::io;

use crate::outcome::{Applied, ConfirmedBy, Decision, FailureKind, Outcome};
use crate::plan::{Action, PlannedChanges};
use crate::roster::UserIndex;
use crate::run::{Journal, UserStates};

/// Users recorded together, so that memory does not grow with their number.
const CHUNK: usize = 10_000;

/// Records the users who are not sent: those who have their licences already, and those without a seat.
pub fn record_unsent(
    changes: &PlannedChanges,
    journal: &mut Journal,
    states: &mut UserStates,
) -> io::Result<()> {
    let assignments = &changes.roster.assignments;
    let mut users = Vec::new();
    for user in assignments.sendable_users() {
        if states.is_pending(user) {
            users.push(user);
        }
        if users.len() == CHUNK {
            journal.record_apart(states, assignments, &unsent_decisions(changes, &users))?;
            users.clear();
        }
    }
    journal.record_apart(states, assignments, &unsent_decisions(changes, &users))?;
    journal.sync()
}

/// The decisions about these users, in their order.
fn unsent_decisions(changes: &PlannedChanges, users: &[UserIndex]) -> Vec<Decision> {
    let same = users.chunk_by(|one, next| changes.action(*one) == changes.action(*next));
    let decide = |users: &[UserIndex]| {
        Some(Decision {
            users: users.to_vec(),
            outcome: outcome(changes, changes.action(users[0]))?,
            attempts: 0,
            applied: Applied::No,
        })
    };
    same.filter_map(decide).collect()
}

fn outcome(changes: &PlannedChanges, action: Action) -> Option<Outcome> {
    match action {
        Action::Send => None,
        Action::AlreadyAssigned => Some(Outcome::Success {
            confirmed_by: ConfirmedBy::Reading,
            organization_id: "".into(),
        }),
        Action::NoSeat(code) => {
            let kind = FailureKind::Conflict;
            let code = &changes.roster.assignments.sets().all_codes()[code.index()];
            let message = format!(
                "no seat of {code} is left for this user: earlier users get the free seats"
            );
            Some(Outcome::Failure {
                kind,
                status: None,
                message: kind.with_hint(&message).into(),
            })
        }
    }
}

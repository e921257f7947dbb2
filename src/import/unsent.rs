//! Users whose outcome is known before anything is sent.

use std::io;

use crate::outcome::{Applied, Decision, FailureKind, Outcome};
use crate::plan::{Action, PlannedChanges};
use crate::roster::UserIndex;
use crate::run::{Journal, UserStates};

/// So many are recorded at once, so that memory does not grow with their number.
const AT_ONCE: usize = 10_000;

/// Records those who are not to be sent: who holds what it shall hold, and for whom there is no seat.
pub fn record_unsent(
    proposal: &PlannedChanges,
    journal: &mut Journal,
    standing: &mut UserStates,
) -> io::Result<()> {
    let all = &proposal.roster.assignments;
    let mut users = Vec::new();
    for user in all.sendable_users() {
        if standing.is_pending(user) {
            users.push(user);
        }
        if users.len() == AT_ONCE {
            journal.record_unsent(standing, all, &unsent_decisions(proposal, &users))?;
            users.clear();
        }
    }
    journal.record_unsent(standing, all, &unsent_decisions(proposal, &users))?;
    journal.sync()
}

/// What is decided of these users, in their order.
fn unsent_decisions(proposal: &PlannedChanges, users: &[UserIndex]) -> Vec<Decision> {
    let same = users.chunk_by(|one, next| proposal.action(*one) == proposal.action(*next));
    let decide = |users: &[UserIndex]| {
        Some(Decision {
            users: users.to_vec(),
            outcome: outcome(proposal, proposal.action(users[0]))?,
            attempts: 0,
            applied: Applied::No,
        })
    };
    same.filter_map(decide).collect()
}

fn outcome(proposal: &PlannedChanges, fate: Action) -> Option<Outcome> {
    match fate {
        Action::Sent => None,
        Action::AlreadyAssigned => Some(Outcome::Success {
            organization_id: "".into(),
        }),
        Action::NoSeat(code) => {
            let kind = FailureKind::Conflict;
            let code = &proposal.roster.assignments.sets().all_codes()[code.index()];
            let said = format!(
                "no seat of {code} is left for this user: those that were free go to users who come first"
            );
            Some(Outcome::Failure {
                kind,
                status: None,
                message: kind.with_hint(&said).into(),
            })
        }
    }
}

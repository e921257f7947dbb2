//! Users whose outcome is known before anything is sent.

use std::io;

use crate::outcome::{Applied, Decision, FailureKind, Outcome};
use crate::plan::{Fate, Proposal};
use crate::roster::UserIx;
use crate::run::{Journal, Standing};

/// So many are recorded at once, so that memory does not grow with their number.
const AT_ONCE: usize = 10_000;

/// Records those who are not to be sent: who holds what it shall hold, and for whom there is no seat.
pub fn settle(
    proposal: &Proposal,
    journal: &mut Journal,
    standing: &mut Standing,
) -> io::Result<()> {
    let all = &proposal.roster.assignments;
    let mut users = Vec::new();
    for user in all.good_users() {
        if standing.is_pending(user) {
            users.push(user);
        }
        if users.len() == AT_ONCE {
            journal.settle(standing, all, &decisions(proposal, &users))?;
            users.clear();
        }
    }
    journal.settle(standing, all, &decisions(proposal, &users))?;
    journal.sync()
}

/// What is decided of these users, in their order.
fn decisions(proposal: &Proposal, users: &[UserIx]) -> Vec<Decision> {
    let same = users.chunk_by(|one, next| proposal.fate(*one) == proposal.fate(*next));
    let decide = |users: &[UserIx]| {
        Some(Decision {
            users: users.to_vec(),
            outcome: outcome(proposal, proposal.fate(users[0]))?,
            attempts: 0,
            applied: Applied::No,
        })
    };
    same.filter_map(decide).collect()
}

fn outcome(proposal: &Proposal, fate: Fate) -> Option<Outcome> {
    match fate {
        Fate::Sent => None,
        Fate::HoldsAlready => Some(Outcome::Success {
            organization_id: "".into(),
        }),
        Fate::NoSeat(code) => {
            let kind = FailureKind::Conflict;
            let code = &proposal.roster.assignments.sets().all_codes()[code.index()];
            let said = format!(
                "no seat of {code} is left for this user: those that were free go to users who come first"
            );
            Some(Outcome::Failure {
                kind,
                status: None,
                message: kind.explain(&said).into(),
            })
        }
    }
}

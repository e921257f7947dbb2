//! What a run is going to do with every user.

use hashbrown::HashMap;

use crate::plan::seats::{seat_demand, users_without_seat};
use crate::plan::{AbsentUsers, CurrentLicenses, Mode, SeatBudget, SeatDemand};
use crate::roster::{BundleSets, CodeIndex, Roster, SetIndex, UserIndex};

/// What a run is going to do with every user.
#[derive(Debug)]
pub struct PlannedChanges {
    pub roster: Roster,
    /// Who holds what; none where no file says so.
    pub holdings: Option<CurrentLicenses>,
    seats: Option<SeatBudget>,
    without_seat: HashMap<UserIndex, CodeIndex>,
}

/// What is going to be done with a good user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Sent,
    /// It holds exactly what it shall hold, and is not sent.
    AlreadyAssigned,
    /// There is no seat of this code left for it, and it is not sent.
    NoSeat(CodeIndex),
}

/// What an assignment changes for a user of whom it is known what it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    pub gained: Vec<CodeIndex>,
    pub lost: Vec<CodeIndex>,
    /// What it keeps has another external flag afterwards.
    pub external_flag_changes: bool,
}

impl PlannedChanges {
    /// Proposes what a file asks for. `current` says who holds what, and what to make of those whom it does not name;
    /// without it every mode is [`Mode::Replace`].
    pub fn new(
        mut roster: Roster,
        current: Option<(&Roster, AbsentUsers)>,
        mode: Mode,
        seats: Option<SeatBudget>,
    ) -> Self {
        let holdings =
            current.map(|(current, absent)| CurrentLicenses::find(&mut roster, current, absent));
        if let (Mode::Add, Some(holdings)) = (mode, &holdings) {
            holdings.keep(&mut roster);
        }
        let without_seat = match &seats {
            Some(limit) if limit.partial => {
                users_without_seat(&roster.assignments, holdings.as_ref(), limit)
            }
            _ => HashMap::new(),
        };
        Self {
            roster,
            holdings,
            seats,
            without_seat,
        }
    }

    /// Whether every good user is sent.
    pub fn sends_all(&self) -> bool {
        self.holdings.is_none() && self.without_seat.is_empty()
    }

    /// What is going to be done with a good user.
    pub fn action(&self, user: UserIndex) -> Action {
        let all = &self.roster.assignments;
        let held = self.holdings.as_ref().and_then(|held| held.of(user));
        match (held, self.without_seat.get(&user)) {
            (Some(held), _) if (held.set, held.external) == (all.set(user), all.external(user)) => {
                Action::AlreadyAssigned
            }
            (_, Some(&code)) => Action::NoSeat(code),
            (_, None) => Action::Sent,
        }
    }

    /// The users who are sent, in the order in which they are to be served.
    pub fn to_send(&self) -> impl Iterator<Item = UserIndex> + Clone {
        let users = self.roster.assignments.sendable_users();
        users.filter(|&user| self.action(user) == Action::Sent)
    }

    /// What is changed for a user, whether it is sent or not. None if nobody knows what it holds.
    pub fn change(&self, user: UserIndex) -> Option<Change> {
        let all = &self.roster.assignments;
        let held = self.holdings.as_ref()?.of(user)?;
        let codes = |set: SetIndex, other: SetIndex| all.sets().difference(set, other).collect();
        Some(Change {
            gained: codes(all.set(user), held.set),
            lost: codes(held.set, all.set(user)),
            external_flag_changes: held.set != BundleSets::EMPTY
                && held.external != all.external(user),
        })
    }

    /// How many seats the good users need, by code in the order of the codes' names.
    pub fn demand(&self) -> Vec<SeatDemand> {
        seat_demand(
            &self.roster.assignments,
            self.holdings.as_ref(),
            self.seats.as_ref(),
        )
    }

    /// Whether those are left out for whom there is no seat.
    pub fn is_until_full(&self) -> bool {
        self.seats.as_ref().is_some_and(|limit| limit.partial)
    }
}

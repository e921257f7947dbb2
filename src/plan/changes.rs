//! The changes that a run will make: what happens to every user.

use hashbrown::HashMap;

use crate::catalog::Removal;
use crate::plan::seats::{seat_demand, users_without_seat};
use crate::plan::{CurrentLicenses, CurrentTable, Mode, SeatBudget, SeatDemand, UserLicenses};
use crate::roster::{BundleSets, CodeIndex, Roster, SetIndex, UserIndex};

/// What a run will do with every user.
#[derive(Debug)]
pub struct PlannedChanges {
    pub roster: Roster,
    /// What the users have before the run, if that is known.
    pub current: Option<CurrentLicenses>,
    seats: Option<SeatBudget>,
    without_seat: HashMap<UserIndex, CodeIndex>,
}

/// What a run will do with a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Send,
    /// The user has exactly the requested codes already, and is not sent.
    AlreadyAssigned,
    /// No seat of this code is left for the user, who is not sent.
    NoSeat(CodeIndex),
}

/// What an assignment changes for a user whose current licences are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    pub gained: Vec<CodeIndex>,
    pub lost: Vec<CodeIndex>,
    /// Codes that the user keeps get the other external flag.
    pub external_flag_changes: bool,
    /// The user inherits licences from a group, which a direct allocation may replace.
    pub replaces_inherited: bool,
}

impl PlannedChanges {
    /// Without `current`, what users have is unknown, and every mode is [`Mode::Replace`].
    pub fn new(
        mut roster: Roster,
        current: Option<CurrentTable>,
        mode: Mode,
        seats: Option<SeatBudget>,
    ) -> Self {
        let current = current.map(|current| CurrentLicenses::find(&mut roster, &current));
        if let (Mode::Add, Some(current)) = (mode, &current) {
            current.keep_current(&mut roster);
        }
        let without_seat = match &seats {
            Some(limit) if limit.partial => {
                users_without_seat(&roster.assignments, current.as_ref(), limit)
            }
            _ => HashMap::new(),
        };
        Self {
            roster,
            current,
            seats,
            without_seat,
        }
    }
    /// What happens to a sendable user.
    pub fn action(&self, user: UserIndex) -> Action {
        let current = self.current.as_ref().and_then(|current| current.of(user));
        match (current, self.without_seat.get(&user)) {
            (Some(current), _) if self.has_already(user, current) => Action::AlreadyAssigned,
            (_, Some(&code)) => Action::NoSeat(code),
            (_, None) => Action::Send,
        }
    }

    fn has_already(&self, user: UserIndex, current: UserLicenses) -> bool {
        let all = &self.roster.assignments;
        let has_none = current.set == BundleSets::EMPTY;
        match all.removal(user) {
            Some(Removal::Remove) => has_none || current.is_inherited,
            Some(Removal::Nothing) => has_none,
            None => (current.set, current.external) == (all.set(user), all.external(user)),
        }
    }

    /// The users to take everything from, of those to send.
    pub fn to_remove(&self) -> impl Iterator<Item = UserIndex> + Clone {
        let assignments = &self.roster.assignments;
        self.to_send()
            .filter(|&user| assignments.removal(user).is_some())
    }

    /// The users to send, in the order of their priorities or else of the file.
    pub fn to_send(&self) -> impl Iterator<Item = UserIndex> + Clone {
        let users = self.roster.assignments.sendable_users();
        users.filter(|&user| self.action(user) == Action::Send)
    }

    /// What changes for a user, sent or not. `None` if the user's current licences are unknown.
    pub fn change(&self, user: UserIndex) -> Option<Change> {
        let all = &self.roster.assignments;
        let current = self.current.as_ref()?.of(user)?;
        let codes = |set: SetIndex, other: SetIndex| all.sets().difference(set, other).collect();
        let removal = all.removal(user);
        let wanted = all.sets().wanted(all.set(user));
        // A removal leaves a user what groups give.
        let keeps_all = removal == Some(Removal::Remove) && current.is_inherited;
        Some(Change {
            gained: codes(wanted, current.set),
            lost: if keeps_all {
                Vec::new()
            } else {
                codes(current.set, wanted)
            },
            external_flag_changes: removal.is_none()
                && current.set != BundleSets::EMPTY
                && current.external != all.external(user),
            replaces_inherited: removal != Some(Removal::Remove)
                && current.is_inherited
                && current.set != BundleSets::EMPTY,
        })
    }

    /// The seats that the sendable users need, by code name.
    pub fn demand(&self) -> Vec<SeatDemand> {
        seat_demand(
            &self.roster.assignments,
            self.current.as_ref(),
            self.seats.as_ref(),
        )
    }

    /// Whether it is known how many seats are free.
    pub fn knows_seats(&self) -> bool {
        self.seats.is_some()
    }

    /// Whether there are enough seats of every code, as far as is known.
    pub fn seats_suffice(&self) -> bool {
        let is_enough = |demand: &SeatDemand| demand.free.is_some() && demand.short() == 0;
        self.knows_seats() && self.demand().iter().all(is_enough)
    }

    /// Whether users without a seat are not sent (`--until-full`).
    pub fn is_partial(&self) -> bool {
        self.seats.as_ref().is_some_and(|limit| limit.partial)
    }
}

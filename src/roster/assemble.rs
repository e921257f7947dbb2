//! Folds rows into assignments, one for each user, wherever its rows stand.

use std::borrow::Cow;

use crate::input::Cells;
use crate::roster::bundle_sets::BundleSets;
use crate::roster::row_error::{BadRow, RowError};
use crate::roster::users::{NamedBy, UserIndex, Users};
use crate::roster::validate::{NO_PRIORITY, bad_row};
use crate::roster::validated::{Block, Judged, PackedAsk, Refused};
use crate::roster::{Assignments, Roster, SkipReason};
use crate::user_id::UserKey;

/// Rows whose users are looked up at once.
const AT_ONCE: usize = 128;

/// Takes rows in the file's order, and gives the roster at the end.
#[derive(Debug)]
pub struct RosterAssembler {
    /// The external flag of a row that does not say.
    default_external: bool,
    has_priorities: bool,
    users: Users,
    sets: BundleSets,
    /// By user, where the file has priorities.
    priorities: Vec<f64>,
    bad_rows: Vec<BadRow>,
    withheld: usize,
    rows: u64,
}

impl RosterAssembler {
    pub fn new(default_external: bool, has_priorities: bool) -> Self {
        Self {
            default_external,
            has_priorities,
            users: Users::default(),
            sets: BundleSets::new(),
            priorities: Vec::new(),
            bad_rows: Vec::new(),
            withheld: 0,
            rows: 0,
        }
    }

    /// Adds rows: to their users' assignments, or to the bad rows; then whoever they may name is withheld.
    pub fn add(&mut self, block: &Block) {
        self.rows += block.rows.len() as u64;
        for rows in block.rows.chunks(AT_ONCE) {
            let keys = rows.iter().filter_map(|row| match row {
                Judged::Good(ask) => Some(block.key(ask)),
                Judged::Bad(_) => None,
            });
            let mut known = self.users.find_all(keys).into_iter();
            for row in rows {
                match row {
                    Judged::Good(ask) => self.assign(block, ask, known.next().flatten()),
                    Judged::Bad(at) => self.add_refused(block.refused(*at)),
                }
            }
        }
    }

    /// The roster of all rows added. `codes` are all codes by their place.
    pub fn finish(mut self, codes: Vec<String>) -> Roster {
        let order = self.order();
        let why = |user: UserIndex| Some((user, self.users.get(user).withheld?));
        let all = (0..self.users.len()).map(UserIndex::from_index);
        // Mostly there is nobody to look for among millions.
        let withheld: Vec<_> = match self.withheld {
            0 => Vec::new(),
            _ => all.filter_map(why).collect(),
        };
        Roster {
            sendable_count: self.users.len() - self.withheld,
            skipped: withheld
                .into_iter()
                .filter(|(user, _)| self.users.get(*user).set != BundleSets::EMPTY)
                .collect(),
            assignments: Assignments {
                users: self.users,
                sets: self.sets.with_codes(codes),
                order,
            },
            bad_rows: self.bad_rows,
            rows: self.rows,
        }
    }

    /// Every user by priority, and by the file's order within each.
    fn order(&mut self) -> Option<Vec<UserIndex>> {
        if !self.has_priorities {
            return None;
        }
        self.priorities.resize(self.users.len(), NO_PRIORITY);
        let all = (0..self.users.len()).map(UserIndex::from_index);
        let mut order: Vec<_> = all.collect();
        let priority = |user: &UserIndex| self.priorities[user.index()];
        order.sort_by(|one, other| priority(one).total_cmp(&priority(other)));
        Some(order)
    }

    /// Adds what a row asks for to what its user shall hold. `known` is the user's place, if it had one before.
    fn assign(&mut self, block: &Block, ask: &PackedAsk, known: Option<UserIndex>) {
        let place = known.unwrap_or_else(|| {
            let (user_id, key) = (block.user_id(ask), block.key(ask));
            self.users.intern(user_id, key, ask.line)
        });
        let user = self.users.get_mut(place);
        // A user without codes has only been named by bad rows, so nothing stands yet.
        if user.set == BundleSets::EMPTY {
            user.external = ask.external;
            user.named_by = ask.named_by;
            user.good_line = ask.line;
        }
        if user.named_by != ask.named_by {
            let complaint = RowError::NamedTwoWays {
                user: block.user_id(ask).to_owned(),
                by_email: ask.named_by == NamedBy::Email,
                first_line: user.good_line,
            };
            return self.reject(block, ask, place, complaint);
        }
        if user.external != ask.external {
            let complaint = RowError::ExternalFlagConflict {
                here: ask.external,
                first_line: user.good_line,
            };
            return self.reject(block, ask, place, complaint);
        }
        for &code in block.codes(ask) {
            user.set = self.sets.join(user.set, code);
        }
        if self.has_priorities {
            self.priorities.resize(self.users.len(), NO_PRIORITY);
            let priority = &mut self.priorities[place.index()];
            *priority = priority.min(ask.priority);
        }
    }

    /// A row turns out to be bad because of another one of its user.
    fn reject(&mut self, block: &Block, ask: &PackedAsk, user: UserIndex, complaint: RowError) {
        self.withhold(user, SkipReason::BadRow);
        let cells = block.cells(ask);
        let cells = Cells {
            user: Cow::Borrowed(match ask.named_by {
                NamedBy::Id => block.user_id(ask),
                NamedBy::Email => cells.user,
            }),
            codes: Cow::Borrowed(cells.codes),
            external: Some(Cow::Borrowed(cells.external)),
            priority: None,
        };
        let row = bad_row(ask.line, &cells, complaint, self.default_external);
        self.bad_rows.push(row);
    }

    fn add_refused(&mut self, refused: &Refused) {
        let named = refused.named.iter().map(|user| (user, SkipReason::BadRow));
        let suspects = refused.suspects.iter();
        let suspects = suspects.map(|user| (user, SkipReason::PossiblyBadRow));
        for (user, why) in named.chain(suspects) {
            let key = UserKey::of(user);
            let user = self.users.intern(user, key, refused.row.line);
            self.withhold(user, why);
        }
        self.bad_rows.push(refused.row.clone());
    }

    /// What a row says that names the user counts more than what one says that may be about it.
    fn withhold(&mut self, user: UserIndex, why: SkipReason) {
        let withheld = &mut self.users.get_mut(user).withheld;
        self.withheld += usize::from(withheld.is_none());
        if why == SkipReason::BadRow || withheld.is_none() {
            *withheld = Some(why);
        }
    }
}

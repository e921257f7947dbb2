//! Assembles rows into assignments, one for each user, wherever its rows are in the file.

use std::borrow::Cow;
use std::collections::HashSet;

use hashbrown::HashMap;

use crate::input::Cells;
use crate::roster::bundle_sets::{BundleSets, SetIndex};
use crate::roster::row_error::{BadRow, RowError};
use crate::roster::users::{UserId, UserIndex, Users};
use crate::roster::validate::{NO_PRIORITY, bad_row};
use crate::roster::validated::{Block, CodeCell, RejectedRow, RowRequest, ValidatedRow};
use crate::roster::{Assignments, Roster, SkipReason};

/// Takes rows in the file's order, and gives the roster at the end.
#[derive(Debug)]
pub struct RosterAssembler {
    /// The external flag of a row without one.
    default_external: bool,
    has_priorities: bool,
    users: Users,
    sets: BundleSets,
    emails: HashMap<UserIndex, Box<str>>,
    /// The line of the first good row, where that is not the user's first row.
    first_good_lines: HashMap<UserIndex, u32>,
    /// By user, where the file has priorities.
    priorities: Vec<f64>,
    /// Every cell of codes, by its index.
    code_cells: Vec<CodeCell>,
    /// The sets that stand for a removal.
    removals: HashSet<SetIndex>,
    bad_rows: Vec<BadRow>,
    /// Users that are skipped, those without good codes included.
    skipped: usize,
    rows: u64,
}

impl RosterAssembler {
    pub fn new(default_external: bool, has_priorities: bool) -> Self {
        Self {
            default_external,
            has_priorities,
            users: Users::default(),
            sets: BundleSets::default(),
            emails: HashMap::new(),
            first_good_lines: HashMap::new(),
            priorities: Vec::new(),
            code_cells: Vec::new(),
            removals: HashSet::new(),
            bad_rows: Vec::new(),
            skipped: 0,
            rows: 0,
        }
    }

    /// Adds rows to their users' assignments, or to the bad rows; the users that a bad row may be about are skipped.
    pub fn assemble(&mut self, block: Block) {
        self.rows += block.rows.len() as u64;
        self.code_cells.extend(block.new_code_cells);
        let good = block.rows.iter().filter_map(ValidatedRow::good);
        let mut known = self
            .users
            .find_all(good.map(RowRequest::user_id))
            .into_iter();
        for row in &block.rows {
            match row {
                ValidatedRow::Good(request) => self.assign(request, known.next().flatten()),
                ValidatedRow::Bad(rejected) => self.add_bad_row(rejected),
            }
        }
    }

    /// The roster of all rows. `codes` are all codes by their index.
    pub fn finish(mut self, codes: Vec<String>) -> Roster {
        let order = self.order();
        Roster {
            sendable_count: self.users.len() - self.skipped,
            skipped: self.skipped_users(),
            assignments: Assignments {
                users: self.users,
                sets: self.sets.with_code_names(codes),
                emails: self.emails,
                order,
            },
            bad_rows: self.bad_rows,
            rows: self.rows,
        }
    }

    /// Users with good codes that are not sent.
    fn skipped_users(&self) -> Vec<(UserIndex, SkipReason)> {
        if self.skipped == 0 {
            return Vec::new();
        }
        let places = (0..self.users.len()).map(UserIndex::from_index);
        let with_codes = places.filter(|&user| self.users.get(user).set != BundleSets::EMPTY);
        with_codes
            .filter_map(|user| Some((user, self.users.get(user).skipped?)))
            .collect()
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

    /// Adds the codes of a row to its user's. `known` is the user, if an earlier block names it.
    fn assign(&mut self, request: &RowRequest, known: Option<UserIndex>) {
        let add = || self.users.intern(request.user_id(), request.line);
        let place = known.unwrap_or_else(add);
        let user = self.users.get_mut(place);
        // A user without codes has been named by bad rows only.
        if user.set == BundleSets::EMPTY {
            user.external = request.external;
            if user.line != request.line {
                self.first_good_lines.insert(place, request.line);
            }
        }
        let email = request
            .cells
            .as_ref()
            .and_then(|cells| cells.user.as_deref());
        if let Some(email) = email {
            self.emails.entry(place).or_insert_with(|| email.into());
        }
        let set = match self.combined_set(request, place) {
            Ok(set) => set,
            Err(error) => return self.reject(request, place, error),
        };
        if self.code_cells[request.codes].is_removal {
            self.removals.insert(set);
        }
        self.users.get_mut(place).set = set;
        if self.has_priorities {
            self.priorities.resize(self.users.len(), NO_PRIORITY);
            let priority = &mut self.priorities[place.index()];
            *priority = priority.min(request.priority);
        }
    }

    /// The codes of the user and of its next row, unless the row contradicts those before it.
    fn combined_set(
        &mut self,
        request: &RowRequest,
        place: UserIndex,
    ) -> Result<SetIndex, RowError> {
        let user = self.users.get(place);
        let first_line = || *self.first_good_lines.get(&place).unwrap_or(&user.line);
        if user.external != request.external {
            return Err(RowError::ExternalFlagConflict {
                here: request.external,
                first_line: first_line(),
            });
        }
        let cell = &self.code_cells[request.codes];
        let set = { cell.codes.iter() }.fold(user.set, |set, &code| self.sets.with_code(set, code));
        let mixes = user.set != BundleSets::EMPTY && user.set != set;
        if mixes && (cell.is_removal || self.removals.contains(&user.set)) {
            return Err(RowError::RemovalConflict {
                first_line: first_line(),
            });
        }
        Ok(set)
    }

    /// A good row turns out to be bad because of another row of its user.
    fn reject(&mut self, request: &RowRequest, user: UserIndex, error: RowError) {
        self.skip(user, SkipReason::BadRow);
        let (mut user, mut external) = (None, None);
        if let Some(cells) = &request.cells {
            (user, external) = (cells.user.as_deref(), cells.external.as_deref());
        }
        let cells = Cells {
            user: user.map_or_else(|| request.user_id().to_string().into(), Cow::Borrowed),
            codes: Cow::Borrowed(&self.code_cells[request.codes].text),
            external: external.map(Cow::Borrowed),
            priority: None,
        };
        let row = bad_row(request.line, &cells, error, self.default_external);
        self.bad_rows.push(row);
    }

    fn add_bad_row(&mut self, rejected: &RejectedRow) {
        let RejectedRow {
            row,
            named,
            possible,
        } = rejected;
        let named = named.iter().map(|user| (user, SkipReason::BadRow));
        let possible = possible
            .iter()
            .map(|user| (user, SkipReason::PossiblyBadRow));
        for (user, reason) in named.chain(possible) {
            let user = self.users.intern(UserId::from(user.as_str()), row.line);
            self.skip(user, reason);
        }
        self.bad_rows.push(row.clone());
    }

    /// A row that names the user counts more than one that may be about it.
    fn skip(&mut self, user: UserIndex, reason: SkipReason) {
        let skipped = &mut self.users.get_mut(user).skipped;
        self.skipped += usize::from(skipped.is_none());
        if reason == SkipReason::BadRow || skipped.is_none() {
            *skipped = Some(reason);
        }
    }
}

//! Folds rows into assignments, one for each user, wherever its rows stand.

use std::collections::HashMap;

use super::bad_row::{BadRow, Complaint, DOUBT};
use super::bundle_sets::{BundleSets, CodeIx};
use super::users::{NamedBy, UserIx, Users};
use super::{Assignments, Roster, Withheld};
use crate::catalog::{self, Catalog};
use crate::input::{Cells, Columns, Directory, Resolved, Row, is_yes};
use crate::user_id::{self, Damage};

/// How much of a bad row's cell is kept, in characters.
const KEPT_CHARS: usize = 1024;

/// Takes rows in the file's order, and gives the roster at the end.
#[derive(Debug)]
pub struct RosterBuilder<'d> {
    columns: Columns,
    catalog: &'d Catalog,
    directory: Option<&'d Directory>,
    default_external: bool,
    /// A row without a code says that its user holds nothing.
    takes_nothing: bool,
    users: Users,
    sets: BundleSets,
    /// Codes as the file writes them.
    spellings: HashMap<String, CodeIx>,
    /// The codes of the row in hand.
    row_codes: Vec<CodeIx>,
    /// What the last row that names a user has in the user's cell.
    last_named: String,
    /// By user, where the file has priorities.
    priorities: Vec<f64>,
    bad_rows: Vec<BadRow>,
    rows: u64,
}

/// What a good row asks for; its codes stand in `row_codes`.
struct Ask<'a> {
    user: Named<'a>,
    external: bool,
    priority: f64,
}

/// Comes after everyone who has a priority.
const NO_PRIORITY: f64 = f64::INFINITY;

/// A user as a row names it.
#[derive(Clone, Copy)]
struct Named<'a> {
    user_id: &'a str,
    by: NamedBy,
}

impl<'d> RosterBuilder<'d> {
    /// `default_external` is the external flag of a row that does not say; `directory` knows users by e-mail address.
    pub fn new(
        columns: Columns,
        catalog: &'d Catalog,
        directory: Option<&'d Directory>,
        default_external: bool,
    ) -> Self {
        Self {
            columns,
            catalog,
            directory,
            default_external,
            takes_nothing: false,
            users: Users::default(),
            sets: BundleSets::new(),
            spellings: HashMap::new(),
            row_codes: Vec::new(),
            last_named: String::new(),
            priorities: Vec::new(),
            bad_rows: Vec::new(),
            rows: 0,
        }
    }

    /// The rows say what users hold, and not what they shall hold: nothing is something to hold.
    pub fn of_holdings(self) -> Self {
        Self {
            takes_nothing: true,
            ..self
        }
    }

    /// Adds a row: to its user's assignment, or to the bad rows; then the user that it names is withheld.
    pub fn add(&mut self, row: Row<'_>) {
        self.rows += 1;
        for suspect in &row.suspects {
            self.withhold_whoever(suspect, row.line);
        }
        let folded = match row.fault {
            Some(fault) => Err(fault.into()),
            None => self
                .judge(&row.cells, row.line)
                .and_then(|ask| self.fold(&ask, row.line)),
        };
        if let Err(complaint) = folded {
            // Merged cells, and people, leave out what stands in the row above.
            if row.cells.user.is_empty() && !row.cells.codes.is_empty() {
                self.withhold_whoever(&self.last_named.clone(), row.line);
            }
            self.refuse(row.line, &row.cells, complaint);
        }
        if !row.cells.user.is_empty() {
            self.last_named.clear();
            self.last_named.push_str(beginning(&row.cells.user));
        }
    }

    /// The roster of all rows added.
    pub fn finish(mut self) -> Roster {
        let order = self.order();
        let is_good = |user: &UserIx| !self.users.get(*user).withheld;
        let all = || (0..self.users.len()).map(UserIx::from_index);
        let withheld = all()
            .filter(|user| !is_good(user))
            .filter(|user| self.users.get(*user).set != BundleSets::EMPTY)
            .map(|user| (user, Withheld::BadRow))
            .collect();
        let good = all().filter(is_good).count();
        Roster {
            assignments: Assignments {
                users: self.users,
                sets: self.sets,
                order,
            },
            withheld,
            good,
            bad_rows: self.bad_rows,
            rows: self.rows,
        }
    }

    /// Every user by priority, and by the file's order within each.
    fn order(&mut self) -> Option<Vec<UserIx>> {
        self.columns.priority.as_ref()?;
        self.priorities.resize(self.users.len(), NO_PRIORITY);
        let all = (0..self.users.len()).map(UserIx::from_index);
        let mut order: Vec<_> = all.collect();
        let priority = |user: &UserIx| self.priorities[user.index()];
        order.sort_by(|one, other| priority(one).total_cmp(&priority(other)));
        Some(order)
    }

    fn judge<'a>(&mut self, cells: &'a Cells<'_>, line: u32) -> Result<Ask<'a>, Complaint>
    where
        'd: 'a,
    {
        let user = self.user(&cells.user, line)?;
        let external = self.flag(cells.external.as_deref(), line)?;
        let priority = self.priority(cells.priority.as_deref(), line)?;
        self.read_codes(&cells.codes, line)?;
        Ok(Ask {
            user,
            external,
            priority,
        })
    }

    fn user<'a>(&self, cell: &'a str, line: u32) -> Result<Named<'a>, Complaint>
    where
        'd: 'a,
    {
        let place = || self.columns.place(&self.columns.user, line);
        if cell.is_empty() {
            return Err(Complaint::NoUser { place: place() });
        }
        let found = || kept(cell);
        match (user_id::damage(cell), self.directory) {
            (None, _) => Ok(Named {
                user_id: cell,
                by: NamedBy::Id,
            }),
            (Some(Damage::Email), Some(directory)) => match resolve(directory, cell) {
                Resolved::User(user_id) => Ok(Named {
                    user_id,
                    by: NamedBy::Email,
                }),
                Resolved::Nobody => Err(Complaint::UnknownEmail {
                    place: place(),
                    found: found(),
                }),
                Resolved::Several(users) => Err(Complaint::SharedEmail {
                    place: place(),
                    found: found(),
                    users: users
                        .into_iter()
                        .map(|(user, line)| (user.to_owned(), line))
                        .collect(),
                }),
            },
            (Some(damage), _) => Err(Complaint::DamagedUser {
                place: place(),
                found: found(),
                damage,
            }),
        }
    }

    fn flag(&self, cell: Option<&str>, line: u32) -> Result<bool, Complaint> {
        let (Some(cell), Some(column)) = (cell, &self.columns.external) else {
            return Ok(self.default_external);
        };
        if cell.is_empty() {
            return Ok(self.default_external);
        }
        is_yes(cell).ok_or_else(|| Complaint::UnknownFlag {
            place: self.columns.place(column, line),
            found: kept(cell),
        })
    }

    fn priority(&self, cell: Option<&str>, line: u32) -> Result<f64, Complaint> {
        let (Some(cell), Some(column)) = (cell, &self.columns.priority) else {
            return Ok(NO_PRIORITY);
        };
        if cell.is_empty() {
            return Ok(NO_PRIORITY);
        }
        let number = cell.parse::<f64>().ok().filter(|number| number.is_finite());
        // Of the two zeros one would come before the other.
        let number = number.map(|number| number + 0.0);
        number.ok_or_else(|| Complaint::UnknownPriority {
            place: self.columns.place(column, line),
            found: kept(cell),
        })
    }

    fn read_codes(&mut self, cell: &str, line: u32) -> Result<(), Complaint> {
        self.row_codes.clear();
        if cell.starts_with(DOUBT) {
            return Err(Complaint::Doubtful {
                place: self.columns.place_of_codes(line),
            });
        }
        for written in catalog::split(cell) {
            let code = match self.spellings.get(written) {
                Some(&known) => known,
                None => self.meet_code(written, line)?,
            };
            self.row_codes.push(code);
        }
        if self.row_codes.is_empty() && !self.takes_nothing {
            return Err(Complaint::NoCode {
                place: self.columns.place_of_codes(line),
            });
        }
        Ok(())
    }

    fn meet_code(&mut self, written: &str, line: u32) -> Result<CodeIx, Complaint> {
        let code = self.catalog.find(written);
        let code = code.ok_or_else(|| Complaint::UnknownCode {
            place: self.columns.place_of_codes(line),
            found: kept(written),
            suggestion: self.catalog.suggest(written).map(str::to_owned),
        })?;
        let code = self.sets.intern_code(code);
        self.spellings.insert(written.to_owned(), code);
        Ok(code)
    }

    fn fold(&mut self, ask: &Ask<'_>, line: u32) -> Result<(), Complaint> {
        let (place, _) = self.users.intern(ask.user.user_id, line);
        let user = self.users.get_mut(place);
        // A user without codes has only been named by bad rows, so nothing stands yet.
        if user.set == BundleSets::EMPTY {
            user.external = ask.external;
            user.named_by = ask.user.by;
            user.good_line = line;
        }
        if user.named_by != ask.user.by {
            return Err(Complaint::TwoNames {
                user: ask.user.user_id.to_owned(),
                by_email: ask.user.by == NamedBy::Email,
                first_line: user.good_line,
            });
        }
        if user.external != ask.external {
            return Err(Complaint::FlagConflict {
                here: ask.external,
                first_line: user.good_line,
            });
        }
        for &code in &self.row_codes {
            user.set = self.sets.join(user.set, code);
        }
        if self.columns.priority.is_some() {
            self.priorities.resize(self.users.len(), NO_PRIORITY);
            let priority = &mut self.priorities[place.index()];
            *priority = priority.min(ask.priority);
        }
        Ok(())
    }

    /// Whoever a bad row may name is not sent: the user with this ID, or every user with this e-mail address.
    fn withhold_whoever(&mut self, named: &str, line: u32) {
        match (user_id::damage(named), self.directory) {
            _ if named.is_empty() => {}
            (None, _) => self.withhold(named, line),
            (Some(Damage::Email), Some(directory)) => {
                for address in user_id::emails(named) {
                    match directory.resolve(address) {
                        Resolved::User(user_id) => self.withhold(user_id, line),
                        Resolved::Nobody => {}
                        Resolved::Several(users) => {
                            for (user_id, _) in users {
                                self.withhold(user_id, line);
                            }
                        }
                    }
                }
            }
            // It may well be a user with a mark too many.
            (Some(_), _) => {
                let undamaged = user_id::undamaged(named);
                if undamaged != named {
                    self.withhold_whoever(&undamaged, line);
                }
            }
        }
    }

    fn withhold(&mut self, user_id: &str, line: u32) {
        let (user, _) = self.users.intern(user_id, line);
        self.users.get_mut(user).withheld = true;
    }

    fn refuse(&mut self, line: u32, cells: &Cells<'_>, complaint: Complaint) {
        let user_id = cells.user.as_ref();
        self.withhold_whoever(user_id, line);
        let found = [&cells.user, &cells.codes];
        let external = cells.external.as_ref();
        let is_cut = found
            .into_iter()
            .chain(external)
            .any(|cell| cell.chars().nth(KEPT_CHARS).is_some());
        self.bad_rows.push(BadRow {
            is_cut,
            line,
            user: kept(user_id),
            codes: kept(&cells.codes),
            external: match cells.external.as_deref() {
                // So that the row means the same when it is imported again.
                None | Some("") => self.default_external.to_string(),
                Some(cell) => kept(cell),
            },
            complaint,
        });
    }
}

/// Whose the one e-mail address in a cell is.
fn resolve<'d>(directory: &'d Directory, cell: &str) -> Resolved<'d> {
    let mut addresses = user_id::emails(cell);
    match (addresses.next(), addresses.next()) {
        (Some(address), None) => directory.resolve(address),
        _ => Resolved::Nobody,
    }
}

/// A cell as it is kept with a bad row: cut where it is absurdly long.
fn kept(cell: &str) -> String {
    beginning(cell).to_owned()
}

fn beginning(cell: &str) -> &str {
    // No cell has more characters than bytes.
    if cell.len() <= KEPT_CHARS {
        return cell;
    }
    let end = cell.char_indices().nth(KEPT_CHARS);
    end.map_or(cell, |(end, _)| &cell[..end])
}

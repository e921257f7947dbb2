//! Folds rows into assignments, one for each user, wherever its rows stand.

use std::collections::HashMap;

use super::bad_row::{BadRow, Complaint};
use super::bundle_sets::{BundleSets, CodeIx};
use super::users::{UserIx, Users};
use super::{Assignments, Roster};
use crate::catalog;
use crate::input::{Cells, Columns, Row};
use crate::text::is_unprintable;
use crate::user_id::MAX_LENGTH;

/// How much of a bad row's cell is kept, in characters.
const KEPT_CHARS: usize = 1024;

/// Takes rows in the file's order, and gives the roster at the end.
#[derive(Debug)]
pub struct RosterBuilder {
    columns: Columns,
    default_external: bool,
    users: Users,
    sets: BundleSets,
    /// Codes as the file writes them.
    spellings: HashMap<String, CodeIx>,
    /// The codes of the row in hand.
    row_codes: Vec<CodeIx>,
    bad_rows: Vec<BadRow>,
    rows: u64,
}

/// What a good row asks for; its codes stand in `row_codes`.
struct Ask<'a> {
    user_id: &'a str,
    external: bool,
}

impl RosterBuilder {
    /// `default_external` is the external flag of a row that does not say.
    pub fn new(columns: Columns, default_external: bool) -> Self {
        Self {
            columns,
            default_external,
            users: Users::default(),
            sets: BundleSets::new(),
            spellings: HashMap::new(),
            row_codes: Vec::new(),
            bad_rows: Vec::new(),
            rows: 0,
        }
    }

    /// Adds a row: to its user's assignment, or to the bad rows; then the user that it names is withheld.
    pub fn add(&mut self, row: Row<'_>) {
        self.rows += 1;
        for suspect in &row.suspects {
            self.withhold(suspect, row.line);
        }
        let folded = match row.fault {
            Some(fault) => Err(fault.into()),
            None => self
                .judge(&row.cells)
                .and_then(|ask| self.fold(&ask, row.line)),
        };
        if let Err(complaint) = folded {
            self.refuse(row.line, &row.cells, complaint);
        }
    }

    /// The roster of all rows added.
    pub fn finish(self) -> Roster {
        let is_good = |user: &UserIx| !self.users.get(*user).withheld;
        let all = || (0..self.users.len()).map(UserIx::from_index);
        let withheld = all()
            .filter(|user| !is_good(user))
            .filter(|user| self.users.get(*user).set != BundleSets::EMPTY)
            .collect();
        let good = all().filter(is_good).count();
        Roster {
            assignments: Assignments {
                users: self.users,
                sets: self.sets,
            },
            withheld,
            good,
            bad_rows: self.bad_rows,
            rows: self.rows,
        }
    }

    fn judge<'a>(&mut self, cells: &'a Cells<'_>) -> Result<Ask<'a>, Complaint> {
        let user_id = cells.user.as_ref();
        let column = &self.columns.user.name;
        if user_id.is_empty() {
            return Err(Complaint::NoUser {
                column: column.clone(),
            });
        }
        check_user_id(user_id, column)?;
        let external = self.flag(cells.external.as_deref())?;
        self.read_codes(&cells.codes)?;
        Ok(Ask { user_id, external })
    }

    fn flag(&self, cell: Option<&str>) -> Result<bool, Complaint> {
        let (Some(cell), Some(column)) = (cell, &self.columns.external) else {
            return Ok(self.default_external);
        };
        match cell.to_ascii_lowercase().as_str() {
            "" => Ok(self.default_external),
            "true" | "yes" | "y" | "1" | "x" => Ok(true),
            "false" | "no" | "n" | "0" => Ok(false),
            _ => Err(Complaint::UnknownFlag {
                column: column.name.clone(),
                found: cell.to_owned(),
            }),
        }
    }

    fn read_codes(&mut self, cell: &str) -> Result<(), Complaint> {
        self.row_codes.clear();
        for written in cell.split([';', '|', ',']).map(str::trim) {
            if written.is_empty() {
                continue;
            }
            let code = match self.spellings.get(written) {
                Some(&known) => known,
                None => self.meet_code(written)?,
            };
            self.row_codes.push(code);
        }
        if self.row_codes.is_empty() {
            return Err(Complaint::NoCode {
                column: self.columns.codes.name.clone(),
            });
        }
        Ok(())
    }

    fn meet_code(&mut self, written: &str) -> Result<CodeIx, Complaint> {
        let entry = catalog::find(written).ok_or_else(|| Complaint::UnknownCode {
            column: self.columns.codes.name.clone(),
            found: kept(written),
            suggestion: catalog::suggest(written),
        })?;
        let code = self.sets.intern_code(entry.code);
        self.spellings.insert(written.to_owned(), code);
        Ok(code)
    }

    fn fold(&mut self, ask: &Ask<'_>, line: u32) -> Result<(), Complaint> {
        let (user, is_new) = self.users.intern(ask.user_id, line, ask.external);
        let user = self.users.get_mut(user);
        // A user without codes has only been named by bad rows, so no flag stands yet.
        if !is_new && user.set == BundleSets::EMPTY {
            user.external = ask.external;
        }
        if user.external != ask.external {
            return Err(Complaint::FlagConflict {
                here: ask.external,
                first_line: user.line,
            });
        }
        for &code in &self.row_codes {
            user.set = self.sets.join(user.set, code);
        }
        Ok(())
    }

    /// Whoever a bad row may name is not sent.
    fn withhold(&mut self, user_id: &str, line: u32) {
        if !user_id.is_empty() && check_user_id(user_id, "").is_ok() {
            let (user, _) = self.users.intern(user_id, line, self.default_external);
            self.users.get_mut(user).withheld = true;
        }
    }

    fn refuse(&mut self, line: u32, cells: &Cells<'_>, complaint: Complaint) {
        let user_id = cells.user.as_ref();
        self.withhold(user_id, line);
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

fn check_user_id(user_id: &str, column: &str) -> Result<(), Complaint> {
    let column = || column.to_owned();
    if user_id.len() > MAX_LENGTH {
        return Err(Complaint::UserTooLong { column: column() });
    }
    // Plain ASCII, which nearly every ID is, needs no look at each character.
    let is_plain = user_id.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    match user_id.chars().find(|&character| is_unprintable(character)) {
        Some(character) if !is_plain => Err(Complaint::UnprintableUser {
            column: column(),
            character,
        }),
        _ => Ok(()),
    }
}

/// A cell as it is kept with a bad row: cut where it is absurdly long.
fn kept(cell: &str) -> String {
    cell.chars().take(KEPT_CHARS).collect()
}

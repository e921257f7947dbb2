//! Judges rows: what a good one asks for, what is wrong with a bad one, and whom that may name.

use hashbrown::HashMap;

use crate::catalog::{self, Catalog};
use crate::directory::{Directory, Lookup};
use crate::input::{Cells, Columns, Row, parse_bool};
use crate::roster::bundle_sets::{CodeIndex, code_place};
use crate::roster::row_error::{BAD_ROW_MARK, BadRow, RowError};
use crate::roster::users::NamedBy;
use crate::roster::validated::{Ask, AskedCells, Block, Refused};
use crate::user_id::{self, InvalidId, UserKey};

/// How much of a bad row's cell is kept, in characters.
const KEPT_CHARS: usize = 1024;

/// Comes after everyone who has a priority.
pub const NO_PRIORITY: f64 = f64::INFINITY;

/// Judges each row by itself, but for what it says of the row above. It takes them in the file's order.
#[derive(Debug)]
pub struct RowValidator<'d> {
    columns: Columns,
    catalog: &'d Catalog,
    directory: Option<&'d Directory>,
    /// The external flag of a row that does not say.
    default_external: bool,
    /// A row without a code says that its user holds nothing.
    takes_nothing: bool,
    /// Every code, by its place: in the order in which the file first names them.
    codes: Vec<String>,
    spellings: HashMap<String, CodeIndex>,
    /// The codes of the row in hand.
    row_codes: Vec<CodeIndex>,
    /// What the last row that names a user has in the user's cell.
    last_named: String,
}

/// A user as a row names it.
#[derive(Clone, Copy)]
struct Named<'a> {
    user_id: &'a str,
    key: UserKey<'a>,
    by: NamedBy,
}

impl<'d> RowValidator<'d> {
    pub fn new(
        columns: Columns,
        catalog: &'d Catalog,
        directory: Option<&'d Directory>,
        default_external: bool,
        takes_nothing: bool,
    ) -> Self {
        Self {
            columns,
            catalog,
            directory,
            default_external,
            takes_nothing,
            codes: Vec::new(),
            spellings: HashMap::new(),
            row_codes: Vec::new(),
            last_named: String::new(),
        }
    }

    /// Every code, by its place.
    pub fn into_codes(self) -> Vec<String> {
        self.codes
    }

    /// Judges the next row, and adds it to the block.
    pub fn validate(&mut self, row: &Row<'_>, block: &mut Block) {
        match self.ask(row) {
            Ok(ask) => block.add(&ask, &self.row_codes),
            Err(complaint) => block.add_refused(Refused {
                row: bad_row(row.line, &row.cells, *complaint, self.default_external),
                named: self.named(row),
                suspects: self.suspects(row),
            }),
        }
        if !row.cells.user.is_empty() {
            self.last_named.clear();
            self.last_named.push_str(beginning(&row.cells.user));
        }
    }

    /// What a row asks for; its codes stand in `row_codes`.
    fn ask<'a>(&mut self, row: &'a Row<'_>) -> Result<Ask<'a>, Box<RowError>>
    where
        'd: 'a,
    {
        if let Some(unreadable) = &row.unreadable {
            return Err(Box::new(unreadable.error.clone().into()));
        }
        let (cells, line) = (&row.cells, row.line);
        let user = self.user(&cells.user, line)?;
        let external = self.flag(cells.external.as_deref(), line)?;
        let priority = self.priority(cells.priority.as_deref(), line)?;
        self.read_codes(&cells.codes, line)?;
        Ok(Ask {
            line,
            user_id: user.user_id,
            key: user.key,
            named_by: user.by,
            external,
            priority,
            cells: AskedCells {
                user: match user.by {
                    NamedBy::Id => "",
                    NamedBy::Email => &cells.user,
                },
                codes: &cells.codes,
                external: cells.external.as_deref().unwrap_or_default(),
            },
        })
    }

    fn user<'a>(&self, cell: &'a str, line: u32) -> Result<Named<'a>, RowError>
    where
        'd: 'a,
    {
        let place = || self.columns.location(&self.columns.user, line);
        if cell.is_empty() {
            return Err(RowError::MissingUser { place: place() });
        }
        let found = || kept(cell);
        let key = UserKey::of(cell);
        match (key.damage(), self.directory) {
            (None, _) => Ok(Named {
                user_id: cell,
                key,
                by: NamedBy::Id,
            }),
            (Some(InvalidId::Email), Some(directory)) => match resolve(directory, cell) {
                Lookup::Found(user_id) => Ok(Named {
                    user_id,
                    key: UserKey::of(user_id),
                    by: NamedBy::Email,
                }),
                Lookup::NotFound => Err(RowError::UnknownEmail {
                    place: place(),
                    found: found(),
                }),
                Lookup::Ambiguous(users) => Err(RowError::SharedEmail {
                    place: place(),
                    found: found(),
                    users: users
                        .into_iter()
                        .map(|(user, line)| (user.to_owned(), line))
                        .collect(),
                }),
            },
            (Some(damage), _) => Err(RowError::DamagedUser {
                place: place(),
                found: found(),
                damage,
            }),
        }
    }

    fn flag(&self, cell: Option<&str>, line: u32) -> Result<bool, RowError> {
        let (Some(cell), Some(column)) = (cell, &self.columns.external) else {
            return Ok(self.default_external);
        };
        if cell.is_empty() {
            return Ok(self.default_external);
        }
        parse_bool(cell).ok_or_else(|| RowError::UnknownFlag {
            place: self.columns.location(column, line),
            found: kept(cell),
        })
    }

    fn priority(&self, cell: Option<&str>, line: u32) -> Result<f64, RowError> {
        let (Some(cell), Some(column)) = (cell, &self.columns.priority) else {
            return Ok(NO_PRIORITY);
        };
        if cell.is_empty() {
            return Ok(NO_PRIORITY);
        }
        let number = cell.parse::<f64>().ok().filter(|number| number.is_finite());
        // Of the two zeros one would come before the other.
        let number = number.map(|number| number + 0.0);
        number.ok_or_else(|| RowError::UnknownPriority {
            place: self.columns.location(column, line),
            found: kept(cell),
        })
    }

    fn read_codes(&mut self, cell: &str, line: u32) -> Result<(), RowError> {
        self.row_codes.clear();
        if cell.starts_with(BAD_ROW_MARK) {
            return Err(RowError::Doubtful {
                place: self.columns.codes_location(line),
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
            return Err(RowError::MissingCode {
                place: self.columns.codes_location(line),
            });
        }
        Ok(())
    }

    fn meet_code(&mut self, written: &str, line: u32) -> Result<CodeIndex, RowError> {
        let code = self.catalog.find(written);
        let code = code.ok_or_else(|| RowError::UnknownCode {
            place: self.columns.codes_location(line),
            found: kept(written),
            suggestion: self.catalog.suggest(written).map(str::to_owned),
        })?;
        let code = code_place(&mut self.codes, code);
        self.spellings.insert(written.to_owned(), code);
        Ok(code)
    }

    /// The user IDs of all whom a row names where user IDs stand.
    fn named(&self, row: &Row<'_>) -> Vec<String> {
        let mut named = Vec::new();
        self.add_whoever(&row.cells.user, &mut named);
        named
    }

    /// The user IDs of all others whom a bad row may be about.
    fn suspects(&self, row: &Row<'_>) -> Vec<String> {
        let mut suspects = Vec::new();
        let in_doubt = row.unreadable.iter().flat_map(|row| &row.possible_users);
        for suspect in in_doubt {
            self.add_whoever(suspect, &mut suspects);
        }
        // Merged cells, and people, leave out what stands in the row above.
        if row.cells.user.is_empty() && !row.cells.codes.is_empty() {
            self.add_whoever(&self.last_named, &mut suspects);
        }
        suspects
    }

    /// Adds the user with this ID, or every user with this e-mail address.
    fn add_whoever(&self, named: &str, users: &mut Vec<String>) {
        match (user_id::validate(named), self.directory) {
            _ if named.is_empty() => {}
            (None, _) => users.push(named.to_owned()),
            (Some(InvalidId::Email), Some(directory)) => {
                for address in user_id::email_addresses(named) {
                    match directory.resolve(address) {
                        Lookup::Found(user_id) => users.push(user_id.to_owned()),
                        Lookup::NotFound => {}
                        Lookup::Ambiguous(several) => {
                            users.extend(several.iter().map(|(user_id, _)| (*user_id).to_owned()));
                        }
                    }
                }
            }
            // It may well be a user with a mark too many.
            (Some(_), _) => {
                let undamaged = user_id::repaired(named);
                if undamaged != named {
                    self.add_whoever(&undamaged, users);
                }
            }
        }
    }
}

/// A bad row as it is reported.
pub fn bad_row(
    line: u32,
    cells: &Cells<'_>,
    complaint: RowError,
    default_external: bool,
) -> BadRow {
    let found = [&cells.user, &cells.codes];
    let found = found.into_iter().chain(&cells.external);
    let is_cut = found
        .into_iter()
        .any(|cell| cell.chars().nth(KEPT_CHARS).is_some());
    BadRow {
        line,
        user: kept(&cells.user),
        codes: kept(&cells.codes),
        external: match cells.external.as_deref() {
            // So that the row means the same when it is imported again.
            None | Some("") => default_external.to_string(),
            Some(cell) => kept(cell),
        },
        is_cut,
        error: complaint,
    }
}

/// Whose the one e-mail address in a cell is.
fn resolve<'d>(directory: &'d Directory, cell: &str) -> Lookup<'d> {
    let mut addresses = user_id::email_addresses(cell);
    match (addresses.next(), addresses.next()) {
        (Some(address), None) => directory.resolve(address),
        _ => Lookup::NotFound,
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

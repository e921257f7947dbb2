//! Validates rows: what a good row requests, what is wrong with a bad one, and the users that a bad one may be about.

use hashbrown::HashMap;

use crate::catalog::{Catalog, CellError, Removal};
use crate::directory::{Directory, Lookup};
use crate::input::{CellLocation, Cells, CodeColumns, Columns, Row, parse_bool};
use crate::roster::bundle_sets::{CodeIndex, code_place};
use crate::roster::row_error::{BAD_ROW_MARK, BadRow, RowError};
use crate::roster::users::UserId;
use crate::roster::validated::{
    Block, CodeCell, OtherCells, RejectedRow, RowRequest, ValidatedRow,
};
use crate::user_id::{self, InvalidId};

/// How much of a bad row's cell is kept, in characters.
const KEPT_CHARS: usize = 1024;

/// Sorts after every priority.
pub const NO_PRIORITY: f64 = f64::INFINITY;

/// A user that a cell names.
struct NamedUser<'a> {
    user_id: UserId<'a>,
    /// The cell has its e-mail address.
    is_address: bool,
}

/// How rows are validated.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowOptions {
    /// The external flag of a row without one.
    pub default_external: bool,
    /// A row without a code says that its user has nothing.
    pub allows_empty: bool,
    /// A row may take everything from its user.
    pub allows_removal: bool,
}

/// Validates each row by itself, except for what it takes from the row above. It takes rows in the file's order.
#[derive(Debug)]
pub struct RowValidator<'d> {
    columns: Columns,
    catalog: &'d Catalog,
    directory: Option<&'d Directory>,
    options: RowOptions,
    /// Every code, by its index: in the order in which the file first names them.
    codes: Vec<String>,
    /// The index of each cell of codes that is good.
    code_cells: HashMap<Box<str>, usize>,
    /// The user's cell of the last row that has one.
    last_user: String,
}

impl<'d> RowValidator<'d> {
    pub fn new(
        columns: Columns,
        catalog: &'d Catalog,
        directory: Option<&'d Directory>,
        options: RowOptions,
    ) -> Self {
        Self {
            columns,
            catalog,
            directory,
            options,
            codes: Vec::new(),
            code_cells: HashMap::new(),
            last_user: String::new(),
        }
    }

    /// Every code, by its index.
    pub fn into_codes(self) -> Vec<String> {
        self.codes
    }

    /// Validates the next row, and adds it to the block.
    pub fn validate(&mut self, row: &Row<'_>, block: &mut Block) {
        match self.request(row, block) {
            Ok(request) => block.rows.push(ValidatedRow::Good(request)),
            Err(error) => block.rows.push(ValidatedRow::Bad(Box::new(RejectedRow {
                row: bad_row(row.line, &row.cells, error, self.options.default_external),
                named: self.named_users(row),
                possible: self.possible_users(row),
            }))),
        }
        if !row.cells.user.is_empty() {
            self.last_user.clear();
            self.last_user.push_str(truncate(&row.cells.user));
        }
    }

    fn request(&mut self, row: &Row<'_>, block: &mut Block) -> Result<RowRequest, RowError> {
        if let Some(unreadable) = &row.unreadable {
            return Err(unreadable.error.clone().into());
        }
        let (cells, line) = (&row.cells, row.line);
        let NamedUser {
            user_id,
            is_address,
        } = self.user(&cells.user, line)?;
        Ok(RowRequest {
            line,
            user_id: user_id.into(),
            external: self.flag(cells.external.as_deref(), line)?,
            priority: self.priority(cells.priority.as_deref(), line)?,
            codes: self.code_cell(&cells.codes, line, block)?,
            cells: OtherCells::of(cells, is_address),
        })
    }

    fn user<'a>(&self, cell: &'a str, line: u32) -> Result<NamedUser<'a>, RowError>
    where
        'd: 'a,
    {
        let place = || self.columns.location(&self.columns.user, line);
        if cell.is_empty() {
            return Err(RowError::MissingUser { place: place() });
        }
        let user_id = UserId::from(cell);
        match (user_id.key().damage(), self.directory) {
            (None, _) => Ok(NamedUser {
                user_id,
                is_address: false,
            }),
            (Some(InvalidId::Email), Some(directory)) => {
                let user_id = self.user_by_email(directory, cell, line)?;
                Ok(NamedUser {
                    user_id: UserId::from(user_id),
                    is_address: true,
                })
            }
            (Some(damage), _) => Err(RowError::DamagedUser {
                place: place(),
                found: truncated(cell),
                damage,
            }),
        }
    }

    fn user_by_email(
        &self,
        directory: &'d Directory,
        cell: &str,
        line: u32,
    ) -> Result<&'d str, RowError> {
        let place = self.columns.location(&self.columns.user, line);
        let found = truncated(cell);
        // Only what may be an address marks the users of a bad row, so nothing else may name a user.
        let address = user_id::email_address(cell);
        match address.map_or(Lookup::NotFound, |address| directory.resolve(address)) {
            Lookup::Found(user_id) => Ok(user_id),
            Lookup::NotFound => Err(RowError::UnknownEmail {
                place,
                suggestion: directory.suggest(&found).map(str::to_owned),
                found,
            }),
            Lookup::Ambiguous(users) => Err(RowError::SharedEmail {
                place,
                found,
                users: users
                    .into_iter()
                    .map(|(user, line)| (user.to_owned(), line))
                    .collect(),
            }),
        }
    }

    fn flag(&self, cell: Option<&str>, line: u32) -> Result<bool, RowError> {
        let (Some(cell), Some(column)) = (cell, &self.columns.external) else {
            return Ok(self.options.default_external);
        };
        if cell.is_empty() {
            return Ok(self.options.default_external);
        }
        parse_bool(cell).ok_or_else(|| RowError::UnknownFlag {
            place: self.columns.location(column, line),
            found: truncated(cell),
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
        // -0 becomes 0: in the total order one would come before the other.
        let number = number.map(|number| number + 0.0);
        number.ok_or_else(|| RowError::UnknownPriority {
            place: self.columns.location(column, line),
            found: truncated(cell),
        })
    }

    /// The index of a cell of codes. A text that the file has had before costs a single look-up.
    fn code_cell(&mut self, cell: &str, line: u32, block: &mut Block) -> Result<usize, RowError> {
        if let Some(&known) = self.code_cells.get(cell) {
            return Ok(known);
        }
        let removal = Removal::parse(cell).filter(|_| !self.options.allows_empty);
        let codes = match removal {
            Some(removal) => vec![self.removal_code(removal, line)?],
            None => self.read_codes(cell, line)?,
        };
        let index = self.code_cells.len();
        self.code_cells.insert(cell.into(), index);
        block.new_code_cells.push(CodeCell {
            text: cell.into(),
            codes: codes.into(),
            is_removal: removal.is_some(),
        });
        Ok(index)
    }

    /// What stands in place of a code for a removal.
    fn removal_code(&mut self, removal: Removal, line: u32) -> Result<CodeIndex, RowError> {
        if !self.options.allows_removal {
            let place = self.columns.codes_location(line);
            return Err(RowError::RemovalNotAllowed { place, removal });
        }
        Ok(code_place(&mut self.codes, removal.name()))
    }

    fn read_codes(&mut self, cell: &str, line: u32) -> Result<Vec<CodeIndex>, RowError> {
        let place = || self.columns.codes_location(line);
        if cell.starts_with(BAD_ROW_MARK) {
            return Err(RowError::MarkedAsBad { place: place() });
        }
        let codes = self.catalog.codes_in(cell);
        let codes = codes.map_err(|error| unreadable_codes(error, place()))?;
        let codes: Vec<_> = codes
            .iter()
            .map(|code| code_place(&mut self.codes, code))
            .collect();
        if codes.is_empty() && !self.options.allows_empty {
            return Err(RowError::MissingCode { place: place() });
        }
        Ok(codes)
    }

    /// The users that a bad row names in the user column.
    fn named_users(&self, row: &Row<'_>) -> Vec<String> {
        let mut users = Vec::new();
        self.add_users(&row.cells.user, &mut users);
        users
    }

    /// All other users that a bad row may be about.
    fn possible_users(&self, row: &Row<'_>) -> Vec<String> {
        let mut users = Vec::new();
        let possible = row.unreadable.iter().flat_map(|row| &row.possible_users);
        for cell in possible {
            self.add_users(cell, &mut users);
        }
        // Merged cells leave the user's cell empty below the first row, and so do people.
        let unreadable = row.unreadable.as_ref();
        let is_about_a_user = unreadable.is_none_or(|row| row.error.is_about_a_user());
        let has_codes = match &self.columns.codes {
            CodeColumns::Lists(_) | CodeColumns::Wide(_) => !row.cells.codes.is_empty(),
            CodeColumns::Same(_) => false,
        };
        if is_about_a_user && row.cells.user.is_empty() && has_codes {
            self.add_users(&self.last_user, &mut users);
        }
        users
    }

    /// Adds the user with the ID in a cell, or every user with an e-mail address in it.
    fn add_users(&self, cell: &str, users: &mut Vec<String>) {
        match (user_id::validate(cell), self.directory) {
            _ if cell.is_empty() => {}
            (None, _) => users.push(cell.to_owned()),
            (Some(InvalidId::Email), Some(directory)) => {
                for address in user_id::email_addresses(cell) {
                    match directory.resolve(address) {
                        Lookup::Found(user_id) => users.push(user_id.to_owned()),
                        Lookup::NotFound => {}
                        Lookup::Ambiguous(several) => {
                            users.extend(several.iter().map(|(user_id, _)| (*user_id).to_owned()));
                        }
                    }
                }
            }
            (Some(InvalidId::Several), _) => {
                for one in user_id::several(cell).unwrap_or_default() {
                    self.add_users(one, users);
                }
            }
            // The ID may be good but for characters around it.
            (Some(_), _) => {
                let repaired = user_id::repaired(cell);
                if repaired != cell {
                    self.add_users(&repaired, users);
                }
            }
        }
    }
}

/// Checks codes that every user is to get, as those of a row are checked. Gives them as a cell lists them.
///
/// # Errors
/// What is wrong with them, in the flag `--codes`.
pub fn check_same_codes(
    codes: &str,
    catalog: &Catalog,
    allows_removal: bool,
) -> Result<String, RowError> {
    let place = CellLocation::flag("codes");
    if let Some(removal) = Removal::parse(codes) {
        let error = RowError::RemovalNotAllowed { place, removal };
        return allows_removal
            .then(|| removal.name().to_owned())
            .ok_or(error);
    }
    match catalog.codes_in(codes) {
        Ok(codes) if codes.is_empty() => Err(RowError::MissingCode { place }),
        Ok(codes) => {
            let mut once = Vec::new();
            for code in &codes {
                code_place(&mut once, code);
            }
            Ok(once.join(";"))
        }
        Err(error) => Err(unreadable_codes(error, place)),
    }
}

/// A bad row for the report.
pub fn bad_row(line: u32, cells: &Cells<'_>, error: RowError, default_external: bool) -> BadRow {
    let texts = [&cells.user, &cells.codes]
        .into_iter()
        .chain(&cells.external);
    let is_cut = { texts }.any(|cell| truncate(cell).len() < cell.len());
    BadRow {
        line,
        user: truncated(&cells.user),
        codes: truncated(&cells.codes),
        external: match cells.external.as_deref() {
            // The row means the same when it is imported again.
            None | Some("") => default_external.to_string(),
            Some(cell) => truncated(cell),
        },
        is_cut,
        error,
    }
}

fn unreadable_codes(error: CellError, place: CellLocation) -> RowError {
    match error {
        CellError::Unknown { found, suggestion } => RowError::UnknownCode {
            place,
            found: truncated(&found),
            suggestion,
        },
        CellError::Ambiguous { found, products } => RowError::AmbiguousCode {
            place,
            found: truncated(&found),
            products,
        },
        CellError::Quantity { found } => RowError::Quantity {
            place,
            found: truncated(&found),
        },
    }
}

/// A cell as it is kept with a bad row: the first [`KEPT_CHARS`] characters.
fn truncated(cell: &str) -> String {
    truncate(cell).to_owned()
}

fn truncate(cell: &str) -> &str {
    // No cell has more characters than bytes.
    if cell.len() <= KEPT_CHARS {
        return cell;
    }
    let end = cell.char_indices().nth(KEPT_CHARS);
    end.map_or(cell, |(end, _)| &cell[..end])
}

//! Rows after validation, on their way from the thread that reads them to the one that assembles the roster.

use super::bundle_sets::CodeIndex;
use super::row_error::BadRow;
use super::users::UserId;
use crate::input::Cells;

/// Consecutive rows of a file.
#[derive(Debug, Default)]
pub struct Block {
    pub rows: Vec<ValidatedRow>,
    /// The cells of codes that the file has for the first time in these rows, in the order of their indices.
    pub new_code_cells: Vec<CodeCell>,
}

#[derive(Debug)]
pub enum ValidatedRow {
    Good(RowRequest),
    Bad(Box<RejectedRow>),
}

impl ValidatedRow {
    pub fn good(&self) -> Option<&RowRequest> {
        match self {
            Self::Good(request) => Some(request),
            Self::Bad(_) => None,
        }
    }
}

/// The codes that a good row requests for its user, and its cells, in case another row of the user contradicts it.
#[derive(Debug)]
pub struct RowRequest {
    pub line: u32,
    pub user_id: OwnedId,
    /// The index of the row's cell of codes: most rows share few different texts.
    pub codes: usize,
    pub external: bool,
    pub priority: f64,
    /// Cells that do not follow from the fields above; `None` in most rows.
    pub cells: Option<Box<OtherCells>>,
}

/// A GUID in its usual spelling costs no allocation.
#[derive(Debug)]
pub enum OwnedId {
    Guid(u128),
    Text(Box<str>),
}

/// A text in a cell of codes, and the codes that it names.
#[derive(Debug)]
pub struct CodeCell {
    pub text: Box<str>,
    pub codes: Box<[CodeIndex]>,
    /// The text asks for a removal in place of codes.
    pub is_removal: bool,
}

/// Cells as the file has them.
#[derive(Debug, Default)]
pub struct OtherCells {
    /// The e-mail address, where the row names its user by one.
    pub user: Option<String>,
    /// The external flag, where the file has such a column.
    pub external: Option<String>,
}

/// A bad row, and the IDs of all users that it may be about: they are skipped.
#[derive(Debug)]
pub struct RejectedRow {
    pub row: BadRow,
    /// Users that it names in the user column.
    pub named: Vec<String>,
    /// Users that it may be about.
    pub possible: Vec<String>,
}

impl From<UserId<'_>> for OwnedId {
    fn from(user_id: UserId<'_>) -> Self {
        match user_id {
            UserId::Guid(guid) => Self::Guid(guid),
            UserId::Text(text) => Self::Text(text.into()),
        }
    }
}

impl OtherCells {
    /// `names_by_email` says whether the user's cell has its e-mail address.
    pub fn of(cells: &Cells<'_>, names_by_email: bool) -> Option<Box<Self>> {
        let user = names_by_email.then(|| cells.user.to_string());
        let external = cells.external.as_ref().map(ToString::to_string);
        let has_any = user.is_some() || external.is_some();
        has_any.then(|| Box::new(Self { user, external }))
    }
}

impl RowRequest {
    pub fn user_id(&self) -> UserId<'_> {
        match &self.user_id {
            OwnedId::Guid(guid) => UserId::Guid(*guid),
            OwnedId::Text(text) => UserId::Text(text),
        }
    }
}

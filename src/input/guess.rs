//! Which columns hold users and codes by their content, where the header does not name them. It is for hints and for a
//! question: no column is read by it without an answer or a flag.

use crate::catalog::Catalog;
use crate::input::columns::NamedColumns;
use crate::input::format::{ColumnChoice, Format};
use crate::input::record::Record;
use crate::sanitize::{printable, shell_quote_text};
use crate::user_id::{UserKey, email_address};

/// The longest name or example of a column, in characters.
const SHOWN_CHARS: usize = 40;

/// A column, and what its cells hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuessedColumn {
    /// From 1.
    pub number: usize,
    /// Empty if the header has no name there.
    pub name: String,
    /// The first cell of this kind.
    pub example: String,
}

/// Where the names of the columns may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderPlace {
    /// In the first record.
    First,
    /// On this line, from 1: other records stand above it.
    Line(u32),
    /// Nowhere: the first record is a row.
    Nowhere,
}

/// What the columns of a file may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnGuess {
    pub place: HeaderPlace,
    /// The names in the header, or the cells of the first row in a file without one.
    pub header: String,
    /// Columns of user IDs or e-mail addresses; empty if the user column is known.
    pub users: Vec<GuessedColumn>,
    /// Columns of codes; empty if their column is known.
    pub codes: Vec<GuessedColumn>,
    /// No column is known to hold codes, and none seems to.
    pub lacks_codes: bool,
}

/// What most cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Users,
    Codes,
}

/// The header, as far as the rows below it show.
pub struct LikelyHeader<'r> {
    place: HeaderPlace,
    /// The first row, where there is no header.
    pub record: &'r Record,
    /// The index of the first row among the records.
    first_row: usize,
}

impl<'r> LikelyHeader<'r> {
    /// Looks for the first row of users and codes, or else of users. `None` if there is none.
    pub fn find(records: &[&'r Record], format: &Format, catalog: &Catalog) -> Option<Self> {
        let holds = |record: &Record, kind| {
            let mut fields = record.fields.iter();
            fields.any(|field| content(field, catalog) == Some(kind))
        };
        let holds_users = |record: &&Record| holds(record, Content::Users);
        let holds_both = |record: &&Record| holds_users(record) && holds(record, Content::Codes);
        let first = { records.iter() }.position(holds_both);
        let first_row = first.or_else(|| records.iter().position(holds_users))?;
        let (place, record) = match first_row.checked_sub(1).filter(|_| format.has_header) {
            None => (HeaderPlace::Nowhere, records[first_row]),
            Some(0) => (HeaderPlace::First, records[0]),
            Some(above) => (HeaderPlace::Line(records[above].line), records[above]),
        };
        Some(Self {
            place,
            record,
            first_row,
        })
    }
}

impl ColumnGuess {
    /// Looks at the records below a header. `None` if no column holds what is missing.
    pub fn of(
        header: &LikelyHeader<'_>,
        records: &[&Record],
        format: &Format,
        catalog: &Catalog,
    ) -> Option<Self> {
        let content = |record: &Record, column| content(record.field(column), catalog);
        let rows = &records[header.first_row..];
        let (place, header) = (header.place, header.record);
        let columns = |kind: Content| -> Vec<GuessedColumn> {
            let columns = 0..rows[0].fields.len();
            let holds = |&column: &usize| is_mostly(rows, |row| content(row, column) == Some(kind));
            let guessed = |column| GuessedColumn {
                number: column + 1,
                name: match place {
                    HeaderPlace::Nowhere => String::new(),
                    HeaderPlace::First | HeaderPlace::Line(_) => text(header.field(column)),
                },
                example: text(rows[0].field(column)),
            };
            columns.filter(holds).map(guessed).collect()
        };
        let named = NamedColumns::of(&header.fields, format);
        let names: Vec<_> = header.fields.iter().map(text).collect();
        let unless = |is_named: bool, kind| {
            let columns = (!is_named).then(|| columns(kind));
            columns.unwrap_or_default()
        };
        let codes = unless(named.codes, Content::Codes);
        let guess = Self {
            place,
            header: printable(&names.join(", "), 200),
            users: unless(named.user, Content::Users),
            lacks_codes: !named.codes && codes.is_empty(),
            codes,
        };
        let is_useful = !guess.users.is_empty()
            || !guess.codes.is_empty()
            || (guess.lacks_codes && place == HeaderPlace::Nowhere);
        is_useful.then_some(guess)
    }

    /// The format that reads these columns. `None` if it is not clear which column names the users.
    pub fn apply(&self, format: &Format) -> Option<Format> {
        if self.users.len() > 1 {
            return None;
        }
        let choice = |column: &GuessedColumn| ColumnChoice(column.number.to_string());
        let mut format = format.clone();
        match self.place {
            HeaderPlace::First => {}
            HeaderPlace::Line(line) => format.header_row = Some(line),
            HeaderPlace::Nowhere => format.has_header = false,
        }
        if let Some(user) = self.users.first() {
            format.user_column = Some(choice(user));
        }
        if !self.codes.is_empty() {
            format.code_columns = self.codes.iter().map(choice).collect();
        }
        Some(format)
    }

    /// What the columns hold, in a sentence without its end.
    pub fn text(&self) -> String {
        let users = self.users.iter().map(|column| (column, "users"));
        let codes = self.codes.iter().map(|column| (column, "bundle codes"));
        let all = users.chain(codes);
        let texts = all.map(|(column, kind)| format!("{} holds {kind}", column.text()));
        let lack = self
            .lacks_codes
            .then(|| "no column holds bundle codes".to_owned());
        let texts: Vec<_> = texts.chain(lack).collect();
        texts.join(", ")
    }

    /// The flags that choose these columns.
    pub fn flags(&self) -> String {
        let mut flags = Vec::new();
        match self.place {
            HeaderPlace::First => {}
            HeaderPlace::Line(line) => flags.push(format!("--header-row {line}")),
            HeaderPlace::Nowhere => flags.push("--no-headers".to_owned()),
        }
        let users = self.users.iter().take(1);
        flags.extend(users.map(|column| format!("--user-column {}", column.argument())));
        let codes = self.codes.iter();
        flags.extend(codes.map(|column| format!("--code-column {}", column.argument())));
        if self.lacks_codes {
            flags.push("--codes CODE".to_owned());
        }
        flags.join(" ")
    }
}

impl GuessedColumn {
    pub fn text(&self) -> String {
        match self.name.as_str() {
            "" => format!("column {}", self.number),
            name => format!("column {} \"{name}\"", self.number),
        }
    }

    /// The column as it is typed: by its name, if that is plain.
    fn argument(&self) -> String {
        if self.name.is_empty() || self.name.ends_with('…') || self.name.contains('\\') {
            return self.number.to_string();
        }
        shell_quote_text(&self.name)
    }
}

fn text(cell: &[u8]) -> String {
    printable(String::from_utf8_lossy(cell).trim(), SHOWN_CHARS)
}

fn content(cell: &[u8], catalog: &Catalog) -> Option<Content> {
    let cell = std::str::from_utf8(cell).ok()?.trim();
    if catalog.is_list(cell) {
        Some(Content::Codes)
    } else {
        names_user(cell).then_some(Content::Users)
    }
}

/// Whether a column lists codes in at least half of the rows in which it has anything.
pub fn lists_codes(rows: &[&Record], column: usize, catalog: &Catalog) -> bool {
    let is_filled = |row: &&Record| !row.field(column).trim_ascii().is_empty();
    let filled: Vec<_> = rows.iter().copied().filter(is_filled).collect();
    let lists_codes = |row: &Record| content(row.field(column), catalog) == Some(Content::Codes);
    !filled.is_empty() && is_mostly(&filled, lists_codes)
}

/// Whether a cell is a GUID or an e-mail address.
pub fn names_user(cell: &str) -> bool {
    matches!(UserKey::of(cell), UserKey::Guid(_)) || email_address(cell) == Some(cell)
}

/// Whether at least half of the rows fit.
fn is_mostly(rows: &[&Record], fits: impl Fn(&Record) -> bool) -> bool {
    let fitting = rows.iter().filter(|row| fits(row)).count();
    fitting * 2 >= rows.len()
}

//! The first record of a file: which of its columns is the one that is wanted.

use csv::ByteRecord;

use super::{ColumnChoice, InputError, MAX_COLUMNS};
use crate::sanitize::printable;

/// What a column can hold, and the names that say so once case, blanks, `_` and `-` are gone.
pub struct ColumnSpec {
    pub what: &'static str,
    /// The flag that chooses it, if one does.
    pub flag: Option<&'static str>,
    /// A name that will do, as the service writes it.
    pub example: &'static str,
    pub names: &'static [&'static str],
}

/// A column: where it stands, from 0, and its name as the file writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The place in a record, from 0.
    pub at: usize,
    /// The name in the header, if there is one.
    pub name: Option<String>,
}

/// The names that a first record gives, or how many columns it has.
pub struct Header {
    pub names: Option<Vec<String>>,
    pub count: usize,
}

impl Header {
    pub fn new(first: &ByteRecord, has_header: bool) -> Result<Self, InputError> {
        let names: Vec<String> = first
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_owned())
            .collect();
        // Delimiters at the end of lines make columns that nobody meant.
        let count = match has_header {
            true => names
                .iter()
                .rposition(|name| !name.is_empty())
                .map_or(0, |last| last + 1),
            false => names.len(),
        };
        if count > MAX_COLUMNS {
            return Err(InputError::TooManyColumns);
        }
        Ok(Self {
            names: has_header.then_some(names),
            count,
        })
    }

    pub fn shown(&self) -> Option<String> {
        let names = self.names.as_ref()?;
        Some(printable(&names[..self.count].join(", "), 200))
    }

    pub fn column(&self, at: usize) -> Column {
        let name = self.names.as_ref().map(|names| names[at].clone());
        Column { at, name }
    }

    /// The column that was chosen, or else the one that is named so.
    pub fn choose(
        &self,
        wanted: &ColumnSpec,
        choice: Option<&ColumnChoice>,
    ) -> Result<Option<Column>, InputError> {
        let Some(ColumnChoice(choice)) = choice else {
            return self.one_of(wanted, |name| wanted.names.contains(&name));
        };
        let name = plain(choice);
        if let Some(column) = self.one_of(wanted, |other| other == name)? {
            return Ok(Some(column));
        }
        match choice.trim().parse::<usize>() {
            Ok(number) if (1..=self.count).contains(&number) => Ok(Some(self.column(number - 1))),
            _ => Err(InputError::NoSuchColumn {
                name: printable(choice, 60),
                flag: wanted.flag.unwrap_or_default(),
                header: self.shown(),
            }),
        }
    }

    /// The one column whose plain name will do.
    fn one_of(
        &self,
        wanted: &ColumnSpec,
        will_do: impl Fn(&str) -> bool,
    ) -> Result<Option<Column>, InputError> {
        let names = self.names.iter().flatten().enumerate();
        let mut found = names.filter(|(_, name)| will_do(&plain(name)));
        let (first, second) = (found.next(), found.next());
        if let (Some((first_at, first)), Some((second_at, second))) = (first, second) {
            return Err(two_columns(
                wanted.what.to_owned(),
                wanted.flag,
                (first_at, first),
                (second_at, second),
            ));
        }
        Ok(first.map(|(at, _)| self.column(at)))
    }

    pub fn missing(&self, wanted: &ColumnSpec) -> InputError {
        match self.shown() {
            Some(header) => InputError::NoColumn {
                what: wanted.what,
                example: wanted.example,
                flag: wanted.flag,
                header,
                only_one: self.count == 1,
            },
            None => InputError::MissingColumnNumbers,
        }
    }
}

pub fn two_columns(
    what: String,
    flag: Option<&'static str>,
    (first_at, first): (usize, &str),
    (second_at, second): (usize, &str),
) -> InputError {
    InputError::AmbiguousColumn {
        what,
        flag,
        first: printable(first, 60),
        first_at: first_at + 1,
        second: printable(second, 60),
        second_at: second_at + 1,
    }
}

/// A header name without what people write in many ways.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|character| !character.is_whitespace() && !matches!(character, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

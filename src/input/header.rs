//! The first record of a file, and which of its columns is of which kind.

use csv::ByteRecord;

use crate::input::column::{Column, ColumnSpec, bracketed_name, normalized_name};
use crate::input::error::InputError;
use crate::input::format::ColumnChoice;
use crate::input::limits::MAX_COLUMNS;
use crate::sanitize::{is_unprintable, printable};

/// The columns of a file.
pub struct Header {
    /// `None` if the first record is a row.
    names: Option<Vec<String>>,
    pub count: usize,
}

impl Header {
    pub fn new(first: &ByteRecord, has_header: bool) -> Result<Self, InputError> {
        let mut names: Vec<String> = first
            .iter()
            .map(|name| visible(&String::from_utf8_lossy(name)))
            .collect();
        if has_header {
            // Delimiters at the end of a line make columns without names.
            let last = names.iter().rposition(|name| !name.is_empty());
            names.truncate(last.map_or(0, |last| last + 1));
        }
        let count = names.len();
        if count > MAX_COLUMNS {
            return Err(InputError::TooManyColumns);
        }
        Ok(Self {
            names: has_header.then_some(names),
            count,
        })
    }

    /// The names on one line, for messages.
    pub fn text(&self) -> Option<String> {
        let names = self.names.as_ref()?;
        Some(printable(&names.join(", "), 200))
    }

    /// Every named column, with its name.
    pub fn named(&self) -> impl Iterator<Item = (usize, &str)> {
        let names = self.names.iter().flatten().map(String::as_str).enumerate();
        names.filter(|(_, name)| !name.is_empty())
    }

    pub fn column(&self, index: usize) -> Column {
        let name = self.names.as_ref().map(|names| names[index].clone());
        Column { index, name }
    }

    /// The column that is chosen, or else the one with a name of the kind.
    pub fn find(
        &self,
        spec: &'static ColumnSpec,
        choice: Option<&ColumnChoice>,
    ) -> Result<Option<Column>, InputError> {
        let Some(ColumnChoice(choice)) = choice else {
            return self.find_by_name(spec);
        };
        let chosen_name = normalized_name(choice);
        if let Some(column) = self.find_unique(spec, |name| normalized_name(name) == chosen_name)? {
            return Ok(Some(column));
        }
        match choice.trim().parse::<usize>() {
            Ok(number) if (1..=self.count).contains(&number) => Ok(Some(self.column(number - 1))),
            _ => Err(InputError::NoSuchColumn {
                name: printable(choice, 60),
                flag: spec.flag.unwrap_or_default(),
                header: self.text(),
            }),
        }
    }

    /// The column with a name of the kind: as it stands, or else in brackets; an alias, or else a fallback.
    fn find_by_name(&self, spec: &'static ColumnSpec) -> Result<Option<Column>, InputError> {
        for names in [spec.aliases, spec.fallbacks] {
            let is_whole = |name: &str| names.contains(&normalized_name(name).as_str());
            let is_part = |name: &str| {
                let part = bracketed_name(name);
                part.is_some_and(|part| names.contains(&part.as_str()))
            };
            let found = match self.find_unique(spec, is_whole)? {
                None => self.find_unique(spec, is_part)?,
                found => found,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The only column with a name that matches.
    fn find_unique(
        &self,
        spec: &ColumnSpec,
        matches: impl Fn(&str) -> bool,
    ) -> Result<Option<Column>, InputError> {
        let found = self.named().filter(|(_, name)| matches(name));
        let mut found = found.map(|(index, _)| self.column(index));
        match (found.next(), found.next()) {
            (Some(first), Some(second)) => {
                Err(ambiguous_column(spec.label, spec.flag, &first, &second))
            }
            (first, _) => Ok(first),
        }
    }

    /// The error that a column of this kind is missing.
    pub fn missing_column(&self, spec: &'static ColumnSpec) -> InputError {
        let Some(header) = self.text() else {
            return InputError::MissingColumnNumbers;
        };
        let is_candidate = |name: &str| spec.candidates.contains(&normalized_name(name).as_str());
        let mut candidates = self.named().filter(|(_, name)| is_candidate(name));
        InputError::MissingColumn {
            spec,
            header,
            candidate: candidates.next().map(|(_, name)| printable(name, 60)),
            is_only_column: self.count == 1,
        }
    }
}

/// A name without invisible characters, which programs leave in it.
fn visible(name: &str) -> String {
    let is_visible = |&character: &char| {
        character.is_control() || character == '\u{fffd}' || !is_unprintable(character)
    };
    name.chars()
        .filter(is_visible)
        .collect::<String>()
        .trim()
        .to_owned()
}

pub fn ambiguous_column(
    label: impl Into<String>,
    flag: Option<&'static str>,
    first: &Column,
    second: &Column,
) -> InputError {
    let text = |column: &Column| {
        let name = column.name.as_deref().unwrap_or_default();
        format!("\"{}\" (column {})", printable(name, 60), column.index + 1)
    };
    InputError::AmbiguousColumn {
        label: label.into(),
        flag,
        first: text(first),
        second: text(second),
        second_number: second.index + 1,
    }
}

//! A column of a file, and the names by which each kind of column is recognised.

/// A column: its index in a record, from 0, and its name as the file writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub index: usize,
    /// `None` in a file without a header.
    pub name: Option<String>,
}

/// A kind of column, such as the user ID, and how to recognise it.
#[derive(Debug, PartialEq, Eq)]
pub struct ColumnSpec {
    pub label: &'static str,
    /// The name that the service uses.
    pub example: &'static str,
    /// Every name that is recognised, [normalized](normalized_name).
    pub aliases: &'static [&'static str],
    /// The flag that chooses the column, without `--`.
    pub flag: Option<&'static str>,
    /// Names that are recognised where the header has no alias, [normalized](normalized_name).
    pub fallbacks: &'static [&'static str],
    /// Names that are too vague to be recognised, and worth suggesting, [normalized](normalized_name).
    pub candidates: &'static [&'static str],
}

impl ColumnSpec {
    pub const fn new(
        label: &'static str,
        example: &'static str,
        aliases: &'static [&'static str],
    ) -> Self {
        Self {
            label,
            example,
            aliases,
            flag: None,
            fallbacks: &[],
            candidates: &[],
        }
    }

    pub const fn with_fallbacks(self, fallbacks: &'static [&'static str]) -> Self {
        Self { fallbacks, ..self }
    }

    pub const fn with_flag(self, flag: &'static str) -> Self {
        Self {
            flag: Some(flag),
            ..self
        }
    }

    pub const fn with_candidates(self, candidates: &'static [&'static str]) -> Self {
        Self { candidates, ..self }
    }
}

/// A column's name in lower case, without white space, `_` and `-`.
pub fn normalized_name(name: &str) -> String {
    name.chars()
        .filter(|character| !character.is_whitespace() && !matches!(character, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

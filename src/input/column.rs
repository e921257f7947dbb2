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
    /// The flag that chooses the column, without `--`.
    pub flag: Option<&'static str>,
    /// The name that the service uses.
    pub example: &'static str,
    /// Every name that is recognised, [normalized](normalized_name).
    pub aliases: &'static [&'static str],
    /// Names that are too vague to be recognised, and worth suggesting, [normalized](normalized_name).
    pub candidates: &'static [&'static str],
}

/// A column's name in lower case, without white space, `_` and `-`.
pub fn normalized_name(name: &str) -> String {
    name.chars()
        .filter(|character| !character.is_whitespace() && !matches!(character, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

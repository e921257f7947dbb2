//! A column of a file, and the names by which each kind of column is recognised.

use crate::sanitize::is_unprintable;

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

/// A column's name in lower case, without white space, `_`, `-` and invisible characters.
pub fn normalized_name(name: &str) -> String {
    let is_part = |character: &char| {
        !character.is_whitespace()
            && !matches!(character, '_' | '-' | '\u{2010}'..='\u{2015}')
            && !is_unprintable(*character)
    };
    let kept = name.chars().filter(is_part);
    kept.flat_map(char::to_lowercase).collect()
}

/// What may stand in brackets behind a name without changing whose column it is, [normalized](normalized_name).
const NEUTRAL_REMARKS: [&str; 10] = [
    "required",
    "mandatory",
    "optional",
    "work",
    "business",
    "company",
    "primary",
    "pflicht",
    "pflichtfeld",
    "dienstlich",
];

/// The name of a column such as `User name [userId] Required`, [normalized](normalized_name): what is in brackets. In
/// `E-Mail (work)` it is what stands before them, but not in `E-Mail (manager)`, which is somebody else's.
pub fn bracketed_name(name: &str) -> Option<String> {
    let (before, rest) = name.split_once(['[', '('])?;
    let inside = rest.split([']', ')']).next().unwrap_or_default();
    let (inside, before) = (normalized_name(inside), normalized_name(before));
    let is_neutral = NEUTRAL_REMARKS.contains(&inside.as_str());
    Some(if is_neutral { before } else { inside })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_blanks_dashes_and_invisible_characters() {
        for name in ["User ID", "\u{200b}user_id", "USER–ID", " user\n id "] {
            assert_eq!(normalized_name(name), "userid", "{name:?}");
        }
    }

    #[test]
    fn a_technical_name_in_brackets_is_a_name() {
        for (name, expected) in [
            ("User name [userId] Required", Some("userid")),
            ("E-Mail (UPN)", Some("upn")),
            ("E-Mail (Work)", Some("email")),
            ("E-Mail (manager)", Some("manager")),
            ("userId", None),
        ] {
            assert_eq!(bracketed_name(name).as_deref(), expected, "{name}");
        }
    }
}

//! The codes in a cell, as people and programs write them.

use std::borrow::Cow;

use super::{Catalog, ENTRIES, Entry, find, normalized_name};

/// Why a cell of codes cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CellError {
    Unknown {
        found: String,
        /// The code that may be meant.
        suggestion: Option<String>,
    },
    /// A name that is the start of several products' names.
    Ambiguous {
        found: String,
        products: Vec<&'static Entry>,
    },
    /// A number of licences that is not one.
    Quantity { found: String },
}

impl Catalog {
    /// The codes in a cell. One that is written in several ways is one code, whichever way the cell has it.
    pub fn codes_in(&self, cell: &str) -> Result<Vec<String>, CellError> {
        let cell = half_width(cell);
        let mut codes = Vec::new();
        for part in parts(&cell) {
            codes.extend(self.codes_of_part(part)?);
        }
        Ok(codes)
    }

    fn codes_of_part(&self, part: &str) -> Result<Vec<String>, CellError> {
        if let Some(code) = self.find(part) {
            return Ok(vec![code.to_owned()]);
        }
        if let Some((quantity, rest)) = quantity(part)
            && let Ok(codes) = self.codes_of_part(rest)
        {
            let found = part.to_owned();
            return if quantity == "1" {
                Ok(codes)
            } else {
                Err(CellError::Quantity { found })
            };
        }
        let all_known = |parts: Vec<&str>| -> Option<Vec<String>> {
            let is_list = parts.len() > 1;
            let codes = { parts.into_iter() }.map(|part| self.find(part.trim()).map(str::to_owned));
            codes.collect::<Option<_>>().filter(|_| is_list)
        };
        self.code_with_name(part)
            .map(|code| vec![code])
            .or_else(|| all_known(part.split(['/', '+', '&']).collect()))
            .or_else(|| all_known(part.split_whitespace().collect()))
            .ok_or_else(|| self.unknown(part))
    }

    /// The code of a text with a code and nothing else but a name of it, such as `Attended (ATTUNU)` or `ATTUNU -
    /// Attended`.
    fn code_with_name(&self, text: &str) -> Option<String> {
        let is_separator = |character: char| !character.is_alphanumeric() && character != '_';
        let words = text.split(is_separator).filter(|word| !word.is_empty());
        let is_code = |word: &&str| find(word).is_some();
        let codes: Vec<_> = { words.clone() }.filter(is_code).collect();
        let &[code] = codes.as_slice() else {
            return None;
        };
        let entry = find(code)?;
        let rest: String = words.filter(|word| *word != code).collect();
        let is_name = !rest.is_empty() && begins_name(&normalized_name(&rest), entry);
        is_name.then(|| entry.code.to_owned())
    }

    fn unknown(&self, part: &str) -> CellError {
        let found = part.to_owned();
        let name = normalized_name(part);
        let meant = ENTRIES.iter().filter(|entry| begins_name(&name, entry));
        let products: Vec<_> = meant.collect();
        if products.len() > 1 {
            return CellError::Ambiguous { found, products };
        }
        let suggestion = match products.first() {
            Some(product) => Some(product.code),
            None => self.suggest(part),
        };
        CellError::Unknown {
            suggestion: suggestion.map(str::to_owned),
            found,
        }
    }
}

/// Whether a normalized text is the start of a product's name, and long enough to mean something.
fn begins_name(text: &str, entry: &Entry) -> bool {
    text.len() >= 4 && normalized_name(entry.name).starts_with(text)
}

/// The texts of a cell that may hold several, without the marks of lists as programs print them: `['A', 'B']`, `{A}`.
fn parts(cell: &str) -> impl Iterator<Item = &str> {
    let cell = cell.trim();
    let unwrapped = [("[", "]"), ("{", "}")]
        .into_iter()
        .find_map(|(open, close)| cell.strip_prefix(open)?.strip_suffix(close));
    unwrapped
        .unwrap_or(cell)
        .split([';', '|', ',', '、', '\n'])
        .map(|part| {
            let part = part.trim().trim_end_matches('.');
            part.trim_matches(['\'', '"', '‘', '’', '“', '”']).trim()
        })
        .filter(|part| !part.is_empty())
}

/// A quantity and what it counts: `ATTUNU (1)`, `1 x ATTUNU`, `ATTUNU x1`.
fn quantity(text: &str) -> Option<(&str, &str)> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_times = |character: char| matches!(character, 'x' | 'X' | '×' | '*');
    if let Some((rest, number)) = text
        .strip_suffix(')')
        .and_then(|text| text.rsplit_once('('))
        && is_number(number.trim())
    {
        return Some((number.trim(), rest.trim()));
    }
    if let Some((number, rest)) = text.split_once(is_times)
        && is_number(number.trim())
    {
        return Some((number.trim(), rest.trim()));
    }
    let (rest, number) = text.rsplit_once(is_times)?;
    let is_apart = rest.ends_with(char::is_whitespace);
    (is_apart && is_number(number.trim())).then(|| (number.trim(), rest.trim()))
}

/// The text with letters, digits and marks of full width, as Japanese keyboards give them, in their usual form.
fn half_width(text: &str) -> Cow<'_, str> {
    const FULL_TO_HALF: u32 = 0xfee0;
    let half = |character: char| match character {
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(character) - FULL_TO_HALF).unwrap_or(character)
        }
        '\u{3000}' => ' ',
        other => other,
    };
    if text.chars().all(|character| half(character) == character) {
        return Cow::Borrowed(text);
    }
    text.chars().map(half).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(cell: &str) -> Result<String, CellError> {
        let codes = Catalog::default().codes_in(cell)?;
        Ok(codes.join(";"))
    }

    #[test]
    fn codes_are_read_as_people_and_programs_write_them() {
        for (cell, expected) in [
            ("ATTUNU", "ATTUNU"),
            ("ATTUNU;TSTNU | IDU", "ATTUNU;TSTNU;IDU"),
            ("ATTUNU, IDU.", "ATTUNU;IDU"),
            ("['ATTUNU']", "ATTUNU"),
            ("[\"ATTUNU\",\"TSTNU\"]", "ATTUNU;TSTNU"),
            ("{ATTUNU}", "ATTUNU"),
            ("ＡＴＴＵＮＵ　", "ATTUNU"),
            ("ＡＴＴＵＮＵ、ＩＤＵ", "ATTUNU;IDU"),
            ("Attended – Named User", "ATTUNU"),
            ("attended named user", "ATTUNU"),
            ("Attended Named User (ATTUNU)", "ATTUNU"),
            ("Attended (ATTUNU)", "ATTUNU"),
            ("ATTUNU - Attended", "ATTUNU"),
            ("ATTUNU (1)", "ATTUNU"),
            ("1 x TSTNU", "TSTNU"),
            ("ATTUNU x1", "ATTUNU"),
            ("1×Attended - Named User", "ATTUNU"),
            ("ATTUNU/TSTNU", "ATTUNU;TSTNU"),
            ("ATTUNU + TSTNU & IDU", "ATTUNU;TSTNU;IDU"),
            ("ATTUNU TSTNU", "ATTUNU;TSTNU"),
            ("", ""),
        ] {
            assert_eq!(codes(cell).as_deref(), Ok(expected), "{cell}");
        }
    }

    #[test]
    fn what_may_be_two_codes_or_none_is_an_error() {
        let products = |cell: &str| match codes(cell) {
            Err(CellError::Ambiguous { products, .. }) => {
                products.iter().map(|product| product.code).collect()
            }
            other => panic!("{cell}: {other:?}"),
        };
        let attended: Vec<_> = products("Attended");
        assert_eq!(attended, ["ATTUCU", "ATTUNU"]);
        for (cell, suggested) in [
            ("Tester", Some("TSTNU")),
            ("RPADEVUN", Some("RPADEVNU")),
            ("ATTUNU OFFICE", None),
            ("IDU (Attended)", None),
            ("ATTUNU IDU (Attended)", None),
            ("Att", None),
        ] {
            let Err(CellError::Unknown { suggestion, .. }) = codes(cell) else {
                panic!("{cell}");
            };
            assert_eq!(suggestion.as_deref(), suggested, "{cell}");
        }
        for cell in ["2 x TSTNU", "ATTUNU (0)", "TSTNU x10"] {
            let found = cell.to_owned();
            assert_eq!(codes(cell), Err(CellError::Quantity { found }));
        }
    }

    #[test]
    fn a_code_that_was_allowed_is_read_in_a_list_too() {
        let catalog = Catalog::with_extra_codes(&["NEW-BOT".to_owned()]);
        assert_eq!(catalog.codes_in("new-bot/IDU").unwrap(), ["NEW-BOT", "IDU"]);
        assert_eq!(catalog.codes_in("1 x NEW-BOT").unwrap(), ["NEW-BOT"]);
    }
}

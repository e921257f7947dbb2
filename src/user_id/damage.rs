//! What is wrong with a user ID, and how to repair it.

use super::email::{email_addresses, is_separator};
use super::{UserKey, guid};
use crate::sanitize::is_unprintable;

/// The longest user ID, in bytes.
const MAX_LENGTH: usize = 256;

/// What spreadsheets, mail programs and people do to a user ID, so that it is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    #[error("has {0} bytes; the maximum is {MAX_LENGTH}")]
    TooLong(usize),
    /// A character that is invisible, or looks like a blank.
    #[error("contains {}; remove it", named(*.0))]
    InvisibleCharacter(char),
    #[error("contains a quotation mark, U+{:04X}; remove it", u32::from(*.0))]
    Quote(char),
    #[error("begins with an apostrophe, which spreadsheets use to mark text; remove it")]
    Apostrophe,
    #[error("is a formula; save the file with values instead")]
    Formula,
    #[error("is the error value of a formula; correct the formula")]
    Error,
    #[error(
        "is a number in scientific notation, which has lost digits; format the column as text and enter the ID again"
    )]
    Scientific,
    #[error("looks like a GUID but has {0} digits instead of 32; copy the ID again")]
    Guid(usize),
    /// A GUID in brackets or quotation marks, or with blanks instead of hyphens.
    #[error("is a GUID with extra characters; remove the marks around it, and use hyphens")]
    GuidMarks,
    #[error(
        "looks like a GUID but contains '{0}', which is not a hexadecimal digit; copy the ID again"
    )]
    GuidLetter(char),
    #[error("is true or false, not a user ID; check the column")]
    Boolean,
    /// The text that reports show for an invisible character.
    #[error("contains \\u{{…}}, which a report shows for an invisible character; remove it")]
    EscapedCharacter,
    #[error("looks like a GUID but has a dash, U+{:04X}, instead of a hyphen; replace it", u32::from(*.0))]
    Dash(char),
    #[error("names several users; give each a row of its own")]
    Several,
    #[error("is an e-mail address, not a user ID; --directory turns addresses into IDs")]
    Email,
}

/// What is wrong with a user ID, if anything.
pub fn validate(user_id: &str) -> Option<InvalidId> {
    UserKey::of(user_id).damage()
}

pub fn of_text(user_id: &str) -> Option<InvalidId> {
    if user_id.len() > MAX_LENGTH {
        return Some(InvalidId::TooLong(user_id.len()));
    }
    let is_invisible = |&character: &char| {
        is_unprintable(character) || (character.is_whitespace() && character != ' ')
    };
    if let Some(character) = user_id.chars().find(is_invisible) {
        return Some(InvalidId::InvisibleCharacter(character));
    }
    if user_id.starts_with('\'') {
        return Some(InvalidId::Apostrophe);
    }
    // Whatever is wrong with the address, it is no user ID. Japanese keyboards have the wide sign.
    if user_id.find(['@', '＠']).is_some_and(|at| at > 0) {
        return Some(match several(user_id) {
            Some(_) => InvalidId::Several,
            None => InvalidId::Email,
        });
    }
    if let Some(quote) = user_id.chars().find(|&character| is_quote(character)) {
        return Some(InvalidId::Quote(quote));
    }
    if user_id.starts_with('=') {
        return Some(InvalidId::Formula);
    }
    if ERRORS.contains(&user_id) {
        return Some(InvalidId::Error);
    }
    if is_scientific(user_id) {
        return Some(InvalidId::Scientific);
    }
    if user_id.contains("\\u{") {
        return Some(InvalidId::EscapedCharacter);
    }
    if is_boolean(user_id) {
        return Some(InvalidId::Boolean);
    }
    if several(user_id).is_some() {
        return Some(InvalidId::Several);
    }
    nearly_guid(user_id)
}

fn is_boolean(text: &str) -> bool {
    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}

/// The IDs of a text that lists several: GUIDs or e-mail addresses with anything between them, or words with a semicolon
/// or a bar between.
pub fn several(text: &str) -> Option<Vec<&str>> {
    let is_between = |character| is_separator(character) || matches!(character, '\'' | '|' | '/');
    let parts = { text.split(is_between) }.filter(|part| !part.is_empty());
    let guids = parts.clone().filter(|part| guid(part).is_some());
    let mut users = email_addresses(text);
    let has_other_parts = users.is_empty() && guids.clone().count() < parts.count();
    users.extend(guids);
    if !has_other_parts {
        return (users.len() > 1).then_some(users);
    }
    let words: Vec<_> = text.split([';', '|']).collect();
    let is_word = |word: &&str| !word.is_empty() && !word.contains(char::is_whitespace);
    (words.len() > 1 && words.iter().all(is_word)).then_some(words)
}

/// The ID that a damaged one may have been: without invisible characters and marks around it, and with plain hyphens.
pub fn repaired(user_id: &str) -> String {
    let plain: String = without_escapes(user_id)
        .chars()
        .filter(|&character| character.is_whitespace() || !is_unprintable(character))
        .map(|character| match character {
            dash if is_dash(dash) => '-',
            blank if blank.is_whitespace() => ' ',
            other => other,
        })
        .collect();
    match marked_guid(&plain) {
        Some(guid) => guid,
        None => plain.trim_matches(is_mark).to_owned(),
    }
}

/// The text without the escapes that reports show for invisible characters.
fn without_escapes(text: &str) -> String {
    let mut parts = text.split("\\u{");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('}').map_or(part, |(_, rest)| rest));
    }
    plain
}

/// The GUID in a text with marks around it or blanks instead of hyphens.
fn marked_guid(text: &str) -> Option<String> {
    let inner = text.trim_matches(is_mark);
    let inner = match inner.get(..URN.len()) {
        Some(urn) if urn.eq_ignore_ascii_case(URN) => &inner[URN.len()..],
        _ => inner,
    };
    let inner = inner.replace(' ', "-");
    (inner != text && guid(&inner).is_some()).then_some(inner)
}

const URN: &str = "urn:uuid:";

/// A character that people, mail programs and spreadsheets put around an ID.
fn is_mark(character: char) -> bool {
    is_quote(character) || "'=(){}[]<> .,;".contains(character)
}

/// The error values of spreadsheets.
const ERRORS: [&str; 8] = [
    "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!",
];

fn is_dash(character: char) -> bool {
    matches!(character, '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn is_quote(character: char) -> bool {
    matches!(character, '"' | '\u{2018}'..='\u{201f}' | '«' | '»')
}

/// A number such as `1.23457E+11`: spreadsheets write the sign and two digits of the exponent.
fn is_scientific(text: &str) -> bool {
    let Some((number, power)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = number.trim_start_matches(['-', '+']);
    let mut parts = number.splitn(2, ['.', ',']);
    parts.all(is_number) && power.starts_with(['-', '+']) && is_number(&power[1..])
}

/// What is wrong with a text that looks like a GUID.
fn nearly_guid(text: &str) -> Option<InvalidId> {
    if let Some(dash) = text.chars().find(|&character| is_dash(character)) {
        let with_hyphens = text.replace(is_dash, "-");
        let looks_like_one = guid(&with_hyphens).is_some() || nearly_guid(&with_hyphens).is_some();
        return looks_like_one.then_some(InvalidId::Dash(dash));
    }
    if marked_guid(text).is_some() {
        return Some(InvalidId::GuidMarks);
    }
    let inner = text.trim_matches(['{', '}', '(', ')']);
    let groups: Vec<_> = inner.split('-').collect();
    let digits = inner.bytes().filter(u8::is_ascii_hexdigit).count();
    let is_plain = inner
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_plain {
        return None;
    }
    let foreign = inner
        .chars()
        .find(|character| *character != '-' && !character.is_ascii_hexdigit());
    let lengths: Vec<_> = groups.iter().map(|group| group.len()).collect();
    match (foreign, groups.len()) {
        (Some(letter), 5) if lengths == [8, 4, 4, 4, 12] => Some(InvalidId::GuidLetter(letter)),
        (None, 2..) if digits >= 20 => Some(InvalidId::Guid(digits)),
        (None, 1) if (25..=40).contains(&digits) => Some(InvalidId::Guid(digits)),
        _ => None,
    }
}

/// The name of an invisible character.
fn named(character: char) -> String {
    let name = match character {
        '\u{a0}' | '\u{202f}' => "a non-breaking space",
        '\u{200b}' => "a zero-width space",
        '\u{200c}' | '\u{200d}' => "a zero-width joiner",
        '\u{feff}' => "a byte order mark",
        '\u{ad}' => "a soft hyphen",
        '\u{fffd}' => "a character that the file's encoding has lost",
        '\t' => "a tab",
        _ => "an unprintable character",
    };
    format!("{name}, U+{:04X}", u32::from(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

    #[test]
    fn what_spreadsheets_do_to_an_id_is_found_and_named() {
        let long = "y".repeat(257);
        for (id, expected) in [
            (long.as_str(), InvalidId::TooLong(257)),
            ("singer\u{a0}77", InvalidId::InvisibleCharacter('\u{a0}')),
            ("singer\u{200b}", InvalidId::InvisibleCharacter('\u{200b}')),
            ("f\u{7}g", InvalidId::InvisibleCharacter('\u{7}')),
            (
                "'0f8fad5b-d9cb-469f-a165-70867728950e",
                InvalidId::Apostrophe,
            ),
            ("“singer-77”", InvalidId::Quote('“')),
            ("singer-77;singer-88", InvalidId::Several),
            (
                "0f8fad5b-d9cb-469f-a165-70867728950e, {1F8FAD5B-D9CB-469F-A165-70867728950E}",
                InvalidId::Several,
            ),
            ("\"singer-77", InvalidId::Quote('"')),
            ("=VLOOKUP(A2,B:C,2)", InvalidId::Formula),
            ("#N/A", InvalidId::Error),
            ("1.23457E+11", InvalidId::Scientific),
            ("8E-05", InvalidId::Scientific),
            ("8,1E+35", InvalidId::Scientific),
            ("0f8fad5b-d9cb-469f-a165-70867728950", InvalidId::Guid(31)),
            ("0f8fad5bd9cb469fa16570867728950", InvalidId::Guid(31)),
            ("{0f8fad5b-d9cb-469f-a165}", InvalidId::Guid(20)),
            (
                "0f8fad5b-d9cb-469f-a165-7o867728950e",
                InvalidId::GuidLetter('o'),
            ),
            ("0f8fad5b–d9cb–469f–a165–70867728950e", InvalidId::Dash('–')),
            (
                "(0f8fad5b-d9cb-469f-a165-70867728950e)",
                InvalidId::GuidMarks,
            ),
            (
                "{0f8fad5b-d9cb-469f-a165-70867728950e",
                InvalidId::GuidMarks,
            ),
            ("<0f8fad5bd9cb469fa16570867728950e>.", InvalidId::GuidMarks),
            (
                "urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e",
                InvalidId::GuidMarks,
            ),
            ("0f8fad5b d9cb 469f a165 70867728950e", InvalidId::GuidMarks),
            ("TRUE", InvalidId::Boolean),
            ("ann\\u{200b}", InvalidId::EscapedCharacter),
            ("ann@example.com", InvalidId::Email),
            ("Ann <ann@example.com>", InvalidId::Email),
            ("mailto:ann@example.com", InvalidId::Email),
            ("ann@example.com, ben@example.com", InvalidId::Several),
            (
                "ann@example.com (0f8fad5b-d9cb-469f-a165-70867728950e)",
                InvalidId::Several,
            ),
        ] {
            assert_eq!(validate(id), Some(expected), "{id}");
        }
    }

    #[test]
    fn what_a_damaged_id_may_have_been_is_known() {
        for damaged in [
            "u3\u{200b}",
            "'u3",
            "“u3”",
            "\u{feff}u3\u{a0}",
            "=\"u3\"",
            "=u3",
            "u\\u{ad}3\\u{200b}",
        ] {
            assert_eq!(repaired(damaged), "u3", "{damaged}");
        }
        assert_eq!(repaired("0f8f–d9cb"), "0f8f-d9cb");
        for damaged in [
            format!("({GUID})"),
            format!("{{{GUID}"),
            format!("[{GUID}]."),
            format!("URN:UUID:{GUID}"),
            GUID.replace('-', " "),
            format!("=\"{GUID}\""),
        ] {
            assert_eq!(repaired(&damaged), GUID, "{damaged}");
        }
    }

    #[test]
    fn an_id_of_another_kind_is_left_unchanged() {
        for id in [
            GUID,
            "{0F8FAD5B-D9CB-469F-A165-70867728950E}",
            "singer-77",
            "O'Brien",
            "Ann Smith",
            "12345678901",
            "1e5",
            "-abc",
            "@ann",
            "2024-11-24",
            "DE-1234-5678",
            "Ann–Smith",
            "Jörg",
        ] {
            assert_eq!(validate(id), None, "{id}");
        }
    }
}

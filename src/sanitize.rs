//! Text from a file or from the service, made safe for the place where it is shown.
//!
//! Terminals obey escape sequences and spreadsheets run formulas; neither may come from a user ID or a response.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

/// Marks a cell as text. Spreadsheets show the cell without it.
const TEXT_MARK: char = '\'';

/// `text` on one line of at most `max_chars` printable characters, with `…` if it is longer.
///
/// Line breaks and tabs become spaces. Other control characters, and characters that are invisible or reorder text,
/// become `\u{…}`.
pub fn printable(text: &str, max_chars: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(max_chars.saturating_mul(4)));
    for (count, character) in text.chars().enumerate() {
        if count == max_chars {
            shown.push('…');
            break;
        }
        match character {
            '\n' | '\r' | '\t' => shown.push(' '),
            c if is_unprintable(c) => {
                let _ = write!(shown, "{}", c.escape_unicode());
            }
            c => shown.push(c),
        }
    }
    shown
}

/// The same for several lines, of any length.
pub fn printable_lines(text: &str) -> String {
    let lines = text.split('\n').map(|line| printable(line, usize::MAX));
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether a character is a control character, is invisible, or changes the direction of the text around it.
pub fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffd}'
        )
}

/// Marks a formula as text. [`unescape_formula`] reverses it.
pub fn escape_formula(text: &str) -> Cow<'_, str> {
    if is_formula(text) {
        Cow::Owned(format!("{TEXT_MARK}{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Removes the mark of [`escape_formula`].
pub fn unescape_formula(text: &str) -> &str {
    match text.strip_prefix(TEXT_MARK) {
        Some(rest) if is_formula(rest) => rest,
        _ => text,
    }
}

/// A path as one word of a shell command.
pub fn shell_quote(path: &Path) -> String {
    shell_quote_text(&path.display().to_string())
}

/// A text as one word of a shell command.
pub fn shell_quote_text(text: &str) -> String {
    if cfg!(windows) {
        return quote_for_windows(text);
    }
    // Only a NUL cannot be quoted, and no path or printable text has one.
    shlex::try_quote(text).map_or_else(|_| text.to_owned(), Cow::into_owned)
}

/// A path as one word for cmd and for PowerShell. Only PowerShell needs more for `$` and `` ` ``, and only it takes
/// single quotes.
fn quote_for_windows(path: &str) -> String {
    let is_plain = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '\\' | '/' | ':' | '.' | '_' | '-')
    };
    if path.chars().all(is_plain) {
        return path.to_owned();
    }
    if path.contains(['$', '`']) {
        return format!("'{}'", path.replace('\'', "''"));
    }
    // A backslash before the closing quote would escape it.
    format!("\"{}\"", path.trim_end_matches('\\'))
}

/// Whether a spreadsheet would run the text, with or without marks before it.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches(TEXT_MARK)
        .starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_escape_sequence_is_shown_as_text() {
        assert_eq!(
            printable("red \u{1b}[31m\nalert", 80),
            "red \\u{1b}[31m alert"
        );
        assert_eq!(printable("abc\u{202e}fdp.exe", 80), "abc\\u{202e}fdp.exe");
    }

    #[cfg(unix)]
    #[test]
    fn a_path_is_one_word_of_a_shell_command() {
        for (path, word) in [
            ("run", "run"),
            ("/tmp/a-b_c.d", "/tmp/a-b_c.d"),
            ("my run", "'my run'"),
            ("my run's", "\"my run's\""),
            ("$(x)", "'$(x)'"),
        ] {
            assert_eq!(shell_quote(Path::new(path)), word);
        }
    }

    #[test]
    fn a_path_of_windows_is_one_word_for_cmd_and_for_powershell() {
        for (path, word) in [
            (r"C:\run", r"C:\run"),
            (r"C:\Lohn & Gehalt\lauf", r#""C:\Lohn & Gehalt\lauf""#),
            (r"\\server\HR (neu)\", r#""\\server\HR (neu)""#),
            (r"it's", r#""it's""#),
            (r"cost$ '26", r"'cost$ ''26'"),
        ] {
            assert_eq!(quote_for_windows(path), word);
        }
    }

    #[test]
    fn line_breaks_stay_and_escape_sequences_are_shown_as_text() {
        assert_eq!(
            printable_lines("a\u{1b}[2J\n  b\u{7}"),
            "a\\u{1b}[2J\n  b\\u{7}"
        );
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        assert_eq!(printable("åäö", 2), "åä…");
        assert_eq!(printable("åäö", 3), "åäö");
    }

    #[test]
    fn a_formula_is_marked_as_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1"] {
            assert_eq!(escape_formula(formula), format!("'{formula}"));
        }
        assert_eq!(escape_formula("singer-77"), "singer-77");
        assert_eq!(escape_formula("O'Brien"), "O'Brien");
    }

    proptest! {
        #[test]
        fn unescaping_reverses_escaping(text in "['=+@a-]{0,6}") {
            let escaped = escape_formula(&text);
            prop_assert_eq!(unescape_formula(&escaped), text.as_str());
        }
    }
}

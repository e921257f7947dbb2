//! Text from a file or from the service, made safe for where it is shown.
//!
//! A terminal obeys escape sequences and a spreadsheet runs formulas; neither may come from a user
//! ID or from an answer.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

/// What stands before text that a spreadsheet would take for a formula: such a program shows the
/// text and drops the mark.
const GUARD: char = '\'';

/// `text` on one line of printable characters, at most `max_chars` of them and `…` where it was cut.
///
/// Control characters become spaces where they only move the cursor to the next word or line, and
/// `\u{…}` otherwise; so do the characters that reorder text on screen.
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

/// Lines of printable characters: all others are written as `\u{…}`.
pub fn printable_lines(text: &str) -> String {
    let lines = text.split('\n').map(|line| printable(line, usize::MAX));
    lines.collect::<Vec<_>>().join("\n")
}

/// Control characters, those that change the direction of the text around them, and those that nobody sees.
pub fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffd}'
        )
}

/// Marks `text` that a spreadsheet would take for a formula, so that it stays text.
/// [`unguard`] gives the same text back.
pub fn escape_formula(text: &str) -> Cow<'_, str> {
    if is_formula(text) {
        Cow::Owned(format!("{GUARD}{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Takes the mark of [`guard`] off again.
pub fn unescape_formula(text: &str) -> &str {
    match text.strip_prefix(GUARD) {
        Some(rest) if is_formula(rest) => rest,
        _ => text,
    }
}

/// A path as a shell takes it for one word.
pub fn shell_quote(path: &Path) -> String {
    let path = path.display().to_string();
    match cfg!(windows) {
        true if path.contains(' ') => format!("\"{path}\""),
        true => path,
        // What cannot be quoted holds a NUL, and no path does.
        false => shlex::try_quote(&path).map_or_else(|_| path.clone(), Cow::into_owned),
    }
}

/// Whether a spreadsheet would run the text, with or without guards before it.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches(GUARD)
        .starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_escape_sequence_is_shown_and_not_obeyed() {
        assert_eq!(
            printable("red \u{1b}[31m\nalert", 80),
            "red \\u{1b}[31m alert"
        );
        assert_eq!(printable("abc\u{202e}fdp.exe", 80), "abc\\u{202e}fdp.exe");
    }

    #[cfg(unix)]
    #[test]
    fn a_path_is_one_word_for_a_shell() {
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
    fn lines_stay_lines_and_nothing_in_them_is_obeyed() {
        assert_eq!(
            printable_lines("a\u{1b}[2J\n  b\u{7}"),
            "a\\u{1b}[2J\n  b\\u{7}"
        );
    }

    #[test]
    fn long_text_is_cut_by_characters() {
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
        fn unguard_gives_back_what_was_guarded(text in "['=+@a-]{0,6}") {
            let guarded = escape_formula(&text);
            prop_assert_eq!(unescape_formula(&guarded), text.as_str());
        }
    }
}

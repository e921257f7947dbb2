//! Text as wide as the terminal, broken between words.

use std::borrow::Cow;

use console::{Term, measure_text_width};

/// What is added to the indent of a line where it goes on.
const HANGING: &str = "  ";

/// Text no wider than a terminal, if it is one.
pub fn wrap_to_terminal<'a>(text: &'a str, terminal: &Term) -> Cow<'a, str> {
    match terminal.size_checked() {
        Some((_, columns)) => wrapped(text, columns.into()),
        None => Cow::Borrowed(text),
    }
}

/// Text that stands beside so many columns of something else, where it goes on as well.
pub fn wrap_with_indent<'a>(beside: usize, text: &'a str, terminal: &Term) -> Cow<'a, str> {
    let Some((_, columns)) = terminal.size_checked() else {
        return Cow::Borrowed(text);
    };
    let text = wrapped(text, usize::from(columns).saturating_sub(beside));
    Cow::Owned(text.replace('\n', &format!("\n{}", " ".repeat(beside))))
}

/// Text in lines of at most so many columns; a word that is longer has a line of its own. What goes on is indented more than
/// its beginning.
pub fn wrapped(text: &str, columns: usize) -> Cow<'_, str> {
    if text.lines().all(|line| measure_text_width(line) <= columns) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<_> = text
        .lines()
        .map(|line| wrapped_line(line, columns))
        .collect();
    Cow::Owned(lines.join("\n"))
}

fn wrapped_line(line: &str, columns: usize) -> String {
    let words = line.trim_start_matches(' ');
    let indent = &line[..line.len() - words.len()];
    let mut lines = indent.to_owned();
    let mut at = indent.len();
    let mut is_first = true;
    for word in words.split(' ') {
        let width = measure_text_width(word);
        if is_first {
            is_first = false;
        } else if at + 1 + width <= columns {
            lines.push(' ');
            at += 1;
        } else {
            lines.push('\n');
            lines.push_str(indent);
            lines.push_str(HANGING);
            at = indent.len() + HANGING.len();
        }
        lines.push_str(word);
        at += width;
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_go_on_further_in() {
        let text =
            "error: the service forbids the call (403)\n  hint: use the token of an administrator";
        assert_eq!(
            wrapped(text, 30),
            "error: the service forbids the\n  call (403)\n  hint: use the token of an\n    administrator"
        );
        assert_eq!(wrapped(text, 80), text);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(wrapped("漢字 漢字 漢字", 9), "漢字 漢字\n  漢字");
        assert_eq!(wrapped("漢字 漢字 漢字", 8), "漢字\n  漢字\n  漢字");
    }

    #[test]
    fn what_has_no_spaces_is_not_broken() {
        let path = "/srv/licences/a/folder/with/a/long/name";
        assert_eq!(
            wrapped(&format!("see {path}"), 20),
            format!("see\n  {path}")
        );
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_wider_than_it_must_be(
            text in "( {0,3}[a-zé漢]{1,12}){0,12}(\n( {0,2}[a-z漢]{1,9}){1,6})?", columns in 1_usize..40
        ) {
            let shown = wrapped(&text, columns);
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&shown), words(&text));
            for line in shown.lines() {
                let is_one_word = line.split_whitespace().count() <= 1;
                prop_assert!(measure_text_width(line.trim_end()) <= columns || is_one_word, "{:?}", line);
            }
        }
    }
}

//! Text as wide as the terminal, wrapped between words.

use std::borrow::Cow;

use console::Term;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// Added to the indent of a line where it is continued.
const HANGING: &str = "  ";

/// Text no wider than the terminal, if it is one.
pub fn wrap_to_terminal<'a>(text: &'a str, terminal: &Term) -> Cow<'a, str> {
    match terminal.size_checked() {
        Some((_, columns)) => Cow::Owned(wrap(text, columns.into())),
        None => Cow::Borrowed(text),
    }
}

/// Text beside a label of `label_width` columns, no wider than the terminal, if it is one.
pub fn wrap_with_indent<'a>(label_width: usize, text: &'a str, terminal: &Term) -> Cow<'a, str> {
    let Some((_, columns)) = terminal.size_checked() else {
        return Cow::Borrowed(text);
    };
    let text = wrap(text, usize::from(columns).saturating_sub(label_width));
    Cow::Owned(text.replace('\n', &format!("\n{}", " ".repeat(label_width))))
}

/// Lines of at most `columns`, continued with a hanging indent. A longer word has a line of its own.
pub fn wrap(text: &str, columns: usize) -> String {
    let lines = text.lines().map(|line| wrap_line(line, columns));
    lines.collect::<Vec<_>>().join("\n")
}

fn wrap_line(line: &str, columns: usize) -> String {
    let content = line.trim_start_matches(' ');
    let indent = &line[..line.len() - content.len()];
    let continued = format!("{indent}{HANGING}");
    let options = Options::new(columns)
        .initial_indent(indent)
        .subsequent_indent(&continued)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::fill(content, options)
}

#[cfg(test)]
mod tests {
    use console::measure_text_width;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_wrapped_between_words_with_a_hanging_indent() {
        let text =
            "error: the service forbids the call (403)\n  hint: use the token of an administrator";
        assert_eq!(
            wrap(text, 30),
            "error: the service forbids the\n  call (403)\n  hint: use the token of an\n    administrator"
        );
        assert_eq!(wrap(text, 80), text);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(wrap("漢字 漢字 漢字", 9), "漢字 漢字\n  漢字");
        assert_eq!(wrap("漢字 漢字 漢字", 8), "漢字\n  漢字\n  漢字");
    }

    #[test]
    fn a_long_word_is_not_broken() {
        let path = "/srv/licences/a/folder/with/a/long/name";
        assert_eq!(wrap(&format!("see {path}"), 20), format!("see\n  {path}"));
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_no_line_is_too_wide(
            text in "( {0,3}[a-zé漢]{1,12}){0,12}(\n( {0,2}[a-z漢]{1,9}){1,6})?", columns in 1_usize..40
        ) {
            let shown = wrap(&text, columns);
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&shown), words(&text));
            for line in shown.lines() {
                let is_one_word = line.split_whitespace().count() <= 1;
                prop_assert!(measure_text_width(line.trim_end()) <= columns || is_one_word, "{:?}", line);
            }
        }
    }
}

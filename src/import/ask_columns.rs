//! Asks at the terminal which columns to read, where the header does not name them.

use std::io::{self, IsTerminal, Write, stderr, stdin};

use console::Term;

use crate::catalog::Catalog;
use crate::input::{ColumnGuess, GuessedColumn, Input, InputError, RowReader};
use crate::report::wrap_to_terminal;
use crate::settings::InputSettings;

/// Asks for the columns, if the header does not name them and there is a terminal. Gives the flags that choose the same
/// columns.
///
/// # Errors
/// When the answer is none: the error of the file, with its hint.
pub fn ask_columns(input: &Input, settings: &mut InputSettings) -> anyhow::Result<Option<String>> {
    if *input == Input::Stdin || !stdin().is_terminal() || !stderr().is_terminal() {
        return Ok(None);
    }
    let catalog = Catalog::with_extra_codes(&settings.allowed_codes);
    let Err(error) = RowReader::new(input.open()?.reader, &settings.format, &catalog) else {
        return Ok(None);
    };
    let mut chosen = match &error {
        InputError::UnnamedColumns(guess) if !guess.lacks_codes => guess.as_ref().clone(),
        // The import reads the file again, and reports it.
        _ => return Ok(None),
    };
    writeln!(stderr(), "{error}\n")?;
    let is_answered = choose("Which column names the users?", &mut chosen.users, 1)?
        && choose(
            "Which columns list their codes?",
            &mut chosen.codes,
            usize::MAX,
        )?;
    match chosen.apply(&settings.format).filter(|_| is_answered) {
        None => Err(error.into()),
        Some(format) => {
            settings.format = format;
            Ok(Some(ColumnGuess::flags(&chosen)))
        }
    }
}

/// Asks for one of the columns, or several, and keeps those. Gives whether there was an answer.
fn choose(question: &str, columns: &mut Vec<GuessedColumn>, most: usize) -> io::Result<bool> {
    if columns.is_empty() {
        return Ok(true);
    }
    for column in &*columns {
        let line = format!("  {}, such as {}", column.text(), column.example);
        writeln!(stderr(), "{line}")?;
    }
    let numbers: Vec<_> = columns
        .iter()
        .map(|column| column.number.to_string())
        .collect();
    let question = format!("{question} [{}, or Enter to stop]", numbers.join(", "));
    write!(
        stderr(),
        "{} ",
        wrap_to_terminal(&question, &Term::stderr())
    )?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    if !answer.ends_with('\n') {
        // What follows starts on a new line.
        writeln!(stderr())?;
    }
    let is_separator = |character: char| character == ',' || character.is_whitespace();
    let answers = answer.split(is_separator).filter(|part| !part.is_empty());
    let answers: Vec<_> = answers.map(str::to_owned).collect();
    let is_known = answers.iter().all(|answer| numbers.contains(answer));
    columns.retain(|column| answers.contains(&column.number.to_string()));
    Ok(is_known && (1..=most).contains(&columns.len()))
}

//! What was probably meant by a command line that clap refuses.

use std::ffi::OsString;
use std::path::Path;

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::run::{RunManifest, unfinished_runs};
use crate::sanitize::{shell_quote, shell_quote_text};

/// How many runs are listed.
const MAX_RUNS: usize = 3;

/// The flags whose values are names of the input, which often have blanks.
const NAME_FLAGS: [&str; 5] = [
    "--user-column",
    "--code-column",
    "--external-column",
    "--priority",
    "--sheet",
];

/// What other programs call commands, and what does it here.
const OTHER_COMMANDS: [(&[&str], &str); 3] = [
    (
        &["undo", "rollback", "revert", "restore"],
        "to undo a run, import `undo.csv` of its folder: `seatload import FOLDER/undo.csv`",
    ),
    (
        &["login", "signin", "auth", "configure"],
        "to sign in, set SEATLOAD_TOKEN or use --client-id; `seatload check` tests the settings",
    ),
    (&["version"], "`seatload --version` prints the version"),
];

/// Adds to an error of the command line what was probably meant by it.
pub fn add_tip(mut error: Error, arguments: &[OsString]) -> Error {
    let tip = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let command = text(&error, ContextKind::InvalidSubcommand);
            unquoted_file(arguments).or_else(|| other_command(&command))
        }
        ErrorKind::UnknownArgument => {
            let argument = text(&error, ContextKind::InvalidArg);
            unquoted_file(arguments)
                .or_else(|| unquoted_name(arguments, &argument))
                .or_else(|| several_files(&argument))
        }
        ErrorKind::MissingRequiredArgument if is_command(arguments, "resume") => resumable_runs(),
        _ => None,
    };
    if let Some(tip) = tip {
        // What clap guesses from the letters is further off.
        error.remove(ContextKind::SuggestedSubcommand);
        let tips = vec![tip.into()];
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    error
}

fn text(error: &Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        _ => String::new(),
    }
}

fn is_command(arguments: &[OsString], command: &str) -> bool {
    arguments.iter().any(|argument| argument == command)
}

/// A file's name with blanks that came as several arguments.
fn unquoted_file(arguments: &[OsString]) -> Option<String> {
    let starts = 1..arguments.len();
    let mut words =
        starts.flat_map(|start| (start + 2..=arguments.len()).map(move |end| start..end));
    let name = words.find_map(|words| {
        let name = arguments[words].join(" ".as_ref());
        Path::new(&name).is_file().then_some(name)
    })?;
    let quoted = shell_quote(Path::new(&name));
    Some(format!("a name with blanks needs quotes: {quoted}"))
}

/// A flag's value with blanks that came as several arguments.
fn unquoted_name(arguments: &[OsString], unexpected: &str) -> Option<String> {
    let arguments: Vec<_> = arguments.iter().filter_map(|text| text.to_str()).collect();
    let is_word = |argument: &&str| !argument.starts_with('-');
    let is_no_file = |word: &&str| !Path::new(word).is_file();
    arguments.iter().enumerate().find_map(|(place, flag)| {
        let words = arguments[place + 1..].iter().copied().take_while(is_word);
        let is_here = NAME_FLAGS.contains(flag) && words.clone().any(|word| word == unexpected);
        let name: Vec<_> = words.take_while(is_no_file).collect();
        (is_here && name.len() > 1).then(|| {
            let quoted = shell_quote_text(&name.join(" "));
            format!("a name with blanks needs quotes: {flag} {quoted}")
        })
    })
}

/// A file or a run in place of a command, or the name of another program's command.
fn other_command(command: &str) -> Option<String> {
    let path = Path::new(command);
    let quoted = shell_quote_text(command);
    if path.is_file() {
        return Some(format!("to import a file: `seatload import {quoted}`"));
    }
    if RunManifest::started_at(path).is_some() {
        return Some(format!("to resume a run: `seatload resume {quoted}`"));
    }
    let command = command.to_lowercase();
    let mut others = OTHER_COMMANDS.iter();
    let (_, tip) = others.find(|(names, _)| names.contains(&command.as_str()))?;
    Some((*tip).to_owned())
}

/// A file after the one that is imported.
fn several_files(argument: &str) -> Option<String> {
    let tip = "name one file; `seatload watch FOLDER --once` imports every file of a folder";
    Path::new(argument).is_file().then(|| tip.to_owned())
}

/// The runs of the current folder that can be resumed.
fn resumable_runs() -> Option<String> {
    let here = Path::new(".");
    let runs = unfinished_runs(here);
    let names = runs.iter().filter_map(|run| run.strip_prefix(here).ok());
    let commands: Vec<_> = names
        .take(MAX_RUNS)
        .map(|run| format!("`seatload resume {}`", shell_quote(run)))
        .collect();
    (!commands.is_empty()).then(|| format!("not finished here: {}", commands.join(", ")))
}

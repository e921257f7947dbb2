//! An error in words: what happened, why, and what to do, a line each.

use std::error::Error;
use std::io::{self, ErrorKind};

use crate::sanitize::printable_lines;

const TO_DO: &str = "\n  to do: ";

/// An error in parts.
pub struct Told {
    /// What happened, then why, cause by cause.
    pub said: Vec<String>,
    /// What to do. Where no error says that, what the system said decides.
    pub advice: Option<String>,
}

impl Told {
    pub fn of(error: &anyhow::Error) -> Self {
        let (mut said, mut advice) = (Vec::new(), Vec::new());
        for cause in error.chain() {
            // It may name a file, and whoever names a file does not command the terminal.
            let text = printable_lines(&cause.to_string());
            match text.split_once(TO_DO) {
                Some((what, to_do)) => {
                    said.push(what.to_owned());
                    advice.push(to_do.to_owned());
                }
                None => said.push(text),
            }
        }
        if advice.is_empty() {
            let system = error.chain().find_map(of_the_system);
            advice.extend(
                system
                    .and_then(|error| advice_on(error.kind()))
                    .map(str::to_owned),
            );
        }
        Self {
            said,
            advice: (!advice.is_empty()).then(|| advice.join("; ")),
        }
    }
}

/// What happened, then why, then what to do.
pub fn told(error: &anyhow::Error) -> String {
    let Told { mut said, advice } = Told::of(error);
    let mut told = said.remove(0);
    if !said.is_empty() {
        told.push_str("\n  because: ");
        told.push_str(&said.join(": "));
    }
    if let Some(advice) = advice {
        told.push_str(TO_DO);
        told.push_str(&advice);
    }
    told
}

fn of_the_system<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    error.downcast_ref::<io::Error>()
}

/// What to do about what the system does not do.
fn advice_on(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::NotFound => "check the path, and that the folder it is counted from is this one",
        ErrorKind::PermissionDenied => {
            "let this user read it, or write to it, or name another place"
        }
        ErrorKind::ReadOnlyFilesystem => "name a place that can be written to",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make space, or name another place",
        ErrorKind::IsADirectory => "name a file: this is a folder",
        ErrorKind::NotADirectory => "name a folder: this is a file",
        ErrorKind::AddrInUse => "choose another port, or end what listens there",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    fn failed(kind: ErrorKind) -> Result<(), io::Error> {
        Err(io::Error::new(kind, "the system says no"))
    }

    #[test]
    fn what_happened_why_and_what_to_do_have_a_line_each() {
        let error = failed(ErrorKind::Other)
            .context("cannot open b.csv\n  to do: export it again")
            .context("cannot use b.csv (--current)")
            .unwrap_err();
        assert_eq!(
            told(&error),
            "cannot use b.csv (--current)\n  because: cannot open b.csv: the system says no\n  to do: export it again"
        );
    }

    #[test]
    fn where_no_advice_is_given_what_the_system_said_decides() {
        let error = failed(ErrorKind::StorageFull)
            .context("cannot write")
            .unwrap_err();
        assert!(told(&error).ends_with("\n  to do: make space, or name another place"));
        let error = failed(ErrorKind::Other)
            .context("cannot write")
            .unwrap_err();
        assert_eq!(told(&error), "cannot write\n  because: the system says no");
        assert_eq!(told(&anyhow!("it is so")), "it is so");
    }
}

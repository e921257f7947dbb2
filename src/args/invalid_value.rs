//! A value that clap rejects, reported with the place that it comes from.

use anyhow::anyhow;
use clap::Error;
use clap::error::{ContextKind, ContextValue};

use crate::hint::Failure;

/// A flag and a value that it does not take.
pub struct InvalidValue {
    /// The flag's name, without dashes.
    pub flag: String,
    value: String,
    reason: String,
}

impl InvalidValue {
    /// None for an error of another kind.
    pub fn find(error: &Error) -> Option<Self> {
        let text = |kind| match error.get(kind)? {
            ContextValue::String(text) => Some(text.clone()),
            ContextValue::Strings(texts) => Some(texts.join(", ")),
            _ => None,
        };
        let arg = text(ContextKind::InvalidArg)?;
        let name = arg.strip_prefix("--")?.split(' ').next()?;
        let reason = std::error::Error::source(error).map(ToString::to_string);
        let possible =
            || text(ContextKind::ValidValue).map(|values| format!("possible values: {values}"));
        Some(Self {
            // Three dots stand behind a flag that may be repeated.
            flag: name.trim_end_matches("...").to_owned(),
            value: text(ContextKind::InvalidValue)?,
            reason: reason.or_else(possible)?,
        })
    }

    /// An error that names the place: a variable, or a setting of a configuration file.
    pub fn at(self, place: &str) -> Failure {
        Failure::new(format!("invalid value `{}` for {place}", self.value))
            .caused_by(anyhow!(self.reason))
    }
}

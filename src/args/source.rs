//! Where something comes from that the service may know: a file, the service, or nowhere.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};

use crate::settings::Ask;

/// The value of `--directory` and `--current`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceArg {
    File(PathBuf),
    Service,
    None,
}

impl SourceArg {
    pub fn parser() -> impl TypedValueParser<Value = Self> {
        OsStringValueParser::new().map(|value: OsString| match value.to_str() {
            Some("service") => Self::Service,
            Some("none") => Self::None,
            _ => Self::File(value.into()),
        })
    }

    /// The file, and whether the service is asked; `default` is for a flag that is not given.
    pub fn resolve(source: Option<Self>, default: Ask) -> (Option<PathBuf>, Ask) {
        match source {
            Some(Self::File(path)) => (Some(path), Ask::No),
            Some(Self::Service) => (None, Ask::Must),
            Some(Self::None) => (None, Ask::No),
            None => (None, default),
        }
    }
}

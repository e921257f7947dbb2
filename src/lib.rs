//! seatload allocates licences from a CSV or an Excel workbook: every user in it gets exactly the bundle codes of the file.
//!
//! The interface is the program, which `run` is. What else can be seen is for its own tests and benchmarks.

#[doc(hidden)]
pub mod api;
mod args;
#[doc(hidden)]
pub mod catalog;
#[doc(hidden)]
pub mod cli;
mod commands;
mod config_file;
mod diagnostic;
mod directory;
#[doc(hidden)]
pub mod dispatch;
#[doc(hidden)]
pub mod event;
#[doc(hidden)]
pub mod exit_code;
mod hint;
mod humanize;
#[doc(hidden)]
pub mod import;
#[doc(hidden)]
pub mod input;
mod lookup;
#[doc(hidden)]
pub mod outcome;
mod pacing;
#[doc(hidden)]
pub mod plan;
#[doc(hidden)]
pub mod rate;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod roster;
#[doc(hidden)]
pub mod run;
#[doc(hidden)]
pub mod sandbox;
mod sanitize;
#[doc(hidden)]
pub mod settings;
mod signals;
mod stdout;
mod text_file;
mod user_id;
mod watch;

pub use cli::run;

#[cfg(test)]
mod messages_test;

//! seatload loads licence seats from a CSV: every user in it comes to hold exactly the bundle codes that the file says.
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
#[doc(hidden)]
pub mod dispatch;
mod duration;
#[doc(hidden)]
pub mod event;
#[doc(hidden)]
pub mod exit_code;
mod import;
#[doc(hidden)]
pub mod input;
mod numbers;
#[doc(hidden)]
pub mod outcome;
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
#[doc(hidden)]
pub mod seats;
#[doc(hidden)]
pub mod settings;
mod stdout;
mod text;
mod user_id;
mod watch;

pub use cli::run;

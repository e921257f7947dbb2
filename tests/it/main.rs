//! The integration tests: one binary, a module for each topic.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot continue has failed, helpers included"
)]

mod check;
// On Windows, the examples of `--help` are for PowerShell.
#[cfg(not(windows))]
mod cli_reference;
mod completions;
mod current_licenses;
mod day;
mod dialects;
mod dispatch;
mod docs;
mod events;
mod exchange;
mod failures_workbook;
mod files;
mod help;
mod import;
mod invariants;
mod limits;
mod logs;
mod lookups;
mod manual;
mod networks;
mod order;
mod pacing;
mod page;
mod plan;
mod responses;
mod resume;
mod rooms;
mod sandbox;
mod secrets;
mod sign_in;
mod stopping;
mod support;
mod terminal;
mod unusual_responses;
mod watch;
#[cfg(windows)]
mod windows;
mod workbooks;

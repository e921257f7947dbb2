//! The integration tests: one binary, a module for each topic.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, helpers included"
)]

mod answers;
mod check;
mod cli_reference;
mod completions;
mod day;
mod dialects;
mod dispatch;
mod docs;
mod events;
mod exchange;
mod failures_workbook;
mod files;
mod help;
mod holdings;
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
mod resume;
mod rooms;
mod sandbox;
mod secrets;
mod sign_in;
mod stopping;
mod support;
mod terminal;
mod unusual_answers;
mod watch;
#[cfg(windows)]
mod windows;
mod workbooks;

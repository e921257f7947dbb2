//! The integration tests: one binary, a module for each topic.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, helpers included"
)]

mod answers;
mod check;
mod completions;
mod dialects;
mod dispatch;
mod events;
mod exchange;
mod files;
mod help;
mod holdings;
mod import;
mod invariants;
mod logs;
mod manual;
mod networks;
mod order;
mod pacing;
mod page;
mod plan;
mod readme;
mod resume;
mod secrets;
mod sign_in;
mod stopping;
mod support;
mod terminal;
mod watch;
mod workbooks;

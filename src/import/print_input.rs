//! What is printed about a loaded input: its size, its columns, its bad rows.

use crate::humanize::{count, count_of};
use crate::input::{Columns, Input};
use crate::report::{Layout, Progress, UnusualIds};
use crate::roster::{BadRow, Roster, SkipReason};
use crate::sanitize::printable;

/// How many bad rows are printed. The others are in `failures.csv` alone.
pub const MAX_BAD_ROWS: usize = 10;

/// Prints what was loaded, and what is wrong with it.
pub fn print_input(input: &Input, columns: &Columns, roster: &Roster, progress: &Progress) {
    let users = roster.sendable_count + roster.skipped.len();
    progress.info(&format!(
        "{input}: {}, {}",
        count_of(roster.rows, "row"),
        count_of(users as u64, "user"),
    ));
    let layout = Layout::of(columns);
    for line in layout.lines() {
        progress.info(&line);
    }
    for warning in layout.warnings() {
        progress.message(&warning);
    }
    if let Some(unusual) = UnusualIds::of(&roster.assignments) {
        progress.message(&unusual.warning());
    }
    print_skipped(roster, progress);
    print_bad_rows(roster, progress);
}

/// Prints how many users are skipped although their rows are good.
fn print_skipped(roster: &Roster, progress: &Progress) {
    for (reason, explanation) in [
        (
            SkipReason::CurrentUnknown,
            "they are not in the file of --current (--absent-means-none sends them)",
        ),
        (
            SkipReason::OtherExternalFlag,
            "they have their codes with the other useExternalLicense",
        ),
    ] {
        let users = skipped(roster, reason);
        if users > 0 {
            progress.message(&format!(
                "{} skipped: {explanation}",
                count_of(users, "user")
            ));
        }
    }
}

fn print_bad_rows(roster: &Roster, progress: &Progress) {
    let bad_rows = roster.bad_rows.len();
    if bad_rows == 0 {
        return;
    }
    let users = skipped(roster, SkipReason::BadRow) + skipped(roster, SkipReason::PossiblyBadRow);
    let skipped = match users {
        0 => String::new(),
        users => format!("; {} skipped", count_of(users, "user")),
    };
    progress.message(&format!(
        "{}{skipped}:",
        count_of(bad_rows as u64, "bad row")
    ));
    for row in roster.bad_rows.iter().take(MAX_BAD_ROWS) {
        progress.message(&format!("  {}", bad_row_text(row)));
    }
    if bad_rows > MAX_BAD_ROWS {
        let others = count((bad_rows - MAX_BAD_ROWS) as u64);
        progress.message(&format!(
            "  and {others} more; failures.csv lists all of them"
        ));
    }
}

fn skipped(roster: &Roster, reason: SkipReason) -> u64 {
    let skipped = roster.skipped.iter().filter(|(_, other)| *other == reason);
    skipped.count() as u64
}

pub fn bad_row_text(row: &BadRow) -> String {
    let error = printable(&row.error.to_string(), 300);
    format!("line {}: {error}", row.line)
}

//! The summary as people read it at the end of a run.

use std::path::Path;

use super::columns::{lines, new_table, right_align_numbers};
use super::{Summary, grouped};
use crate::duration::human;
use crate::outcome::FailureKind;

/// Users by outcome, codes by seats, requests, time, and where the reports are. `page` is the one for people, if there is
/// one.
pub fn table(summary: &Summary, reports: &Path, page: Option<&Path>) -> String {
    let mut text = String::from("\n");
    text.push_str(&users(summary));
    text.push('\n');
    text.push_str(&codes(summary));
    let requests = summary.requests;
    let page = page.map(|page| format!("Page      {}\n", page.display()));
    text.push_str(&format!(
        "\nRequests  {} sent, {} retried, {} refused and split\nTime      {}\n{}Reports   {}\n",
        grouped(requests.sent),
        grouped(requests.retried),
        grouped(requests.splits),
        human(summary.took()),
        page.unwrap_or_default(),
        reports.display(),
    ));
    text
}

fn users(summary: &Summary) -> String {
    let users = &summary.users;
    let mut table = new_table(["Users", ""]);
    table.add_row(["success".to_owned(), grouped(users.success)]);
    if users.held_already > 0 {
        table.add_row(["  held it already".to_owned(), grouped(users.held_already)]);
    }
    for kind in FailureKind::ALL {
        let count = users.failures.get(kind.name()).copied().unwrap_or(0);
        if count > 0 && kind != FailureKind::Invalid {
            table.add_row([kind.name().to_owned(), grouped(count)]);
        }
    }
    if users.pending > 0 {
        table.add_row(["pending".to_owned(), grouped(users.pending)]);
    }
    let bad_rows = users
        .failures
        .get(FailureKind::Invalid.name())
        .copied()
        .unwrap_or(0);
    if bad_rows > 0 {
        table.add_row(["bad rows".to_owned(), grouped(bad_rows)]);
    }
    right_align_numbers(&mut table);
    lines(&table)
}

fn codes(summary: &Summary) -> String {
    let mut table = new_table(["Seats", "wanted", "allocated"]);
    for code in &summary.codes {
        table.add_row([
            code.code.clone(),
            grouped(code.wanted),
            grouped(code.allocated),
        ]);
    }
    right_align_numbers(&mut table);
    lines(&table)
}

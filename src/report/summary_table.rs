//! The summary at the end of a run, as text.

use std::path::Path;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table};

use crate::humanize::count;
use crate::humanize::duration::{duration, tenths};
use crate::outcome::FailureKind;
use crate::report::table::{lines, new_table, right_align_numbers};
use crate::report::wrap::wrap;
use crate::run::Summary;

/// What the table is made from.
pub struct SummaryTable<'a> {
    pub summary: &'a Summary,
    /// The headline of the page. None if there is no page.
    pub headline: Option<&'a str>,
    pub reports: &'a Path,
    pub page: Option<&'a Path>,
    /// The width of the terminal, if it is one.
    pub columns: Option<u16>,
}

/// The headline, users by outcome with hints, codes, requests, time, and where the reports are.
pub fn summary_table(table: &SummaryTable<'_>) -> String {
    let summary = table.summary;
    let headline = table.headline.map(|headline| {
        let columns = table.columns.map_or(usize::MAX, usize::from);
        format!("{}\n\n", wrap(headline, columns))
    });
    let page = table
        .page
        .map(|page| format!("Page      {}\n", page.display()));
    let requests = summary.requests;
    format!(
        "\n{}{}\n{}Requests  {} sent, {} retried, {} rejected and split\nTime      {}\n{}Reports   {}\n",
        headline.unwrap_or_default(),
        users(summary, table.columns),
        codes(summary),
        count(requests.sent),
        count(requests.retried),
        count(requests.splits),
        duration(tenths(summary.duration())),
        page.unwrap_or_default(),
        table.reports.display(),
    )
}

fn users(summary: &Summary, columns: Option<u16>) -> String {
    let users = &summary.users;
    let mut rows = vec![("  unchanged", users.already_assigned, "")];
    rows.extend(FailureKind::ALL.map(|kind| {
        let label = match kind {
            FailureKind::Invalid => "bad rows",
            kind => kind.name(),
        };
        (label, users.failed(kind), kind.hint())
    }));
    rows.push(("pending", users.pending, ""));
    let mut table = new_table(["Users", "", ""]);
    table.add_row(["success", &count(users.success), ""]);
    for (label, number, hint) in rows.into_iter().filter(|(_, number, _)| *number > 0) {
        table.add_row([label, &count(number), hint]);
    }
    right_align_numbers(&mut table);
    wrap_last_column(&mut table, columns);
    lines(&table)
}

/// Wraps the text of the last column to the width that is left for it.
fn wrap_last_column(table: &mut Table, columns: Option<u16>) {
    if let Some(columns) = columns {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(columns);
    }
    let count = table.column_count();
    for (place, column) in table.column_iter_mut().enumerate() {
        if place + 1 < count {
            column.set_constraint(ColumnConstraint::ContentWidth);
        } else {
            column.set_cell_alignment(CellAlignment::Left);
        }
    }
}

fn codes(summary: &Summary) -> String {
    if summary.codes.is_empty() {
        return String::new();
    }
    let mut table = new_table(["Seats", "requested", "allocated"]);
    for code in &summary.codes {
        table.add_row([
            code.code.clone(),
            count(code.requested),
            count(code.allocated),
        ]);
    }
    right_align_numbers(&mut table);
    lines(&table) + "\n"
}

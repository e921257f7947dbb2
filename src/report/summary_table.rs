//! The summary as people read it at the end of a run.

use std::path::Path;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table};

use crate::humanize::count;
use crate::humanize::duration::{duration, tenths};
use crate::outcome::FailureKind;
use crate::report::table::{lines, new_table, right_align_numbers};
use crate::report::wrap::wrapped;
use crate::run::Summary;

/// The sentence that matters, users by outcome with what to do, codes by seats, requests, time, and where the reports and the page
/// for people are. `columns` is how wide the terminal is, if it is one.
pub fn summary_table(
    summary: &Summary,
    sentence: Option<&str>,
    (reports, page): (&Path, Option<&Path>),
    columns: Option<u16>,
) -> String {
    let mut text = String::from("\n");
    if let Some(sentence) = sentence {
        let columns = columns.map_or(usize::MAX, usize::from);
        text.push_str(&format!("{}\n\n", wrapped(sentence, columns)));
    }
    text.push_str(&users(summary, columns));
    text.push('\n');
    text.push_str(&codes(summary));
    let requests = summary.requests;
    let page = page.map(|page| format!("Page      {}\n", page.display()));
    text.push_str(&format!(
        "\nRequests  {} sent, {} retried, {} refused and split\nTime      {}\n{}Reports   {}\n",
        count(requests.sent),
        count(requests.retried),
        count(requests.splits),
        duration(tenths(summary.duration())),
        page.unwrap_or_default(),
        reports.display(),
    ));
    text
}

fn users(summary: &Summary, columns: Option<u16>) -> String {
    let users = &summary.users;
    let failed = |kind: FailureKind| users.failures.get(kind.name()).copied().unwrap_or(0);
    let mut table = new_table(["Users", "", ""]);
    let row = |table: &mut Table, what: &str, number: u64, advice: &str| {
        if number > 0 {
            table.add_row([what, &count(number), advice]);
        }
    };
    table.add_row(["success", &count(users.success), ""]);
    row(&mut table, "  held it already", users.already_assigned, "");
    for kind in FailureKind::ALL {
        let what = match kind {
            FailureKind::Invalid => "bad rows",
            kind => kind.name(),
        };
        row(&mut table, what, failed(kind), kind.hint());
    }
    row(&mut table, "pending", users.pending, "");
    right_align_numbers(&mut table);
    wrap_last(&mut table, columns);
    lines(&table)
}

/// The last column holds words, and is as wide as is left for it.
fn wrap_last(table: &mut Table, columns: Option<u16>) {
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
    let mut table = new_table(["Seats", "wanted", "allocated"]);
    for code in &summary.codes {
        table.add_row([
            code.code.clone(),
            count(code.requested),
            count(code.allocated),
        ]);
    }
    right_align_numbers(&mut table);
    lines(&table)
}

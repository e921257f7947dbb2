//! The plan as text.

use std::time::Duration;

use console::Style;

use super::counts::{Changes, Code};
use super::plan_report::PlanReport;
use crate::humanize::duration::{duration, tenths};
use crate::humanize::{count, count_of};
use crate::report::table::{lines, new_table, right_align_numbers};
use crate::sanitize::printable;

/// The longest list; the JSON has all.
pub const MAX_LISTED: usize = 20;

/// The longest user ID and the longest error of a bad row, in characters.
const USER_CHARS: usize = 60;
const ERROR_CHARS: usize = 300;

/// What was read, and the bad rows.
pub fn input_section(plan: &PlanReport) -> String {
    let mut text = format!(
        "{}: {}, {}\n",
        plan.input,
        count_of(plan.rows, "row"),
        count_of(plan.users.total, "user")
    );
    for line in plan.layout.lines() {
        text.push_str(&format!("{line}\n"));
    }
    for warning in plan.layout.warnings() {
        text.push_str(&format!("{warning}\n"));
    }
    if let Some(unusual) = &plan.unusual_ids {
        text.push_str(&format!("{}\n", unusual.warning()));
    }
    if plan.bad_row_count == 0 {
        return text;
    }
    text.push_str(&format!("\n{}\n", count_of(plan.bad_row_count, "bad row")));
    for bad in plan.bad_rows.iter().take(MAX_LISTED) {
        let error = printable(&bad.error, ERROR_CHARS);
        text.push_str(&format!("  line {}: {error}\n", bad.line));
    }
    text + &more(plan.bad_row_count)
}

/// What an import would do: losses first, then users, bundle sets, seats, requests and time.
pub fn plan_section(plan: &PlanReport, is_colored: bool) -> String {
    let red = Style::new().red().bold().force_styling(is_colored);
    let losses = plan.changes.as_ref().map(|changes| losses(changes, &red));
    let sections = [
        losses.unwrap_or_default(),
        users(plan),
        sets(plan),
        seats(plan, &red),
        requests(plan),
    ];
    sections
        .into_iter()
        .filter(|section| !section.is_empty())
        .map(|section| format!("\n{section}"))
        .collect()
}

fn losses(changes: &Changes, red: &Style) -> String {
    if changes.losing == 0 {
        return String::new();
    }
    let verb = if changes.losing == 1 { "loses" } else { "lose" };
    let title = format!(
        "{} {verb} licences that they have now",
        count_of(changes.losing, "user")
    );
    let mut text = format!("{}\n", red.apply_to(title));
    for loss in changes.losses.iter().take(MAX_LISTED) {
        let user = printable(loss.email.as_ref().unwrap_or(&loss.user_id), USER_CHARS);
        let loss = format!(
            "  {user} (line {}) loses {}",
            loss.line,
            loss.codes.join(";")
        );
        text.push_str(&format!("{}\n", red.apply_to(loss)));
    }
    text + &more(changes.losing)
}

fn users(plan: &PlanReport) -> String {
    let (users, skipped) = (&plan.users, &plan.users.skipped);
    let mut rows = Vec::new();
    if users.to_send_now < users.to_send {
        rows.push(("  in this run (--first)", users.to_send_now));
    }
    rows.push(("  lose everything (remove, none)", users.to_remove));
    if let Some(changes) = &plan.changes {
        rows.extend([
            ("  gain licences", changes.gaining),
            ("  lose licences", changes.losing),
            ("  change useExternalLicense", changes.external_flag_changes),
            (
                "  have licences from a group, which these may replace",
                changes.replacing_inherited,
            ),
            ("  current licences unknown", changes.unknown),
        ]);
    }
    rows.extend([
        ("have exactly these codes already", users.already_assigned),
        ("without a free seat", users.without_seat),
        ("skipped: a bad row", skipped.bad_row),
        ("skipped: current licences unknown", skipped.current_unknown),
        (
            "skipped: have their codes with the other useExternalLicense",
            skipped.other_external_flag,
        ),
    ]);
    let mut table = new_table(["Users", ""]);
    table.add_row(["to send".to_owned(), count(users.to_send)]);
    for (label, users) in rows.into_iter().filter(|(_, users)| *users > 0) {
        table.add_row([label.to_owned(), count(users)]);
    }
    right_align_numbers(&mut table);
    lines(&table)
}

fn sets(plan: &PlanReport) -> String {
    if plan.sets.is_empty() {
        return String::new();
    }
    let mut table = new_table(["Bundle sets", "users", "requests"]);
    for set in plan.sets.iter().take(MAX_LISTED) {
        let mut codes = set.user_bundle_codes.join(";");
        if set.use_external_license {
            codes.push_str(" (external licence)");
        }
        table.add_row([codes, count(set.users), count(set.requests)]);
    }
    right_align_numbers(&mut table);
    lines(&table) + &more(plan.sets.len() as u64)
}

fn seats(plan: &PlanReport, red: &Style) -> String {
    if plan.codes.is_empty() {
        return String::new();
    }
    let mut text = seats_table(plan);
    for code in plan.codes.iter().filter(|code| code.short > 0) {
        text.push_str(&format!("{}\n", red.apply_to(shortfall(code))));
    }
    text
}

fn seats_table(plan: &PlanReport) -> String {
    let has_released = plan.changes.is_some();
    let has_free = plan.codes.iter().any(|code| code.free.is_some());
    let mut header = vec!["Seats", "users", "needed"];
    if has_released {
        header.push("freed");
    }
    if has_free {
        header.extend(["free", "short"]);
    }
    let mut table = new_table(header);
    for code in &plan.codes {
        let mut row = vec![code.code.clone(), count(code.users), count(code.needed)];
        if has_released {
            row.push(count(code.released));
        }
        if has_free {
            row.push(code.free.map_or_else(|| "?".to_owned(), count));
            row.push(match code.short {
                0 => String::new(),
                short => count(short),
            });
        }
        table.add_row(row);
    }
    right_align_numbers(&mut table);
    lines(&table)
}

fn shortfall(code: &Code) -> String {
    let first = code.first_without_seat.as_ref().map(|user| {
        let user_id = printable(user.email.as_ref().unwrap_or(&user.user_id), USER_CHARS);
        format!(
            "; the first user without a seat is {user_id} on line {}",
            user.line
        )
    });
    format!(
        "{}: {} too few{}",
        code.code,
        count_of(code.short, "seat"),
        first.unwrap_or_default()
    )
}

fn requests(plan: &PlanReport) -> String {
    let requests = &plan.requests;
    if requests.count == 0 {
        return "Requests  none\n".to_owned();
    }
    format!(
        "Requests  {} of up to {}, at most {}, up to {} at once\nTime      at least {} at this rate\n",
        count(requests.count),
        count_of(requests.batch_size as u64, "user"),
        requests.rate,
        requests.burst,
        duration(tenths(Duration::from_secs_f64(requests.seconds))),
    )
}

impl PlanReport {
    /// The codes with too few seats, one a line.
    pub fn shortfalls(&self) -> String {
        let short = self.codes.iter().filter(|code| code.short > 0);
        short
            .map(|code| format!("\n  {}", shortfall(code)))
            .collect()
    }
}

/// The number of entries that a list does not show.
fn more(total: u64) -> String {
    match total.saturating_sub(MAX_LISTED as u64) {
        0 => String::new(),
        more => format!(
            "  and {} more (`seatload plan --json` lists all)\n",
            count(more)
        ),
    }
}

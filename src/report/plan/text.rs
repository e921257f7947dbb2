//! The plan as people read it.

use std::time::Duration;

use console::Style;

use super::{Changes, Code, Loss, PlanReport};
use crate::humanize::duration::{duration, tenths};
use crate::humanize::{count, count_of};
use crate::report::table::{lines, new_table, right_align_numbers};
use crate::sanitize::printable;

/// So many of a list are shown; JSON has all.
pub const MAX_LISTED: usize = 20;

/// What was read, and the bad rows.
pub fn input_section(plan: &PlanReport) -> String {
    let mut text = format!(
        "{}: {}, {}\n",
        plan.input,
        count_of(plan.rows, "row"),
        count_of(plan.users.total, "user")
    );
    if plan.bad_row_count == 0 {
        return text;
    }
    text.push_str(&format!("\n{}\n", count_of(plan.bad_row_count, "bad row")));
    for bad in plan.bad_rows.iter().take(MAX_LISTED) {
        let complaint = printable(&bad.complaint, 300);
        text.push_str(&format!("  line {}: {complaint}\n", bad.line));
    }
    text + &more(plan.bad_row_count)
}

/// What would be done: losses first, then users, sets, seats, requests and time.
pub fn plan_section(plan: &PlanReport, is_colored: bool) -> String {
    let red = Style::new().red().bold().force_styling(is_colored);
    let mut text = String::new();
    let mut part = |lines: String| {
        if !lines.is_empty() {
            text.push('\n');
            text.push_str(&lines);
        }
    };
    if let Some(changes) = &plan.changes {
        part(losses(changes, &red));
    }
    part(users(plan));
    part(sets(plan));
    part(seats(plan, &red));
    part(requests(plan));
    text
}

fn losses(changes: &Changes, red: &Style) -> String {
    if changes.losing == 0 {
        return String::new();
    }
    let (users, verb) = match changes.losing {
        1 => ("1 user".to_owned(), "loses"),
        many => (format!("{} users", count(many)), "lose"),
    };
    let head = format!("{users} {verb} licences that they hold now");
    let mut text = format!("{}\n", red.apply_to(head));
    for Loss {
        user_id,
        line,
        codes,
    } in changes.losses.iter().take(MAX_LISTED)
    {
        let user = printable(user_id, 60);
        let loss = format!("  {user} (line {line}) loses {}", codes.join(";"));
        text.push_str(&format!("{}\n", red.apply_to(loss)));
    }
    text + &more(changes.losing)
}

fn users(plan: &PlanReport) -> String {
    let users = &plan.users;
    let mut rows = vec![("to send", users.to_send)];
    if users.to_send_now < users.to_send {
        rows.push(("  for now (--first)", users.to_send_now));
    }
    if let Some(changes) = &plan.changes {
        rows.extend([
            ("  gain licences", changes.gaining),
            ("  lose licences", changes.losing),
            ("  get the other useExternalLicense", changes.other_flag),
            (
                "  not in --current: what they lose is unknown",
                changes.unknown,
            ),
        ]);
    }
    let withheld = &users.withheld;
    rows.extend([
        ("hold exactly this already", users.hold_already),
        ("without a free seat", users.without_seat),
        ("withheld: a bad row", withheld.bad_row),
        ("withheld: not in --current", withheld.holdings_unknown),
        (
            "withheld: hold their codes with the other useExternalLicense",
            withheld.held_otherwise,
        ),
    ]);
    let mut table = new_table(["Users", ""]);
    for (what, users) in rows {
        if users > 0 || what == "to send" {
            table.add_row([what.to_owned(), count(users)]);
        }
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
    let is_known = plan.codes.iter().any(|code| code.free.is_some());
    let mut header = vec!["Seats", "users", "needed"];
    if plan.changes.is_some() {
        header.push("freed");
    }
    if is_known {
        header.extend(["free", "short"]);
    }
    let mut table = new_table(header);
    for code in &plan.codes {
        let mut row = vec![code.code.clone(), count(code.users), count(code.needed)];
        if plan.changes.is_some() {
            row.push(count(code.freed));
        }
        if is_known {
            row.push(code.free.map_or_else(|| "?".to_owned(), count));
            row.push(match code.short {
                0 => String::new(),
                short => count(short),
            });
        }
        table.add_row(row);
    }
    right_align_numbers(&mut table);
    let mut text = lines(&table);
    for code in plan.codes.iter().filter(|code| code.short > 0) {
        text.push_str(&format!("{}\n", red.apply_to(shortfall(code))));
    }
    text
}

/// Where the seats of one code end.
fn shortfall(code: &Code) -> String {
    let first = code.first_short.as_ref().map(|first| {
        let user = printable(&first.user_id, 60);
        format!(
            "; the first user without one is {user} on line {}",
            first.line
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
        "Requests  {} of up to {}, at most {}, up to {} at once\nTime      {} at this rate, if answers come at once\n",
        count(requests.count),
        count_of(requests.batch_size as u64, "user"),
        requests.rate,
        requests.burst,
        duration(tenths(Duration::from_secs_f64(requests.seconds))),
    )
}

impl PlanReport {
    /// Where seats are lacking, a line for each code.
    pub fn shortfalls(&self) -> String {
        let short = self.codes.iter().filter(|code| code.short > 0);
        short
            .map(|code| format!("\n  {}", shortfall(code)))
            .collect()
    }
}

/// How many of a list are not shown.
fn more(all: u64) -> String {
    match all.saturating_sub(MAX_LISTED as u64) {
        0 => String::new(),
        more => format!(
            "  and {} more (`seatload plan --json` lists all)\n",
            count(more)
        ),
    }
}

//! The values of the template.

use askama::Template;

use super::codes::CodeRow;
use super::data::PageData;
use super::ending::Ending;
use super::failure_groups::FailureGroups;
use super::files::{FileLink, files};
use super::headline::{Counts, headline};
use super::plan_table::{PlanRow, plan_rows};
use super::remarks::remarks;
use super::settings_table::settings_rows;
use super::share_bar::{self, Shares};
use super::stop_box::StopBox;
use super::timeline_chart::TimelineChart;
use super::{charts, codes, csp, labels};
use crate::humanize::duration::{duration, tenths};
use crate::humanize::{count, count_of};
use crate::sanitize::printable;

/// The longest name of an input, in characters.
const INPUT_CHARS: usize = 200;

#[derive(Template)]
#[template(path = "report.html")]
pub struct Page {
    csp: String,
    input: String,
    status: &'static str,
    pub headline: String,
    when: String,
    remarks: Vec<String>,
    stop: Option<StopBox>,
    shares: Shares,
    shares_text: String,
    /// Some users have their codes according to --current alone: the service did not confirm them.
    has_already_assigned: bool,
    pub failures: FailureGroups,
    pub codes: Vec<CodeRow>,
    more_codes: Option<String>,
    has_free_seats: bool,
    plan_rows: Vec<PlanRow>,
    is_resumed: bool,
    timeline: Option<TimelineChart>,
    settings: Vec<(&'static str, String)>,
    files: Vec<FileLink>,
    version: &'static str,
}

impl Page {
    pub fn new(data: &PageData<'_>, failures: FailureGroups) -> Self {
        let (summary, session) = (data.summary, &data.session);
        let settings = &summary.settings;
        let removes = data.planned.roster.assignments.has_removals();
        let counts = Counts::new(summary, failures.possibly_applied, removes);
        let shares = Shares {
            success: counts.success,
            attention: counts.failed,
            pending: counts.pending,
        };
        let ending = Ending::of(data.stop);
        let (codes, more) = codes::code_rows(data.planned, data.states);
        Self {
            csp: csp::policy(),
            input: printable(file_name(&settings.input), INPUT_CHARS),
            status: ending.label(),
            headline: headline(&counts, settings.sandbox),
            when: format!(
                "{} on {}, after {}",
                ending.verb(),
                labels::moment(data.finished),
                duration(tenths(session.duration))
            ),
            remarks: remarks(&counts, settings.sandbox, session),
            stop: StopBox::new(data),
            shares_text: shares.text(counts.wording().all_have),
            shares,
            has_already_assigned: counts.already_assigned > 0,
            failures,
            has_free_seats: codes.iter().any(|code| code.free.is_some()),
            codes,
            more_codes: (more > 0).then(|| count_of(more as u64, "more code")),
            plan_rows: plan_rows(session, summary.requests.retried, data.planned, data.states),
            is_resumed: session.is_resumed,
            timeline: TimelineChart::of(data.timeline),
            settings: settings_rows(settings),
            files: files(data),
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// The classes of the bar, with the number and the meaning of each.
    fn legend(&self) -> Vec<(&'static str, String, &'static str)> {
        let success = if self.has_already_assigned {
            "have exactly what the file says"
        } else {
            "have exactly what the file says, as the service confirmed"
        };
        let meanings = [success, "need attention", "not decided yet"];
        let shares = self.shares.by_class().into_iter().zip(meanings);
        shares
            .filter(|((_, users), _)| *users > 0)
            .map(|((class, users), meaning)| (class, count(users), meaning))
            .collect()
    }

    /// How many failures the list has, if it has not all.
    fn not_listed(&self) -> Option<String> {
        let (listed, total) = (self.failures.listed.len() as u64, self.failures.total);
        (listed < total)
            .then(|| format!("These are the first {} of {}.", count(listed), count(total)))
    }
}

/// The file's name alone: its folder says nothing to the page's readers.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\'])
        .find(|part| !part.is_empty())
        .unwrap_or(path)
}

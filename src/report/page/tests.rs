//! The page as a whole: its text for some runs, escaping, and its size.

use proptest::prelude::*;
use scraper::{Html, Node, Selector};

use std::time::Duration;

use jiff::Timestamp;

use super::share_bar::Shares;
use super::*;
use crate::event::StopReason;
use crate::event::{Event, WaitCause};
use crate::outcome::FailureKind;
use crate::outcome::{Applied, ConfirmedBy, Decision, Outcome};
use crate::plan::PlannedChanges;
use crate::plan::{AbsentUsers, CurrentTable, Mode};
use crate::report::Timeline;
use crate::roster::Roster;
use crate::roster::tests::{current_licenses, roster};
use crate::run::journal::RecordedFailure;
use crate::run::{RunEnd, RunStats, SummarySettings};
use crate::run::{Summary, UserStates};
use crate::sanitize::printable;

/// A run to make a page of.
struct Run {
    planned: PlannedChanges,
    states: UserStates,
    timeline: Timeline,
    session: SessionTotals,
    stop: Option<StopReason>,
    settings: SummarySettings,
    failures: Vec<RecordedFailure>,
}

impl Run {
    fn of(roster: Roster, current: Option<Roster>) -> Self {
        let current = current.map(|current| CurrentTable::new(current, AbsentUsers::Unknown));
        let planned = PlannedChanges::new(roster, current, Mode::Replace, None);
        let states = UserStates::new(planned.roster.assignments.len());
        Self {
            planned,
            states,
            timeline: Timeline::default(),
            session: SessionTotals {
                duration: Duration::from_millis(130_400),
                ..SessionTotals::default()
            },
            stop: None,
            settings: settings(),
            failures: Vec::new(),
        }
    }

    fn succeeded(mut self, users: &[&str]) -> Self {
        let all = &self.planned.roster.assignments;
        for user in users {
            let user = all.find(*user).unwrap();
            let outcome = Outcome::Success {
                confirmed_by: ConfirmedBy::Response,
                organization_id: "".into(),
            };
            let decision = Decision {
                users: vec![user],
                outcome,
                attempts: 1,
                applied: Applied::Maybe,
            };
            self.states.record(&decision);
            let at = Duration::from_millis(40 * user.index() as u64);
            self.timeline.record(at, &Event::Decided(decision));
        }
        self.session.decided += users.len() as u64;
        self
    }

    fn failed(mut self, user: &str, kind: FailureKind, applied: Applied, message: &str) -> Self {
        let index = self.planned.roster.assignments.find(user).unwrap();
        self.states.record_failure(index, kind, applied);
        self.failures.push(RecordedFailure {
            applied,
            ..RecordedFailure::example(user, kind, message)
        });
        self.session.decided += 1;
        self
    }

    /// Sends a request each second, and waits after the first.
    fn sent(mut self, requests: u64) -> Self {
        for nth in 0..requests {
            let at = Duration::from_secs(nth);
            self.timeline
                .record(at, &Event::Sent { batch: 1, users: 1 });
            if nth == 0 {
                let wait = Duration::from_secs(3);
                let cause = WaitCause::Rate;
                self.timeline.record(at, &Event::Waiting { wait, cause });
            }
        }
        self.timeline.finish(Duration::from_secs(requests));
        self.session.sent = requests;
        self.session.requests = requests;
        self.session.users = self.planned.to_send().count() as u64;
        self
    }

    fn page(&self) -> Page {
        let started: Timestamp = "2026-11-24T10:13:00Z".parse().unwrap();
        let finished = started + self.session.duration;
        let roster = &self.planned.roster;
        let all = &roster.assignments;
        let mut stats = RunStats::new(&self.states, all, all.len());
        stats.sent = self.session.sent;
        let summary = Summary::new(RunEnd {
            settings: self.settings.clone(),
            roster,
            stats: &stats,
            states: &self.states,
            stop: self.stop.as_ref(),
            not_before: None,
            started,
            finished,
            duration: self.session.duration,
        });
        let data = PageData {
            summary: &summary,
            planned: &self.planned,
            states: &self.states,
            timeline: &self.timeline,
            session: self.session,
            stop: self.stop.as_ref(),
            resume_command: Some("seatload resume run".to_owned()),
            finished,
        };
        Page::new(&data, FailureGroups::collect(self.failures.iter().cloned()))
    }
}

fn settings() -> SummarySettings {
    SummarySettings {
        input: "in/onboarding.csv".to_owned(),
        method: "PUT".to_owned(),
        url: "https://cloud.uipath.com/acme/lease_/api/account/8f3c/user-license".to_owned(),
        batch_size: 100,
        rate: "160/5m".to_owned(),
        burst: 16,
        concurrency: 8,
        max_retries: 5,
        timeout_seconds: 30.0,
        keep_trying: false,
        external_license: false,
        mode: Mode::Replace,
        current: None,
        in_order: false,
        sandbox: false,
    }
}

/// The page without its style and script.
fn body(run: &Run) -> String {
    let html = run.page().render().unwrap();
    let (_, body) = html.split_once("<body>").unwrap();
    let (content, _) = body.rsplit_once("<footer>").unwrap();
    let lines = content.lines().filter(|line| !line.trim().is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

const FOUR: &str = "userId,code\nann,IDU\nben,IDU;PMD\ncara,PMD\ndora,IDU\n";

#[test]
fn a_finished_run() {
    let run = Run::of(roster(FOUR), None)
        .sent(5)
        .succeeded(&["ann", "dora"])
        .failed("ben", FailureKind::Conflict, Applied::No, "no seats of PMD")
        .failed(
            "cara",
            FailureKind::Unknown,
            Applied::Maybe,
            "no answer after 6 attempts, at last: timed out",
        );
    insta::assert_snapshot!(body(&run));
}

#[test]
fn an_interrupted_session_says_how_to_resume() {
    let mut run = Run::of(roster(FOUR), None).sent(1).succeeded(&["ann"]);
    run.stop = Some(StopReason::Interrupted);
    run.session.is_resumed = true;
    insta::assert_snapshot!(body(&run));
}

#[test]
fn a_run_with_nothing_to_send() {
    let current = current_licenses(FOUR);
    let mut run = Run::of(roster(FOUR), Some(current));
    let all = &run.planned.roster.assignments;
    for user in all.sendable_users() {
        run.states.record_success(user, false);
    }
    insta::assert_snapshot!(body(&run));
}

#[test]
fn a_file_of_bad_rows_only() {
    let mut run = Run::of(roster("userId,code\nann,NOPE\n"), None);
    run.states.record_preset(FailureKind::Invalid);
    run.failures = vec![RecordedFailure::example(
        "ann",
        FailureKind::Invalid,
        "unknown code NOPE",
    )];
    insta::assert_snapshot!(body(&run));
}

/// The elements of a page in order, each with its attributes' names, and its scripts' and styles' text.
fn structure(html: &Html) -> Vec<String> {
    let elements = html.tree.nodes().filter_map(|node| match node.value() {
        Node::Element(element) => {
            let names = element.attrs().map(|(name, _)| name);
            let mut parts = vec![element.name()];
            parts.extend(names);
            Some(parts.join(" "))
        }
        Node::Comment(comment) => Some(format!("comment {}", &**comment)),
        _ => None,
    });
    elements.collect()
}

fn texts(html: &Html, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).unwrap();
    let found = html.select(&selector);
    found.map(|element| element.text().collect()).collect()
}

/// A page with the text in every place that takes text from outside.
fn page_of(text: &str) -> Html {
    let mut run = Run::of(roster(FOUR), None).sent(1);
    run.stop = Some(StopReason::Forbidden {
        message: text.to_owned(),
    });
    run.settings.input = format!("in {text}");
    run.settings.url = text.to_owned();
    run.settings.current = Some(text.to_owned());
    run.failures = vec![RecordedFailure {
        codes: text.to_owned(),
        ..RecordedFailure::example(text, FailureKind::Rejected, text)
    }];
    let mut page = run.page();
    page.codes[0].code = printable(text, 64);
    Html::parse_document(&page.render().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_leaves_its_place(
        text in r#"(\PC|[<>&"'/=\x00-\x1f\u{202a}-\u{202e}\u{2066}-\u{2069}]|</?(script|style|title|table|svg)>|<!--|-->|\{\{|javascript:){1,24}"#
    ) {
        let page = page_of(&text);
        prop_assert_eq!(structure(&page), structure(&page_of("text")));
        let (user, codes) = (printable(&text, failure_groups::USER_CHARS), printable(&text, failure_groups::CODES_CHARS));
        prop_assert_eq!(&texts(&page, ".list tbody th")[0], &user);
        prop_assert_eq!(&texts(&page, ".list tbody td")[0], &codes);
        prop_assert!(!page.html().contains(|c: char| crate::sanitize::is_unprintable(c) && c != '\n'));
    }
}

#[test]
fn a_page_of_a_million_failures_is_less_than_a_mebibyte_even_if_all_are_as_long_as_can_be() {
    let mut run = Run::of(roster(FOUR), None).sent(4000);
    run.settings.url = "<".repeat(5000);
    let mut page = run.page();
    let long = ["<", "\u{202e}", "\u{1f600}"].map(|part| part.repeat(700));
    let rows = (0..2000).map(|nth: usize| {
        let text = format!("{nth}{}", long[nth % 3]);
        RecordedFailure {
            codes: text.clone(),
            ..RecordedFailure::example(&text, FailureKind::ALL[nth % 8], &text)
        }
    });
    let alike = (0..998_000_u32).map(|nth| RecordedFailure {
        line: nth,
        ..RecordedFailure::example(&nth.to_string(), FailureKind::Conflict, "no seats")
    });
    page.failures = FailureGroups::collect(rows.chain(alike));
    page.codes = (0..100)
        .map(|_| codes::CodeRow {
            code: printable(&long[1], 64),
            name: None,
            shares: Shares {
                success: 1,
                attention: 1,
                pending: 1,
            },
            free: None,
        })
        .collect();
    assert_eq!(page.failures.total, 1_000_000);
    let html = page.render().unwrap();
    assert!(html.len() < 1024 * 1024, "{}", html.len());
    assert!(html.contains("of 1,000,000."));
}

//! The page as a whole: what it says of some runs, that no text gets out of its place, and how long it may become.

use proptest::prelude::*;
use scraper::{Html, Node, Selector};

use super::*;
use crate::event::{Event, WaitCause};
use crate::outcome::{Applied, Decision, Outcome};
use crate::plan::{AbsentUsers, Mode};
use crate::roster::Roster;
use crate::roster::tests::{holdings, roster};
use crate::run::journal::RecordedFailure;
use crate::run::{RunEnd, RunStats, SummarySettings};

/// A run to be told of.
struct Run {
    proposal: PlannedChanges,
    standing: UserStates,
    timeline: Timeline,
    part: Part,
    stop: Option<StopReason>,
    about: SummarySettings,
    failures: Vec<RecordedFailure>,
}

impl Run {
    fn of(roster: Roster, current: Option<&Roster>) -> Self {
        let current = current.map(|current| (current, AbsentUsers::Unknown));
        let proposal = PlannedChanges::new(roster, current, Mode::Replace, None);
        let standing = UserStates::new(proposal.roster.assignments.len());
        Self {
            proposal,
            standing,
            timeline: Timeline::default(),
            part: Part {
                took: Duration::from_millis(130_400),
                ..Part::default()
            },
            stop: None,
            about: about(),
            failures: Vec::new(),
        }
    }

    fn succeeded(mut self, users: &[&str]) -> Self {
        let all = &self.proposal.roster.assignments;
        for user in users {
            let user = all.find(user).unwrap();
            let outcome = Outcome::Success {
                organization_id: "".into(),
            };
            let decision = Decision {
                users: vec![user],
                outcome,
                attempts: 1,
                applied: Applied::Maybe,
            };
            self.standing.record(&decision);
            let at = Duration::from_millis(40 * user.index() as u64);
            self.timeline.decided(at, &decision);
        }
        self.part.decided += users.len() as u64;
        self
    }

    fn failed(mut self, user: &str, kind: FailureKind, applied: Applied, said: &str) -> Self {
        let index = self.proposal.roster.assignments.find(user).unwrap();
        self.standing.record_failure(index, kind, applied);
        self.failures.push(RecordedFailure {
            applied,
            ..failure(user, kind, said)
        });
        self.part.decided += 1;
        self
    }

    /// So many requests, one each second, and after the first a wait.
    fn sent(mut self, requests: u64) -> Self {
        for nth in 0..requests {
            let at = Duration::from_secs(nth);
            self.timeline.note(at, &Event::Sent { batch: 1, users: 1 });
            if nth == 0 {
                let wait = Duration::from_secs(3);
                let cause = WaitCause::Rate;
                self.timeline.note(at, &Event::Waiting { wait, cause });
            }
        }
        self.timeline.finish(Duration::from_secs(requests));
        self.part.sent = requests;
        self.part.requests = requests;
        self.part.users = self.proposal.to_send().count() as u64;
        self
    }

    fn page(&self) -> Page {
        let began: Timestamp = "2026-11-24T10:13:00Z".parse().unwrap();
        let span = (began, began + self.part.took);
        let roster = &self.proposal.roster;
        let all = &roster.assignments;
        let mut tally = RunStats::new(&self.standing, all, all.len());
        tally.sent = self.part.sent;
        let summary = Summary::new(RunEnd {
            settings: self.about.clone(),
            roster,
            stats: &tally,
            states: &self.standing,
            stop: self.stop.as_ref(),
            not_before: None,
            started: span.0,
            finished: span.1,
            duration: self.part.took,
        });
        let told = PageData {
            summary: &summary,
            proposal: &self.proposal,
            standing: &self.standing,
            timeline: &self.timeline,
            part: self.part,
            stop: self.stop.as_ref(),
            go_on: Some("seatload resume run".to_owned()),
            span,
        };
        Page::new(&told, Failures::of(self.failures.iter().cloned()))
    }
}

fn about() -> SummarySettings {
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

fn failure(user: &str, kind: FailureKind, said: &str) -> RecordedFailure {
    RecordedFailure {
        user: user.to_owned(),
        codes: "IDU;PMD".to_owned(),
        line: 7,
        kind,
        message: kind.with_hint(said),
        applied: Applied::No,
    }
}

/// What the page says, without its style and script.
fn said(run: &Run) -> String {
    let html = run.page().render().unwrap();
    let (_, body) = html.split_once("<body>").unwrap();
    let (body, _) = body.rsplit_once("<footer>").unwrap();
    let lines = body.lines().filter(|line| !line.trim().is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

const FOUR: &str = "userId,code\nann,IDU\nben,IDU;PMD\ncara,PMD\ndora,IDU\n";

#[test]
fn a_finished_run_is_told_in_full() {
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
    insta::assert_snapshot!(said(&run));
}

#[test]
fn an_interrupted_part_of_a_run_says_what_it_shows_and_how_to_go_on() {
    let mut run = Run::of(roster(FOUR), None).sent(1).succeeded(&["ann"]);
    run.stop = Some(StopReason::Interrupted);
    run.part.is_last_of_several = true;
    insta::assert_snapshot!(said(&run));
}

#[test]
fn a_run_with_nothing_to_do_says_so() {
    let held = holdings(FOUR);
    let mut run = Run::of(roster(FOUR), Some(&held));
    let all = &run.proposal.roster.assignments;
    for user in all.sendable_users() {
        run.standing.record_success(user, false);
    }
    insta::assert_snapshot!(said(&run));
}

#[test]
fn a_file_of_which_no_row_is_sound_is_told_by_its_bad_rows() {
    let mut run = Run::of(roster("userId,code\nann,NOPE\n"), None);
    run.standing.record_preset(FailureKind::Invalid);
    run.failures = vec![failure("ann", FailureKind::Invalid, "unknown code NOPE")];
    insta::assert_snapshot!(said(&run));
}

/// The elements of a page in order, each with its attributes' names, and its scripts' and styles' text.
fn structure(html: &Html) -> Vec<String> {
    let elements = html.tree.nodes().filter_map(|node| match node.value() {
        Node::Element(element) => {
            let names = element.attrs().map(|(name, _)| name);
            let mut told = vec![element.name()];
            told.extend(names);
            Some(told.join(" "))
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
    run.about.input = format!("in {text}");
    run.about.url = text.to_owned();
    run.about.current = Some(text.to_owned());
    run.failures = vec![RecordedFailure {
        codes: text.to_owned(),
        ..failure(text, FailureKind::Rejected, text)
    }];
    let mut page = run.page();
    page.codes[0].code = printable(text, 64);
    Html::parse_document(&page.render().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_gets_out_of_its_place(
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
    run.about.url = "<".repeat(5000);
    let mut page = run.page();
    let long = ["<", "\u{202e}", "\u{1f600}"].map(|part| part.repeat(700));
    let rows = (0..2000).map(|nth: usize| {
        let text = format!("{nth}{}", long[nth % 3]);
        RecordedFailure {
            codes: text.clone(),
            ..failure(&text, FailureKind::ALL[nth % 8], &text)
        }
    });
    let alike = (0..998_000_u32).map(|nth| RecordedFailure {
        user: nth.to_string(),
        codes: "IDU".to_owned(),
        line: nth,
        kind: FailureKind::Conflict,
        message: "no seats. To do: buy some".to_owned(),
        applied: Applied::No,
    });
    page.failures = Failures::of(rows.chain(alike));
    page.codes = (0..100)
        .map(|_| codes::Code {
            code: printable(&long[1], 64),
            name: None,
            shares: Shares {
                held: 1,
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

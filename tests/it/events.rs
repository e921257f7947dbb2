//! What programs read: events on standard error, and the summary on standard output.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::cli::{CommandOutput, Dir};
use crate::support::server::{RawServer, SandboxServer, confirming, http_with};

const DOCUMENT: &str = include_str!("../../docs/json.md");

fn events(ended: &CommandOutput) -> Vec<Value> {
    let lines = ended.stderr.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn of_kind<'a>(events: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    events.iter().filter(move |event| event["event"] == kind)
}

fn sum(events: &[Value], kind: &str, pointer: &str) -> u64 {
    let counts = of_kind(events, kind).filter_map(|event| event.pointer(pointer));
    counts.filter_map(Value::as_u64).sum()
}

/// Checks that docs/json.md describes every field.
fn assert_documented(events: &[Value]) {
    let (_, section) = DOCUMENT.split_once("\n## Events\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let fields: BTreeSet<_> = events
        .iter()
        .flat_map(|event| event.as_object().unwrap().keys())
        .collect();
    for field in fields {
        assert!(section.contains(&format!("`{field}`")), "{field}");
    }
    for event in events {
        let name = event["event"].as_str().unwrap();
        assert!(section.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn events_are_lines_of_json_that_add_up_to_the_summary() {
    let sandbox = SandboxServer::with_seats("IDU=3,PMD=50");
    let dir = Dir::new();
    let rows = (0..30).map(|n| format!("user-{n},{}\n", ["PMD", "IDU"][usize::from(n % 3 == 0)]));
    let file = format!("userId,code\n{}bad user,NOPE\n", rows.collect::<String>());
    let ended = dir.write("users.csv", file).import(
        &sandbox.base_url,
        &["--progress", "json", "--json", "--batch-size", "8"],
    );
    ended.exits_with(1);
    let events = events(&ended);
    assert_documented(&events);

    let summary: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(
        summary["users"]["success"],
        sum(&events, "decided", "/success")
    );
    let conflicts = sum(&events, "decided", "/failures/conflict");
    assert_eq!(summary["users"]["failures"]["conflict"], conflicts);
    assert_eq!(conflicts, 7);
    assert_eq!(
        summary["requests"]["sent"],
        of_kind(&events, "sent").count()
    );
    assert_eq!(
        summary["requests"]["splits"],
        of_kind(&events, "split").count()
    );
    let last = of_kind(&events, "decided").last().unwrap();
    assert_eq!((&last["done"], &last["toSend"]), (&30.into(), &30.into()));
    let end = events.last().unwrap();
    assert_eq!(end["event"], "end");
    assert_eq!(
        (&end["exitCode"], &end["reportDir"]),
        (&1.into(), &"run".into())
    );
    assert!(of_kind(&events, "exhausted").all(|event| event["userBundleCodes"] == "IDU"));
}

#[test]
fn waits_retries_and_a_stop_are_events() {
    let server = RawServer::answering(|nth, request| match nth {
        0 => confirming(request),
        1 => http_with(503, "", "busy"),
        _ => http_with(429, "Retry-After: 3600\r\n", ""),
    });
    let dir = Dir::new();
    let ended = dir
        .write("users.csv", "userId,code\na,IDU\nb,IDU\nc,IDU\n")
        .import(
            &server.base_url,
            &[
                "--progress",
                "json",
                "--json",
                "--batch-size",
                "1",
                "--concurrency",
                "1",
                "--max-retries",
                "3",
            ],
        );
    ended.exits_with(3);
    let events = events(&ended);
    assert_documented(&events);
    let retried = of_kind(&events, "retrying").next().unwrap();
    assert!(retried["reason"].as_str().unwrap().contains("503"));
    let stop = of_kind(&events, "stopping").next().unwrap();
    let summary: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(stop["reason"], summary["stopped"]["reason"]);
    assert_eq!(stop["advice"], summary["stopped"]["advice"]);
    assert_eq!(events.last().unwrap()["exitCode"], 3);
}

#[test]
fn the_summary_on_standard_output_is_the_one_in_the_run_folder() {
    let server = RawServer::answering(|_, request| confirming(request));
    let dir = Dir::new();
    let ended = dir
        .write("users.csv", "userId,code\na,IDU\n")
        .import(&server.base_url, &["--json"]);
    assert_eq!(ended.stdout, dir.read("run/summary.json"));

    let mut again = dir.seatload();
    again.args(["resume", "run", "--json"]);
    let again = crate::support::cli::wait_for_exit(again);
    assert_eq!(
        (again.code, again.stdout.clone()),
        (0, dir.read("run/summary.json"))
    );
    again.says("has finished");
}

#[test]
fn a_field_has_one_type_in_every_event_that_has_it() {
    let sandbox = SandboxServer::with_seats("IDU=1");
    let dir = Dir::new();
    let ended = dir
        .write("users.csv", "userId,code\na,IDU\nb,IDU\nc,IDU\n")
        .import(&sandbox.base_url, &["--progress", "json"]);
    let mut types = BTreeMap::new();
    for event in events(&ended) {
        for (field, value) in event.as_object().unwrap() {
            let kind = std::mem::discriminant(value);
            assert_eq!(*types.entry(field.clone()).or_insert(kind), kind, "{field}");
        }
    }
}

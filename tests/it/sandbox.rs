//! Everything that a new user tries without the service.

use std::io::{Read, Write};
use std::net::TcpStream;

use seatload::sandbox::SandboxSettings;

use crate::support::cli::{CommandOutput, Dir, wait_for_exit};
use crate::support::server::SandboxServer;

const JOINERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sample-data/joiners.csv");

fn seatload(dir: &Dir, arguments: &[&str]) -> CommandOutput {
    let mut command = dir.seatload();
    command.env_remove("SEATLOAD_TOKEN").args(arguments);
    command.arg("--sandbox");
    wait_for_exit(command)
}

/// The sandbox's answer to one request, with its head.
fn ask(sandbox: &SandboxServer, method_and_path: &str, body: &str) -> String {
    let address = sandbox.base_url.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).unwrap();
    write!(
        connection,
        "{method_and_path} HTTP/1.1\r\nHost: {address}\r\n\
         Authorization: Bearer any\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

fn export(dir: &Dir) -> String {
    seatload(dir, &["export"]).stdout
}

#[test]
fn a_run_in_the_sandbox_is_resumed_verified_and_undone() {
    let dir = Dir::new();
    let before = export(&dir);
    let import = [
        "import",
        JOINERS,
        "--until-full",
        "--allow-losses",
        "--report-dir",
        "run",
    ];
    let first = seatload(&dir, &[&import[..], &["--first", "10"]].concat());
    first.exits_with(3);
    let mut command = dir.seatload();
    command.args(["resume", "run"]);
    let resumed = wait_for_exit(command);
    resumed.exits_with(1);
    assert_eq!(dir.rows("run/success.csv").len(), 55);

    let verified = seatload(&dir, &["verify", JOINERS]);
    verified.exits_with(1).prints("55 of 58 users");

    let undo = [
        "import",
        "run/undo.csv",
        "--allow-removal",
        "--allow-losses",
        "--report-dir",
        "undone",
    ];
    let undone = seatload(&dir, &undo);
    undone.exits_with(0);
    assert_eq!(export(&dir), before);
}

#[test]
fn the_sandbox_answers_every_question() {
    let dir = Dir::new();
    let shown = seatload(&dir, &["check"]).stdout;
    let readings = shown.lines().filter(|line| line.ends_with(" works"));
    assert_eq!(readings.count(), 9, "{shown}");
}

#[test]
fn a_corrected_failures_file_is_imported_into_the_same_sandbox() {
    let dir = Dir::new();
    let import = [
        "import",
        JOINERS,
        "--until-full",
        "--allow-losses",
        "--report-dir",
        "run",
    ];
    assert_eq!(seatload(&dir, &import).code, 1);
    let failures = dir.read("run/failures.csv");
    let corrected: Vec<_> = failures
        .lines()
        .filter(|line| line.starts_with("userId") || line.contains("Attended Robot"))
        .map(|line| line.replace("Attended Robot", "Tester - Named User"))
        .collect();
    dir.write("run/corrected.csv", corrected.join("\n"));
    let imported = seatload(
        &dir,
        &["import", "run/corrected.csv", "--report-dir", "again"],
    );
    imported.exits_with(0);
    let verified = seatload(&dir, &["verify", "run/corrected.csv"]);
    verified.exits_with(0);
}

#[test]
fn a_post_to_the_path_of_the_allocation_reads_and_allocates_nothing() {
    let sandbox = SandboxServer::with_seats("IDU=5");
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\nann,IDU\n");
    assert_eq!(dir.import(&sandbox.base_url, &[]).code, 0);
    let answer = ask(
        &sandbox,
        "POST /acme/lease_/api/account/acc-1/user-license",
        r#"{"userIds":["ann","ben"],"userBundleCodes":["PMD"]}"#,
    );
    assert!(
        answer.contains(r#""userBundleLicenses":["IDU"]"#),
        "{answer}"
    );
    assert!(!answer.contains("ben"), "{answer}");
    assert_eq!(sandbox.codes_of("ann").as_deref(), Some("IDU"));
    assert_eq!(sandbox.codes_of("ben"), None);
}

/// What a group gives may end with a direct allocation, so it needs the consent that losses need.
#[test]
fn licences_of_a_group_need_consent_before_they_are_replaced() {
    let dir = Dir::new();
    let row = "E-Mail,Licence\nmats.meyer@acme.example,Attended - Named User\n";
    dir.write("group.csv", row);
    let refused = seatload(&dir, &["import", "group.csv", "--report-dir", "run"]);
    refused.exits_with(2);
    let warning = "1 user has licences from a group, which a direct allocation may replace";
    refused.says(warning);
    assert!(dir.contains_only(&["group.csv"]));
    let import = [
        "import",
        "group.csv",
        "--report-dir",
        "run",
        "--allow-losses",
    ];
    let sent = seatload(&dir, &import);
    sent.exits_with(0);
}

#[test]
fn at_most_twenty_names_are_looked_up_at_once() {
    let sandbox = SandboxServer::with_seats("IDU=5");
    let path = "POST /acme/identity_/api/Directory/BulkResolveByName/acc-1";
    let names = |count: usize| {
        let names: Vec<_> = (0..count)
            .map(|n| format!("\"u{n}@acme.example\""))
            .collect();
        format!("{{\"entityNames\":[{}]}}", names.join(","))
    };
    assert!(ask(&sandbox, path, &names(20)).starts_with("HTTP/1.1 200 "));
    let refused = ask(&sandbox, path, &names(21));
    assert!(refused.starts_with("HTTP/1.1 400 "), "{refused}");
    assert!(refused.contains("at most 20 names"), "{refused}");
}

/// The Identity Server's documented quota: 300 reading calls in five minutes.
#[test]
fn a_reading_call_too_many_is_refused_until_the_quota_allows_it() {
    let sandbox = SandboxServer::with_seats("IDU=5");
    let path = "GET /acme/identity_/api/User/users/acc-1?top=1&skip=0";
    for _ in 0..300 {
        let answer = ask(&sandbox, path, "");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    let refused = ask(&sandbox, path, "");
    assert!(refused.starts_with("HTTP/1.1 429 "), "{refused}");
    let mut lines = refused.lines().map(str::to_ascii_lowercase);
    let wait = lines.find_map(|line| line.strip_prefix("retry-after: ")?.parse::<u64>().ok());
    assert!(
        wait.is_some_and(|seconds| (1..=300).contains(&seconds)),
        "{refused}"
    );
}

#[test]
fn a_sandbox_that_keeps_its_state_starts_with_what_it_had() {
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\nann,IDU\nben,IDU\n");
    let settings = SandboxSettings {
        account: "acc-1".into(),
        state: Some(dir.path("state.jsonl")),
        ..SandboxSettings::default()
    };
    let first = SandboxServer::new(settings.clone());
    assert_eq!(dir.import(&first.base_url, &[]).code, 0);
    let holdings = first.state()["holdings"].clone();
    drop(first);
    let second = SandboxServer::new(settings);
    assert_eq!(second.state()["holdings"], holdings);
    assert_eq!(second.codes_of("ben").as_deref(), Some("IDU"));
}

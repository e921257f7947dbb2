//! Everything that a new user tries without the service.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::cli::{CommandOutput, Dir, wait_for_exit};
use crate::support::server::Stand;

const JOINERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sample-data/joiners.csv");

fn seatload(dir: &Dir, arguments: &[&str]) -> CommandOutput {
    let mut command = dir.seatload();
    command.env_remove("SEATLOAD_TOKEN").args(arguments);
    command.arg("--sandbox");
    wait_for_exit(command)
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
    assert_eq!(first.code, 3, "{}", first.stderr);
    let mut command = dir.seatload();
    command.args(["resume", "run"]);
    let resumed = wait_for_exit(command);
    assert_eq!(resumed.code, 1, "{}", resumed.stderr);
    assert_eq!(dir.rows("run/success.csv").len(), 55);

    let verified = seatload(&dir, &["verify", JOINERS]);
    assert_eq!(verified.code, 1, "{}", verified.stderr);
    assert!(
        verified.stdout.contains("55 of 58 users"),
        "{}",
        verified.stdout
    );

    let undo = [
        "import",
        "run/undo.csv",
        "--allow-removal",
        "--allow-losses",
        "--report-dir",
        "undone",
    ];
    let undone = seatload(&dir, &undo);
    assert_eq!(undone.code, 0, "{}", undone.stderr);
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
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    let verified = seatload(&dir, &["verify", "run/corrected.csv"]);
    assert_eq!(verified.code, 0, "{}", verified.stdout);
}

#[test]
fn a_post_to_the_path_of_the_allocation_reads_and_allocates_nothing() {
    let stand = Stand::with_seats("IDU=5");
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\nann,IDU\n");
    assert_eq!(dir.import(&stand.base_url, &[]).code, 0);
    let address = stand.base_url.trim_start_matches("http://");
    let body = r#"{"userIds":["ann","ben"],"userBundleCodes":["PMD"]}"#;
    let mut connection = TcpStream::connect(address).unwrap();
    write!(
        connection,
        "POST /acme/lease_/api/account/acc-1/user-license HTTP/1.1\r\nHost: {address}\r\n\
         Authorization: Bearer any\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(
        answer.contains(r#""userBundleLicenses":["IDU"]"#),
        "{answer}"
    );
    assert!(!answer.contains("ben"), "{answer}");
    assert_eq!(stand.held("ann").as_deref(), Some("IDU"));
    assert_eq!(stand.held("ben"), None);
}

/// What a group gives may end with a direct allocation, so it needs the consent that losses need.
#[test]
fn licences_of_a_group_need_consent_before_they_are_replaced() {
    let dir = Dir::new();
    let row = "E-Mail,Licence\nmats.meyer@acme.example,Attended - Named User\n";
    dir.write("group.csv", row);
    let refused = seatload(&dir, &["import", "group.csv", "--report-dir", "run"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    let warning = "1 user has licences from a group, which a direct allocation may replace";
    assert!(refused.stderr.contains(warning), "{}", refused.stderr);
    assert!(dir.contains_only(&["group.csv"]));
    let import = [
        "import",
        "group.csv",
        "--report-dir",
        "run",
        "--allow-losses",
    ];
    let sent = seatload(&dir, &import);
    assert_eq!(sent.code, 0, "{}", sent.stderr);
}

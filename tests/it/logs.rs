//! The log for support.

use serde_json::Value;

use crate::support::cli::{Dir, TOKEN};
use crate::support::server::{RawServer, confirming, http, http_with};

fn lines(log: &str) -> Vec<Value> {
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn every_exchange_is_logged_with_batch_attempt_status_time_and_request_id() {
    let server = RawServer::answering(|nth, request| match nth {
        0 => http_with(503, "X-Request-Id: first-1\r\n", "busy"),
        1 => {
            let confirmed = String::from_utf8(confirming(request)).unwrap();
            confirmed
                .replacen("\r\n", "\r\nX-Request-Id: second-2\r\n", 1)
                .into_bytes()
        }
        _ => http(409, "no seats for secretive reasons"),
    });
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\nb,PMD\n");
    let flags = [
        "--max-retries",
        "1",
        "--log-file",
        "log",
        "--log-format",
        "json",
    ];
    let ended = dir.import(&server.base_url, &flags);
    ended.exits_with(1);
    let log = dir.read("log");
    assert!(
        !log.contains("secretive") && !log.contains("userIds"),
        "{log}"
    );
    let exchanges: Vec<_> = lines(&log)
        .into_iter()
        .filter(|line| line["message"] == "exchange")
        .collect();
    let shown: Vec<_> = exchanges
        .iter()
        .map(|line| {
            assert!(
                line["milliseconds"].is_u64() && line["timestamp"].is_string(),
                "{line}"
            );
            format!(
                "{} {} {} {} {}",
                line["batch"], line["attempt"], line["users"], line["status"], line["request_id"]
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "1 1 1 503 \"first-1\"",
            "1 2 1 200 \"second-2\"",
            "2 1 1 409 null"
        ]
    );

    // -vv logs what is sent and received as well. The log is appended to.
    let again = dir.import_file(
        "users.csv",
        "again",
        &server.base_url,
        &["-vv", "--log-file", "log", "--log-format", "json"],
    );
    again.exits_with(1);
    let log = dir.read("log");
    assert!(
        log.contains("first-1") && log.contains("secretive"),
        "{log}"
    );
    assert!(log.contains(r#"{\"userIds\":[\"a\"]"#), "{log}");
}

#[test]
fn a_token_that_the_service_repeats_is_logged_nowhere() {
    let escaped: String = TOKEN.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    for repeated in [TOKEN, &escaped] {
        let head = format!("X-Request-Id: {TOKEN}\r\n");
        let body = format!(
            "{{\"message\":\"{}{repeated}\"}}",
            "a long message. ".repeat(18)
        );
        let server = RawServer::answering(move |_, _| http_with(409, &head, &body));
        let dir = Dir::new();
        dir.write("users.csv", "userId,code\na,IDU\n");
        let flags = ["-vv", "--log-file", "log"];
        let ended = dir.import(&server.base_url, &flags);
        ended.exits_with(1);
        let written =
            dir.read("log") + &dir.read("run/failures.csv") + &dir.read("run/summary.json");
        assert!(!written.contains(&TOKEN[..6]), "{repeated}: {written}");
    }
}

#[test]
fn the_log_goes_to_standard_error_without_a_file_and_nowhere_without_a_flag() {
    let server = RawServer::answering(|_, request| confirming(request));
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\n");
    let ended = dir.import(&server.base_url, &["-v"]);
    ended.says("exchange batch=1 attempt=1 users=1 status=200");
    let ended = dir.import_file("users.csv", "again", &server.base_url, &[]);
    assert!(!ended.stderr.contains("exchange"), "{}", ended.stderr);
    let ended = dir.import_file(
        "users.csv",
        "third",
        &server.base_url,
        &["--log-file", "no/log"],
    );
    ended.exits_with(2).says("cannot log to no/log");
}

//! Answers as gateways and proxies change them, to the program itself.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::cli::Dir;
use crate::support::server::{RawServer, confirming, http, http_with};

/// The body of an answer that confirms.
fn confirmation(request: &str) -> String {
    let answer = String::from_utf8(confirming(request)).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(body).unwrap();
    let packed = packed.finish().unwrap();
    let length = packed.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    [head.into_bytes(), packed].concat()
}

/// How an import of three users ends: its exit code, its successes, and the outcomes of the others.
fn import(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> (i32, usize, Vec<String>) {
    let server = RawServer::answering(move |_, request| answer(request));
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\nann,IDU\nben,IDU\ncid,IDU\n");
    let ended = dir.import(&server.base_url, &[]);
    let outcomes = dir.column("run/failures.csv", "outcome");
    let succeeded = dir.rows("run/success.csv").len();
    (ended.code, succeeded, outcomes)
}

#[test]
fn any_2xx_with_the_documented_array_confirms() {
    for status in [200, 201, 202, 207] {
        let ended = import(move |request| http(status, &confirmation(request)));
        assert_eq!(ended, (0, 3, vec![]), "{status}");
    }
}

#[test]
fn any_other_2xx_leaves_users_unconfirmed_and_the_run_continues() {
    for (status, body) in [(201, "{}"), (202, ""), (204, ""), (207, "[]")] {
        let ended = import(move |_| http(status, body));
        let unconfirmed = vec!["unconfirmed".to_owned(); 3];
        assert_eq!(ended, (1, 0, unconfirmed), "{status}");
    }
}

#[test]
fn compressed_answers_and_byte_order_marks_are_read() {
    let packed = import(|request| gzip(confirmation(request).as_bytes()));
    assert_eq!(packed, (0, 3, vec![]));
    let marked = import(|request| http(200, &format!("\u{feff}{}", confirmation(request))));
    assert_eq!(marked, (0, 3, vec![]));
    let both = import(|request| gzip(format!("\u{feff}{}", confirmation(request)).as_bytes()));
    assert_eq!(both, (0, 3, vec![]));
}

#[test]
fn a_response_that_grows_without_end_confirms_no_user() {
    let bomb = gzip(&vec![b' '; 300 << 20]);
    let (code, succeeded, outcomes) = import(move |_| bomb.clone());
    assert_eq!((code, succeeded), (1, 0));
    assert_eq!(outcomes, ["unknown"; 3]);
}

#[test]
fn a_lack_of_seats_is_a_conflict_with_any_status() {
    let (code, _, outcomes) = import(|_| {
        http_with(
            400,
            "Content-Type: application/json\r\n",
            r#"{"message":"Not enough seats"}"#,
        )
    });
    assert_eq!(code, 1);
    assert_eq!(outcomes, ["conflict"; 3]);
}

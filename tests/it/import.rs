//! The binary, end to end.

use std::io::Write;

use crate::support::cli::{Dir, TOKEN, wait_for_exit};
use crate::support::server::{RawServer, SandboxServer, confirming, http, http_with};

const ALL: &str = "IDU=1000,PMD=1000,ATTUNU=1000,TSTNU=1000,RPADEVNU=1000";

#[test]
fn the_readmes_first_command_gives_a_plausible_result() {
    let dir = Dir::new();
    let mut command = dir.seatload();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/sample-data/joiners.csv");
    command.env_remove("SEATLOAD_TOKEN").args([
        "import",
        file,
        "--sandbox",
        "--until-full",
        "--allow-losses",
        "--report-dir",
        "run",
        "--rate",
        "1000/s",
    ]);
    let ended = wait_for_exit(command);
    ended.exits_with(1);
    assert_eq!(dir.rows("run/success.csv").len(), 55);
    assert_eq!(
        dir.column("run/failures.csv", "outcome"),
        [
            "invalid", "invalid", "invalid", "conflict", "conflict", "conflict"
        ]
    );
    assert!(!dir.path("run/pending.csv").exists());
    ended.says("line 36: unknown e-mail address in column \"E-Mail\", \"piah.novak@acme.example\"");
    for told in [
        "success      55",
        "conflict      3",
        "ATTUNU              27         24",
        "Reports   run",
    ] {
        assert!(
            ended.stdout.contains(told),
            "{told} is not in\n{}",
            ended.stdout
        );
    }
}

#[test]
fn the_documented_example_is_sent_byte_for_byte() {
    let server = RawServer::answering(|_, request| confirming(request));
    let dir = Dir::new();
    let singers = include_bytes!("../../sample-data/singers.csv");
    let ended = dir
        .write("users.csv", singers)
        .import(&server.base_url, &[]);
    ended.exits_with(0);

    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    assert_eq!(
        lines.next(),
        Some("POST /la/api/account/acc-1/user-license HTTP/1.1")
    );
    let headers: Vec<_> = lines.map(str::to_ascii_lowercase).collect();
    assert!(headers.contains(&"content-type: application/json".to_owned()));
    assert!(headers.contains(&format!("authorization: bearer {TOKEN}")));
    assert_eq!(
        body,
        r#"{"userIds":["singer-77","singer-88","singer-111"],"userBundleCodes":["RPADEVNU","ATTUNU","TSTNU"],"useExternalLicense":true}"#
    );
    assert_eq!(
        dir.column("run/success.csv", "userId"),
        ["singer-77", "singer-88", "singer-111"]
    );
}

#[test]
fn the_other_variant_is_a_put_below_the_organisations_name() {
    let server = RawServer::answering(|_, request| match request.starts_with("PUT ") {
        true => confirming(request),
        false => http(404, ""),
    });
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\n");
    let ended = dir.import(
        &server.base_url,
        &["--endpoint", "put-lease", "--organization", "acme"],
    );
    ended.exits_with(0);
    let allocation = "PUT /acme/lease_/api/account/acc-1/user-license HTTP/1.1";
    let requests = server.requests();
    assert!(
        requests
            .iter()
            .any(|request| request.starts_with(allocation))
    );
}

#[test]
fn a_corrected_failures_file_gives_a_skipped_user_all_its_codes() {
    let sandbox = SandboxServer::with_seats(ALL);
    let dir = Dir::new();
    dir.write(
        "users.csv",
        "User ID,Code\nann,IDU\nben,PMD\nann,PMDD\ncara,IDUU\nann,TSTNU\n,IDU\n",
    );
    let first = dir.import(&sandbox.base_url, &[]);
    first.exits_with(1);
    assert_eq!(dir.column("run/success.csv", "userId"), ["ben"]);
    let failures: Vec<_> = dir
        .rows("run/failures.csv")
        .into_iter()
        .map(|row| {
            format!(
                "{} {} {} {}",
                row["outcome"], row["line"], row["userId"], row["userBundleCodes"]
            )
        })
        .collect();
    assert_eq!(
        failures,
        [
            "invalid 4 ann PMDD",
            "invalid 5 cara IDUU",
            "invalid 7  IDU",
            "withheld 2 ann IDU;TSTNU"
        ]
    );
    assert_eq!(sandbox.codes_of("ann"), None);

    let mended = dir
        .read("run/failures.csv")
        .replace("PMDD,", "PMD,")
        .replace("IDUU,", "IDU,")
        .replace("\n,IDU", "\ndora,IDU");
    dir.write("mended.csv", mended);
    let second = dir.import_file("mended.csv", "again", &sandbox.base_url, &[]);
    second.exits_with(0);
    assert_eq!(sandbox.codes_of("ann").as_deref(), Some("IDU;PMD;TSTNU"));
    assert_eq!(sandbox.codes_of("cara").as_deref(), Some("IDU"));
    assert_eq!(sandbox.codes_of("dora").as_deref(), Some("IDU"));
}

#[test]
fn a_bad_row_that_is_imported_again_uncorrected_stays_bad() {
    let long = format!("long,{}PMD;NOPE", "IDU;".repeat(400));
    let rows: [&[u8]; 9] = [
        b"a,IDU,PMD",
        b"j\xf6rg,IDU",
        "a\u{200e}b,IDU".as_bytes(),
        "a\u{200b}b,IDU".as_bytes(),
        b"\"a\nb\",IDU",
        b"a\x1bb,IDU",
        b"alone",
        b",IDU",
        long.as_bytes(),
    ];
    for row in rows {
        let server = RawServer::answering(|_, request| confirming(request));
        let dir = Dir::new();
        dir.write("users.csv", [b"userId,code\n", row, b"\n"].concat());
        let first = dir.import(&server.base_url, &[]);
        first.exits_with(1);
        let again = dir.import_file("run/failures.csv", "again", &server.base_url, &[]);
        again.exits_with(1);
        assert!(
            server.requests().is_empty(),
            "{}",
            String::from_utf8_lossy(row)
        );
    }
}

#[test]
fn a_user_whose_request_was_never_sent_has_sent_no() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\n");
    assert_eq!(dir.import(&base_url, &[]).code, 1);
    let row = dir.rows("run/failures.csv").remove(0);
    assert_eq!(
        (&*row["outcome"], &*row["sent"], &*row["attempts"]),
        ("unavailable", "no", "0")
    );
}

#[test]
fn a_file_of_bad_rows_is_a_finished_run_without_requests() {
    let server = RawServer::answering(|_, _| http(500, ""));
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,NONE\n");
    let ended = dir.import(&server.base_url, &[]);
    ended.exits_with(1);
    assert!(server.requests().is_empty());
}

#[test]
fn standard_input_is_a_file_like_any_other() {
    let sandbox = SandboxServer::with_seats(ALL);
    let dir = Dir::new();
    let mut command = dir.seatload();
    command
        .args(["import", "-", "--report-dir", "run", "--account", "acc-1"])
        .args(["--base-url", &sandbox.base_url])
        .write_stdin("\u{feff}userId;code\r\n".replace(';', ",") + "a,IDU\r\n");
    let ended = wait_for_exit(command);
    ended.exits_with(0);
    assert_eq!(sandbox.codes_of("a").as_deref(), Some("IDU"));
}

#[test]
fn settings_come_from_the_environment_too() {
    let sandbox = SandboxServer::with_seats(ALL);
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\nb,IDU\n")
        .write("token", format!("{TOKEN}\n"));
    let mut command = dir.seatload();
    command
        .env_remove("SEATLOAD_TOKEN")
        .env("SEATLOAD_TOKEN_FILE", "token")
        .env("SEATLOAD_ACCOUNT", "acc-1")
        .env("SEATLOAD_BASE_URL", &sandbox.base_url)
        .env("SEATLOAD_BATCH_SIZE", "1")
        .env("SEATLOAD_EXTERNAL_LICENSE", "true")
        .env("SEATLOAD_REPORT_DIR", "run")
        .args(["import", "users.csv"]);
    let ended = wait_for_exit(command);
    ended.exits_with(0);
    assert_eq!(sandbox.state()["requests"], 2);
    assert_eq!(sandbox.state()["holdings"]["a"]["useExternalLicense"], true);
}

#[test]
fn an_input_that_cannot_be_imported_is_an_error_and_leaves_no_files() {
    let good = "userId,code\na,IDU\n";
    for (content, arguments, told) in [
        ("", vec![], "the file is empty"),
        ("userId,code\n", vec![], "a header but no rows"),
        ("name,code\nx,IDU\n", vec![], "no user ID column"),
        ("userId:code\nx:IDU\n", vec![], "use --delimiter"),
        (
            "userId,User ID,code\nx,x,IDU\n",
            vec![],
            "two columns look like the user ID",
        ),
        (
            "userId,code\nx,\"IDU\n",
            vec![],
            "line 2: a quote is opened",
        ),
        (good, vec!["--burst", "20000"], "--burst 20000 is more than"),
        (good, vec!["--rate", "10"], "`10` is not a rate"),
        (good, vec!["--batch-size", "0"], "--batch-size"),
        (good, vec!["--timeout", "0s"], "--timeout"),
        (
            good,
            vec!["--token-file", "users.csv"],
            "two ways to sign in",
        ),
        (
            good,
            vec!["--organization", "a/b"],
            "the organization is empty, or contains a `/`",
        ),
    ] {
        let dir = Dir::new();
        let ended = dir
            .write("users.csv", content)
            .import("http://127.0.0.1:9", &arguments);
        assert_eq!(ended.code, 2, "{content} {arguments:?}");
        assert!(
            ended.stderr.contains(told),
            "{told} is not in\n{}",
            ended.stderr
        );
        assert!(dir.contains_only(&["users.csv"]));
    }
}

#[test]
fn a_wrong_address_or_a_missing_file_or_token_is_an_error_and_leaves_no_files() {
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\n");
    let open = dir.import("http://cloud.uipath.com", &[]);
    open.exits_with(2)
        .says("the token would be sent unencrypted");

    let missing = dir.import_file("nowhere.csv", "run", "http://127.0.0.1:9", &[]);
    missing.exits_with(2).says("cannot open nowhere.csv");

    let mut command = dir.seatload();
    command
        .env_remove("SEATLOAD_TOKEN")
        .args(["import", "users.csv", "--account", "a"]);
    let tokenless = wait_for_exit(command);
    tokenless.exits_with(2).says("there is no access token");
    assert!(dir.contains_only(&["users.csv"]));
}

#[test]
fn a_report_folder_that_is_not_empty_is_never_written_to() {
    let server = RawServer::answering(|_, request| confirming(request));
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\n");
    assert_eq!(dir.import(&server.base_url, &[]).code, 0);
    let before = dir.read("run/success.csv");
    let second = dir.import(&server.base_url, &[]);
    second.exits_with(2).says("is not empty");
    assert_eq!(dir.read("run/success.csv"), before);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_rejected_token_stops_after_one_request_with_a_hint() {
    // The service echoes the token; the helper finds it nowhere.
    let server = RawServer::answering(|_, _| http(401, &format!("invalid token {TOKEN}!")));
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\nb,PMD\n");
    let ended = dir.import(&server.base_url, &[]);
    ended.exits_with(3);
    assert_eq!(server.requests().len(), 1);
    for told in [
        "the service rejected the token (401)",
        "PM.License.Write",
        "seatload resume run",
    ] {
        assert!(
            ended.stderr.contains(told),
            "{told} is not in\n{}",
            ended.stderr
        );
    }
    assert_eq!(dir.column("run/pending.csv", "userId"), ["a", "b"]);
    let summary: serde_json::Value = serde_json::from_str(&dir.read("run/summary.json")).unwrap();
    assert_eq!(summary["users"]["pending"], 2);
    assert!(
        summary["stopped"]["reason"]
            .as_str()
            .unwrap()
            .contains("401")
    );
}

#[test]
fn a_wrong_account_leaves_the_first_users_pending() {
    let server = RawServer::answering(|_, _| http(404, ""));
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\nb,IDU\nc,IDU\n");
    let stopped = dir.import(&server.base_url, &[]);
    stopped.exits_with(3).says("--account");
    assert_eq!(dir.column("run/pending.csv", "userId"), ["a", "b", "c"]);
    assert!(dir.rows("run/failures.csv").is_empty());
}

#[test]
fn a_pending_file_can_be_imported_to_finish_the_run() {
    let dir = Dir::new();
    dir.write(
        "users.csv",
        "userId,code,external\na,IDU,true\nb,PMD;IDU,\n",
    );
    let refusing = RawServer::answering(|_, _| http(403, ""));
    assert_eq!(dir.import(&refusing.base_url, &[]).code, 3);
    let sandbox = SandboxServer::with_seats(ALL);
    let ended = dir.import_file("run/pending.csv", "again", &sandbox.base_url, &[]);
    ended.exits_with(0);
    assert_eq!(sandbox.codes_of("b").as_deref(), Some("IDU;PMD"));
    assert_eq!(sandbox.state()["holdings"]["a"]["useExternalLicense"], true);
}

#[test]
fn a_first_response_without_the_service_has_a_hint() {
    for answer in [
        http(404, r#"{"message":"no such thing"}"#),
        http(405, ""),
        http(200, "<!DOCTYPE html><html><title>Sign in</title></html>"),
    ] {
        let server = RawServer::answering(move |_, _| answer.clone());
        let dir = Dir::new();
        dir.write("users.csv", "userId,code\na,IDU\n");
        let ended = dir.import(&server.base_url, &[]);
        assert_ne!(ended.code, 0);
        for told in ["--endpoint put-lease", "--account", "--url"] {
            assert!(
                ended.stderr.contains(told),
                "{told} is not in\n{}",
                ended.stderr
            );
        }
    }
}

#[test]
fn a_redirect_is_not_followed_and_the_token_stays() {
    let elsewhere = RawServer::answering(|_, request| confirming(request));
    let location = format!(
        "Location: {}/la/api/account/acc-1/user-license\r\n",
        elsewhere.base_url
    );
    for status in [301, 302, 307, 308] {
        let location = location.clone();
        let server = RawServer::answering(move |_, _| http_with(status, &location, ""));
        let dir = Dir::new();
        dir.write("users.csv", "userId,code\na,IDU\n");
        let ended = dir.import(&server.base_url, &[]);
        ended.exits_with(3).says("the address has moved");
    }
    assert!(elsewhere.requests().is_empty());
}

/// An import of one user with every request diverted to `proxy`, as far as the environment can do it.
fn import_with_proxy(dir: &Dir, base_url: &str, proxy: &RawServer) -> i32 {
    dir.write("users.csv", "userId,code\na,IDU\n");
    let mut command = dir.seatload();
    for name in ["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"] {
        command
            .env_remove(name.to_lowercase())
            .env(name, &proxy.base_url);
    }
    command
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        // Where it is set, HTTP_PROXY could come from a request to a web server, and is not heeded.
        .env_remove("REQUEST_METHOD")
        .args(["import", "users.csv", "--report-dir", "run"])
        .args(["--account", "acc-1", "--base-url", base_url])
        .args(["--max-retries", "0"]);
    wait_for_exit(command).code
}

#[test]
fn loopback_addresses_are_reached_without_the_proxy() {
    let server = RawServer::answering(|_, request| confirming(request));
    let proxy = RawServer::answering(|_, request| confirming(request));
    let code = import_with_proxy(&Dir::new(), &server.base_url, &proxy);
    assert_eq!(code, 0);
    assert_eq!(proxy.requests(), Vec::<String>::new());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn other_addresses_are_reached_through_the_proxy_which_does_not_see_the_token() {
    let proxy = RawServer::answering(|_, _| http(502, ""));
    let code = import_with_proxy(&Dir::new(), "https://cloud.invalid", &proxy);
    assert_eq!(code, 1);
    let requests = proxy.requests();
    assert_eq!(requests.len(), 1);
    assert!(requests[0].starts_with("CONNECT cloud.invalid:443 "));
    assert!(!requests[0].contains(TOKEN));
}

#[test]
fn a_formula_or_an_escape_sequence_stays_text_in_every_report() {
    let message = "=HYPERLINK(1) \\u001b[2J gone";
    let server = RawServer::answering(move |_, request| {
        if request.contains("refused") {
            return http(400, &format!(r#"{{"message":"{message}"}}"#));
        }
        confirming(request)
    });
    let dir = Dir::new();
    dir.write(
        "users.csv",
        "userId,code\n+cmd|' /C calc'!A0,IDU\n-minus,IDU\n@refused,PMD\n+x,=1+1\n",
    );
    let ended = dir.import(&server.base_url, &[]);
    ended.exits_with(1);
    assert_eq!(
        dir.column("run/success.csv", "userId"),
        ["'+cmd|' /C calc'!A0", "'-minus"]
    );
    assert_eq!(
        dir.column("run/failures.csv", "userId"),
        ["'+x", "'@refused"]
    );
    assert_eq!(
        dir.column("run/failures.csv", "userBundleCodes"),
        ["'=1+1", "PMD"]
    );
    let messages = dir.column("run/failures.csv", "message");
    assert!(
        messages[1].starts_with("'=HYPERLINK(1) \\u{1b}[2J gone. Hint: "),
        "{}",
        messages[1]
    );
    for text in [&ended.stderr, &ended.stdout, &dir.read("run/failures.csv")] {
        assert!(!text.contains('\u{1b}'));
    }

    // Fed back, the guarded IDs are the same users.
    let again = RawServer::answering(|_, request| confirming(request));
    assert_eq!(
        dir.import_file("run/success.csv", "again", &again.base_url, &[])
            .code,
        0
    );
    assert!(again.requests()[0].contains(r#"["+cmd|' /C calc'!A0","-minus"]"#));
}

#[test]
fn the_summary_has_the_documented_fields_and_no_other() {
    let server = RawServer::answering(|_, request| confirming(request));
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\n");
    dir.import(&server.base_url, &[]);
    let summary: serde_json::Value = serde_json::from_str(&dir.read("run/summary.json")).unwrap();
    let document = include_str!("../../docs/json.md");
    let (_, table) = document.split_once("| `schema` |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let table = format!("| `schema` |{table}");
    let mut listed: Vec<&str> = Vec::new();
    for row in table.lines() {
        let field = row.split('|').nth(1).unwrap();
        listed.extend(field.split('`').skip(1).step_by(2));
    }
    let mut fields: Vec<_> = summary
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    listed.sort_unstable();
    fields.sort_unstable();
    assert_eq!(fields, listed);
    for part in ["settings", "users", "requests"] {
        let row = table
            .lines()
            .find(|row| row.starts_with(&format!("| `{part}`")))
            .unwrap();
        for field in summary[part].as_object().unwrap().keys() {
            assert!(
                row.contains(&format!("`{field}`")),
                "docs/json.md lacks {part}.{field}"
            );
        }
    }
}

#[test]
fn a_signal_stops_the_run_in_good_order() {
    use std::io::{BufRead, BufReader};
    use std::process::Command;
    use std::sync::Mutex;
    use std::sync::mpsc;

    for signal in ["-INT", "-TERM", "-HUP"] {
        // The first request is held back until the signal has been heard.
        let (arrived, arrival) = mpsc::channel();
        let (go, gate) = mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        let server = RawServer::answering(move |_, request| {
            arrived.send(()).unwrap();
            gate.lock().unwrap().recv().unwrap();
            confirming(request)
        });
        let dir = Dir::new();
        dir.write("users.csv", "userId,code\na,IDU\nb,PMD\n");
        let mut child = dir.start_import(&server.base_url, &[]);
        let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        arrival.recv().unwrap();
        Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(stderr.any(|line| line.unwrap().contains("waiting for 1 request in flight")));
        go.send(()).unwrap();
        assert!(stderr.any(|line| { line.unwrap().contains("resume with: seatload resume run") }));
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}");
        assert_eq!(dir.column("run/success.csv", "userId"), ["a"]);
        assert_eq!(dir.column("run/pending.csv", "userId"), ["b"]);
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_strict_import_with_a_bad_row_writes_reports_and_cannot_be_resumed() {
    let server = RawServer::answering(|_, request| confirming(request));
    let dir = Dir::new();
    let refused = dir
        .write("users.csv", "userId,code\na,IDU\nb,PMD\nc,NOPE\n")
        .import(&server.base_url, &["--strict"]);
    assert_eq!((refused.code, server.requests().len()), (2, 0));
    let page = dir.read("run/report.html");
    for told in [
        "Import refused",
        "None of 2 users has its licences; 1 bad row needs attention; 2 users are not decided yet",
        "the file has 1 bad row, which --strict does not allow; nothing was sent",
        "correct the rows that are listed in failures.csv",
    ] {
        assert!(page.contains(told), "{told}");
    }
    assert!(!page.contains("Resume with"));
    let summary: serde_json::Value = serde_json::from_str(&dir.read("run/summary.json")).unwrap();
    assert_eq!(summary["users"]["pending"], 2);
    assert_eq!(summary["requests"]["sent"], 0);

    let mut resume = dir.seatload();
    resume.args(["resume", "run"]);
    let resumed = wait_for_exit(resume);
    assert_eq!((resumed.code, server.requests().len()), (2, 0));
    resumed.says("has no run.json");
}

#[test]
fn a_file_name_cannot_control_the_terminal() {
    let server = RawServer::answering(|_, request| confirming(request));
    let dir = Dir::new();
    let name = "users\u{1b}[2J\nmore.csv";
    let missing = dir.import_file(name, "run", &server.base_url, &[]);
    let sent =
        dir.write(name, "userId,code\na,IDU\n")
            .import_file(name, "run", &server.base_url, &[]);
    assert_eq!((missing.code, sent.code), (2, 0));
    for ended in [missing, sent] {
        assert!(!ended.stderr.contains('\u{1b}') && !ended.stdout.contains('\u{1b}'));
        ended.says("users\\u{1b}[2J");
    }
}

#[test]
fn failures_imported_again_uncorrected_give_no_user_a_part_of_its_codes() {
    let server = RawServer::answering(|_, request| confirming(request));
    for file in [
        "userId,code\nann,IDU\n,ATTUNU\nbob,IDU\n",
        "userId,code\nann,IDU\nann\u{200b},ATTUNU\nbob,IDU\n",
        "userId,code\nann,IDU\n\"=\"\"ann\"\"\",ATTUNU\nbob,IDU\n",
        "name,userId,code\nAnn,ann,IDU\nSmith, Ann,ann,ATTUNU\nBob,bob,IDU\n",
        "userId,code\nann,IDU\ncarl,\"PMD\nann,PMD\"\nbob,IDU\n",
        "userId,code\nann,IDU\nann,IDU,ATTUNU\nbob,IDU\n",
    ] {
        let dir = Dir::new();
        dir.write("users.csv", file);
        assert_eq!(dir.import(&server.base_url, &[]).code, 1, "{file}");
        assert!(!dir.read("run/success.csv").contains("ann"), "{file}");
        let again = dir.import_file("run/failures.csv", "again", &server.base_url, &[]);
        assert_eq!(again.code, 1, "{file}: {}", again.stderr);
        assert_eq!(dir.rows("again/success.csv").len(), 0, "{file}");
    }
}

#[test]
fn requests_have_guids_in_their_usual_spelling_and_reports_have_the_files() {
    let server = RawServer::answering(|_, request| confirming(request));
    let dir = Dir::new();
    let spelled = "{1B6C02A4-90D1-4F0E-8A4B-0D3F5C7E9A11}";
    let simple = "1b6c02a490d14f0e8a4b0d3f5c7e9a12";
    dir.write(
        "users.csv",
        format!("userId,code\n{spelled},IDU\n{simple},IDU\n"),
    );
    let sent = dir.import(&server.base_url, &[]);
    sent.exits_with(0);
    let usual =
        r#"["1b6c02a4-90d1-4f0e-8a4b-0d3f5c7e9a11","1b6c02a4-90d1-4f0e-8a4b-0d3f5c7e9a12"]"#;
    let requests = server.requests();
    assert!(requests[0].contains(usual), "{requests:?}");
    assert_eq!(dir.column("run/success.csv", "userId"), [spelled, simple]);
}

#[test]
fn a_file_that_changes_while_it_is_read_is_an_error_before_anything_is_sent() {
    let dir = Dir::new();
    dir.write("users.csv", "email,code\nann@acme.example,IDU\n");
    let path = dir.path("users.csv");
    // The file grows while its addresses are looked up.
    let server = RawServer::answering(move |_, request| {
        if request.contains("BulkResolveByName") {
            let mut file = std::fs::OpenOptions::new()
                .append(true)
                .open(&path)
                .unwrap();
            file.write_all(b"ben@acme.example,IDU\n").unwrap();
            return http(200, "{}");
        }
        http(404, "")
    });
    let mut command = dir.seatload();
    command.args([
        "import",
        "users.csv",
        "--report-dir",
        "run",
        "--account",
        "acc-1",
    ]);
    command.args([
        "--url",
        &format!("{}/acme", server.base_url),
        "--max-retries",
        "0",
    ]);
    let changed = wait_for_exit(command);
    changed.exits_with(2);
    let error =
        "error: users.csv changed while it was read\n  hint: wait until the file is complete";
    changed.says(error);
    assert!(dir.contains_only(&["users.csv"]));
}

/// A pipe that nobody writes to would hang, and one that somebody writes to cannot be read twice.
#[cfg(unix)]
#[test]
fn a_pipe_and_a_device_are_errors_that_name_standard_input() {
    let dir = Dir::new();
    let made = std::process::Command::new("mkfifo")
        .arg(dir.path("pipe"))
        .status();
    assert!(made.unwrap().success());
    for name in ["pipe", "/dev/null"] {
        let mut command = dir.seatload();
        command.args(["import", name, "--sandbox", "--report-dir", "run"]);
        let refused = wait_for_exit(command);
        refused.exits_with(2);
        let error = format!("error: {name} is a pipe or a device");
        refused.says(&error).says("seatload import - < FILE");
        assert!(!dir.path("run").exists());
    }
}

#[test]
fn the_reason_for_retries_is_shown_once() {
    let server = RawServer::answering(|_, _| http(503, "maintenance"));
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\n");
    let retries = ["--max-retries", "2"];
    let ended = dir.import_file("users.csv", "run", &server.base_url, &retries);
    ended.exits_with(1);
    let shown = "a request failed and will be retried: status 503";
    assert_eq!(ended.stderr.matches(shown).count(), 1, "{}", ended.stderr);
}

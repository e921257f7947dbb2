//! Going on with a run: after a stop, a kill, a torn record, a full disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::Mutex;
use std::sync::mpsc;

use crate::support::cli::{CommandOutput, Dir, TOKEN, wait_for_exit};
use crate::support::server::{
    FaultyService, RawServer, SandboxServer, confirming, http, http_with,
};
use seatload::api::AllocationRequest;
use seatload::sandbox::{Ledger, SandboxSettings};

fn resume(dir: &Dir, arguments: &[&str]) -> CommandOutput {
    let mut command = dir.seatload();
    command.args(["resume", "run"]).args(arguments);
    wait_for_exit(command)
}

/// A server that confirms, but answers the `nth` request so.
fn confirming_but(nth: usize, answer: Vec<u8>) -> RawServer {
    RawServer::answering(move |this, request| {
        if this == nth {
            answer.clone()
        } else {
            confirming(request)
        }
    })
}

fn users(count: usize) -> String {
    let rows: String = (0..count).map(|user| format!("u{user},IDU\n")).collect();
    format!("userId,code\n{rows}")
}

#[test]
fn a_stopped_run_resumes_with_undecided_users_and_ends_as_an_uninterrupted_one() {
    let server = confirming_but(3, http(401, ""));
    let dir = Dir::new();
    dir.write("users.csv", users(100) + "x,NONE\n");
    let stopped = dir.import(
        &server.base_url,
        &["--batch-size", "10", "--concurrency", "1"],
    );
    stopped.exits_with(3);
    assert_eq!(dir.rows("run/pending.csv").len(), 70);

    let resumed = resume(&dir, &[]);
    resumed.exits_with(1);
    let expected: Vec<_> = (0..100).map(|user| format!("u{user}")).collect();
    let mut succeeded = dir.column("run/success.csv", "userId");
    succeeded.sort_by_key(|user| user[1..].parse::<usize>().unwrap());
    assert_eq!(succeeded, expected);
    assert_eq!(dir.column("run/failures.csv", "outcome"), ["invalid"]);
    assert!(!dir.path("run/pending.csv").exists());
    assert_eq!(server.requests().len(), 4 + 7);
    let summary: serde_json::Value = serde_json::from_str(&dir.read("run/summary.json")).unwrap();
    assert_eq!(summary["users"]["success"], 100);
    assert_eq!(summary["users"]["pending"], 0);
    assert_eq!(summary["codes"][0]["allocated"], 100);
}

#[test]
fn a_finished_run_is_left_unchanged() {
    let server = confirming_but(0, http(400, "no"));
    let dir = Dir::new();
    dir.write("users.csv", users(1));
    assert_eq!(dir.import(&server.base_url, &[]).code, 1);
    // Not even the input or a token is needed to say so.
    std::fs::remove_file(dir.path("users.csv")).unwrap();
    let mut command = dir.seatload();
    command.env_remove("SEATLOAD_TOKEN").args(["resume", "run"]);
    let resumed = wait_for_exit(command);
    assert_eq!(resumed.code, 1, "a user has failed");
    resumed.says("has finished");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_changed_input_is_an_error_that_names_the_difference() {
    let dir = Dir::new();
    dir.write("users.csv", users(20));
    let server = confirming_but(1, http(403, ""));
    assert_eq!(
        dir.import(
            &server.base_url,
            &["--batch-size", "5", "--concurrency", "1"]
        )
        .code,
        3
    );
    let before = (dir.read("run/success.csv"), dir.read("run/pending.csv"));
    for (other, told) in [
        (users(21), "bytes instead of"),
        (
            users(20).replace("u7", "v7"),
            "the same length and other content",
        ),
        ("nonsense".to_owned(), "bytes instead of"),
    ] {
        dir.write("users.csv", other);
        let refused = resume(&dir, &[]);
        refused.exits_with(2).says(told);
        assert_eq!(
            (dir.read("run/success.csv"), dir.read("run/pending.csv")),
            before
        );
    }
    std::fs::remove_file(dir.path("users.csv")).unwrap();
    assert_eq!(resume(&dir, &[]).code, 2);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_resumed_run_needs_the_directory_that_it_started_with() {
    let server = RawServer::answering(|_, _| http(403, ""));
    let dir = Dir::new();
    dir.write("users.csv", "Who;IDU\nann@example.com;x\n")
        .write("people.csv", "id,email\nu1,ann@example.com\n");
    let flags = [
        "--wide",
        "--user-column",
        "who",
        "--directory",
        "people.csv",
    ];
    assert_eq!(dir.import(&server.base_url, &flags).code, 3);

    let again = resume(&dir, &[]);
    again.exits_with(3);
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.contains(r#"["u1"]"#))
    );
    let before = server.requests().len();
    dir.write("people.csv", "id,email\nu2,ann@example.com\n");
    let changed = resume(&dir, &[]);
    changed
        .exits_with(2)
        .says("people.csv has changed since the run started");
    assert_eq!(server.requests().len(), before);
}

#[test]
fn a_run_is_not_resumed_before_a_long_retry_after_is_over() {
    let server = RawServer::answering(|_, _| http_with(503, "Retry-After: 7200\r\n", ""));
    let dir = Dir::new();
    dir.write("users.csv", users(3));
    let stopped = dir.import(&server.base_url, &["--max-retries", "1"]);
    stopped.exits_with(3);
    let refused = resume(&dir, &[]);
    refused.exits_with(2).says("accepts no requests before");
    assert_eq!(server.requests().len(), 1);
    assert_eq!(dir.rows("run/pending.csv").len(), 3);
}

#[test]
fn an_interrupted_wait_is_continued_by_resume() {
    let server = RawServer::answering(|_, _| http_with(429, "Retry-After: 600\r\n", ""));
    let dir = Dir::new();
    dir.write("users.csv", users(3));
    let notes_before = || dir.read("run/summary.json").contains(r#""notBefore": "2"#);
    let import = dir.start_import(&server.base_url, &["--progress", "json"]);
    interrupted_in_a_wait(import);
    assert!(notes_before());
    interrupted_in_a_wait(dir.start(&["resume", "run", "--progress", "json"]));
    assert!(notes_before());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_wait_that_the_service_asked_for_survives_a_kill() {
    let server = RawServer::answering(|_, _| http_with(429, "Retry-After: 600\r\n", ""));
    let dir = Dir::new();
    dir.write("users.csv", users(3));
    let mut import = dir.start_import(&server.base_url, &["--progress", "json"]);
    for _ in 0..3 {
        drop(until_waiting(&mut import));
        import.kill().unwrap();
        import.wait().unwrap();
        assert!(!dir.path("run/summary.json").exists());
        import = dir.start(&["resume", "run", "--progress", "json"]);
    }
    drop(until_waiting(&mut import));
    import.kill().unwrap();
    import.wait().unwrap();
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_report_folder_that_is_removed_stops_the_run_at_once() {
    let server = RawServer::answering(|_, _| http_with(429, "Retry-After: 600\r\n", ""));
    let dir = Dir::new();
    dir.write("users.csv", users(3));
    let mut import = dir.start_import(&server.base_url, &["--progress", "json"]);
    let lines = until_waiting(&mut import);
    std::fs::remove_dir_all(dir.path("run")).unwrap();
    // The service asked for ten minutes: either the run ends for another reason, or this test never does.
    let rest: Vec<_> = lines.map(Result::unwrap).collect();
    assert_eq!(import.wait().unwrap().code(), Some(3));
    let is_error = |line: &String| line.contains("the report folder was removed");
    assert!(rest.iter().any(is_error), "{rest:?}");
}

/// Reads events until the run waits.
fn until_waiting(
    child: &mut std::process::Child,
) -> impl Iterator<Item = std::io::Result<String>> + use<> {
    use std::io::{BufRead, BufReader};

    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(r#""waiting""#)));
    lines
}

fn interrupted_in_a_wait(mut child: std::process::Child) {
    let lines = until_waiting(&mut child);
    let kill = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    lines.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_folder_without_a_run_is_an_error() {
    let dir = Dir::new();
    assert!(resume(&dir, &[]).stderr.contains("there is no run folder"));
    std::fs::create_dir(dir.path("run")).unwrap();
    let ended = resume(&dir, &[]);
    ended.exits_with(2).says("no run.json");
}

#[test]
fn a_torn_last_record_is_cut_off_and_its_user_is_sent_again() {
    let dir = Dir::new();
    dir.write("users.csv", users(20));
    let server = confirming_but(2, http(403, ""));
    dir.import(
        &server.base_url,
        &["--batch-size", "5", "--concurrency", "1"],
    );
    let whole = dir.read("run/success.csv");
    let torn = &whole[..whole.len() - 9];
    dir.write("run/success.csv", torn);
    assert_eq!(resume(&dir, &[]).code, 0);
    let succeeded: BTreeSet<_> = dir
        .column("run/success.csv", "userId")
        .into_iter()
        .collect();
    assert_eq!(succeeded.len(), 20);
    assert_eq!(dir.rows("run/success.csv").len(), 20);
}

#[test]
fn standard_input_is_saved_so_that_its_run_can_be_resumed() {
    let server = confirming_but(1, http(403, ""));
    let dir = Dir::new();
    let mut command = dir.seatload();
    command
        .args([
            "import",
            "-",
            "--report-dir",
            "run",
            "--account",
            "acc-1",
            "--batch-size",
            "5",
        ])
        .args(["--base-url", &server.base_url, "--rate", "10000/50ms"])
        .write_stdin(users(20));
    assert_eq!(wait_for_exit(command).code, 3);
    assert_eq!(dir.read("run/input"), users(20));
    assert_eq!(resume(&dir, &[]).code, 0);
    assert_eq!(dir.rows("run/success.csv").len(), 20);
}

#[test]
fn standard_input_that_cannot_be_imported_leaves_no_files() {
    let dir = Dir::new();
    let mut command = dir.seatload();
    command
        .args(["import", "-", "--report-dir", "run", "--account", "acc-1"])
        .write_stdin("");
    assert_eq!(wait_for_exit(command).code, 2);
    assert!(dir.contains_only(&[]));
}

#[test]
fn failed_users_are_retried_on_request_and_removed_from_failures_once_they_succeed() {
    let is_full = Mutex::new(true);
    let (open, opened) = mpsc::channel();
    let opened = Mutex::new(opened);
    let server = RawServer::answering(move |_, request| {
        let mut is_full = is_full.lock().unwrap();
        *is_full &= opened.lock().unwrap().try_recv().is_err();
        let refuses = request.contains("\"u3\"") && *is_full || request.contains("\"u5\"");
        if refuses {
            http(409, "full")
        } else {
            confirming(request)
        }
    });
    let dir = Dir::new();
    dir.write("users.csv", users(8) + "u8,NONE\nu9,IDU\nu9,NONE\n");
    assert_eq!(dir.import(&server.base_url, &[]).code, 1);
    let outcomes = |dir: &Dir| -> Vec<String> {
        let row = |row: BTreeMap<String, String>| format!("{} {}", row["userId"], row["outcome"]);
        dir.rows("run/failures.csv").into_iter().map(row).collect()
    };
    assert_eq!(
        outcomes(&dir),
        [
            "u8 invalid",
            "u9 invalid",
            "u9 withheld",
            "u3 conflict",
            "u5 conflict"
        ]
    );
    open.send(()).unwrap();
    let before = server.requests().len();
    let again = resume(&dir, &["--retry-failed"]);
    again.exits_with(1);
    assert_eq!(
        outcomes(&dir),
        ["u8 invalid", "u9 invalid", "u9 withheld", "u5 conflict"]
    );
    assert_eq!(dir.rows("run/success.csv").len(), 7);
    assert!(
        server.requests()[before..]
            .iter()
            .all(|request| !request.contains("\"u1\""))
    );
    let summary: serde_json::Value = serde_json::from_str(&dir.read("run/summary.json")).unwrap();
    assert_eq!(summary["users"]["failures"]["conflict"], 1);
    assert_eq!(summary["users"]["success"], 7);
}

#[test]
fn a_user_recorded_as_failed_and_then_as_a_success_is_a_success() {
    let server = confirming_but(0, http(400, "no"));
    let dir = Dir::new();
    dir.write("users.csv", users(1));
    dir.import(&server.base_url, &[]);
    // As if a --retry-failed was killed right behind the new record.
    let mut success = OpenOptions::new()
        .append(true)
        .open(dir.path("run/success.csv"))
        .unwrap();
    success
        .write_all(b"u0,IDU,false,org,yes,2,2,2026-11-24T10:15:02.517Z,,\n")
        .unwrap();
    std::fs::remove_file(dir.path("run/summary.json")).unwrap();
    let resumed = resume(&dir, &[]);
    resumed.exits_with(0);
    assert!(dir.rows("run/failures.csv").is_empty());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_running_import_is_left_alone_and_its_process_is_named() {
    let (arrived, arrival) = mpsc::channel();
    let (go, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let server = RawServer::answering(move |_, request| {
        arrived.send(()).unwrap();
        gate.lock().unwrap().recv().unwrap();
        confirming(request)
    });
    let dir = Dir::new();
    dir.write("users.csv", users(1));
    let address = ["--account", "acc-1", "--base-url", &server.base_url];
    let mut first = dir.start(
        &[
            &["import", "users.csv", "--report-dir", "run"],
            &address[..],
        ]
        .concat(),
    );
    arrival.recv().unwrap();
    for second in [resume(&dir, &[]), dir.import(&server.base_url, &[])] {
        second.exits_with(2).says(&first.id().to_string());
    }
    go.send(()).unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(0));
}

/// Kills imports and resumes at random instants, told by the requests that have arrived, and checks the end.
fn kill_again_and_again(user_count: usize, batch_size: usize, kills: usize, seed: u64) {
    const SETS: [&str; 3] = ["IDU", "PMD;TSTNU", "ATTUNU"];
    let service = FaultyService::new(10, seed);
    let dir = Dir::new();
    let rows: String = (0..user_count)
        .map(|user| format!("u{user},{}\n", SETS[user % 3]))
        .collect();
    dir.write("users.csv", format!("userId,code\n{rows}bad,NONE\n"));
    let size = batch_size.to_string();
    let import = [
        "import",
        "users.csv",
        "--report-dir",
        "run",
        "--account",
        "acc-1",
    ];
    let fast = ["--rate", "100000/50ms", "--batch-size", &size];
    let address = ["--base-url", &service.server.base_url];
    let import = [&import[..], &fast[..], &address[..]].concat();

    let mut random = fastrand::Rng::with_seed(seed);
    for kill in 0..kills {
        let has_begun = dir.path("run/run.json").exists();
        if !has_begun {
            // Killed before the run had begun: there is nothing to go on with.
            let _ = std::fs::remove_dir_all(dir.path("run"));
        }
        let decided = match dir.path("run/success.csv").exists() {
            true => whole_records(&dir.read("run/success.csv")),
            false => BTreeSet::new(),
        };
        let asked = service.server.requests().len();
        // Enough is left for every kill to find the run under way.
        let more = random.usize(0..user_count / batch_size / kills + 2);
        service.freeze_at(asked + more);
        let mut child = dir.start(if has_begun {
            &["resume", "run"]
        } else {
            &import
        });
        // Every fourth is killed at no matter what instant, be it before the first request.
        let mut patience = if kill % 4 == 3 {
            random.u32(0..40)
        } else {
            u32::MAX
        };
        while !service.is_frozen() && patience > 0 {
            assert_eq!(child.try_wait().unwrap(), None, "it ended by itself");
            patience -= 1;
            // Only so that looking does not keep the process from running.
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        // What was answered before may be on its way to the disk.
        for _ in 0..random.u32(0..200) {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        service.thaw();
        service.server.settle();
        for user in service.users_by_request(asked).into_iter().flatten() {
            assert!(
                !decided.contains(&user),
                "{user} was decided and sent again"
            );
        }
    }

    let last = resume(&dir, &["--max-retries", "20"]);
    assert!(matches!(last.code, 0 | 1), "{}", last.stderr);
    assert!(!dir.path("run/pending.csv").exists());
    assert_eq!(dir.column("run/failures.csv", "userId"), ["bad"]);
    let succeeded = dir.column("run/success.csv", "userId");
    assert_eq!(succeeded.len(), user_count);
    assert_eq!(succeeded.iter().collect::<BTreeSet<_>>().len(), user_count);
    let expected: BTreeMap<_, _> = (0..user_count)
        .map(|user| (format!("u{user}"), SETS[user % 3].to_owned()))
        .collect();
    assert_eq!(service.licenses(), expected);
}

/// The users of the records that a killed process left whole.
fn whole_records(success: &str) -> BTreeSet<String> {
    let whole = success.rfind('\n').map_or("", |end| &success[..=end]);
    let user = |line: &str| line.split(',').next().unwrap().to_owned();
    whole.lines().skip(1).map(user).collect()
}

#[test]
fn an_import_of_twenty_thousand_killed_twenty_times_ends_as_an_uninterrupted_one() {
    kill_again_and_again(20_000, 100, 20, 7);
}

#[test]
fn a_run_killed_among_small_batches_sends_no_decided_user_again() {
    kill_again_and_again(2000, 20, 12, 42);
}

/// Imports `users.csv` where no file may grow beyond some KiB: from there on, writing fails as it does on a full disk.
fn import_on_a_small_disk(dir: &Dir, server: &RawServer, arguments: &str) -> CommandOutput {
    let script = format!(
        "trap '' XFSZ; ulimit -f 16; exec \"$0\" import users.csv --report-dir run --account acc-1 \
         --base-url {} --rate 10000/50ms {arguments}",
        server.base_url
    );
    let mut command = assert_cmd::Command::new("sh");
    command
        .current_dir(dir.path(""))
        .env("SEATLOAD_TOKEN", TOKEN)
        .args(["-c", &script])
        .arg(assert_cmd::cargo::cargo_bin!("seatload"));
    wait_for_exit(command)
}

#[test]
fn a_full_disk_stops_the_run_and_its_records_stay_complete() {
    let server = RawServer::answering(|_, request| confirming(request));
    let dir = Dir::new();
    dir.write("users.csv", users(2000));
    let full = import_on_a_small_disk(&dir, &server, "--batch-size 10");
    let told = full.stderr;
    assert_eq!(full.code, 3, "{told}");
    assert!(
        told.contains("cannot write to run") && told.contains("free some disk space"),
        "{told}"
    );
    let recorded = dir.rows("run/success.csv").len();
    assert!(recorded > 20 && recorded < 2000, "{recorded}");
    // Some events were on their way to the recorder.
    let sent = server.requests().len();
    assert!(
        sent <= recorded / 10 + 80,
        "{sent} requests for {recorded} users"
    );

    let resumed = resume(&dir, &[]);
    resumed.exits_with(0);
    assert_eq!(dir.rows("run/success.csv").len(), 2000);
}

#[test]
fn every_user_is_in_one_file_when_only_the_failures_find_no_space() {
    // Every second user is refused, with so many words that not all of them find space.
    let is_refused = |request: &str| {
        ["1", "3", "5", "7", "9"]
            .iter()
            .any(|odd| request.contains(&format!("{odd}\"]")))
    };
    let server = RawServer::answering(move |_, request| match is_refused(request) {
        true => http(400, &"no ".repeat(200)),
        false => confirming(request),
    });
    let dir = Dir::new();
    dir.write("users.csv", users(100));
    let full = import_on_a_small_disk(&dir, &server, "--batch-size 1 --concurrency 1");
    full.exits_with(3);
    assert!((1..50).contains(&dir.rows("run/failures.csv").len()));
    let everyone = |files: &[&str]| -> Vec<_> {
        let users = files.iter().flat_map(|file| dir.column(file, "userId"));
        let number = |user: String| user[1..].parse::<usize>().unwrap();
        let mut users: Vec<_> = users.map(number).collect();
        users.sort_unstable();
        users
    };
    let expected: Vec<_> = (0..100).collect();
    let files = ["run/success.csv", "run/failures.csv", "run/pending.csv"];
    assert_eq!(everyone(&files), expected);

    let resumed = resume(&dir, &[]);
    resumed.exits_with(1);
    assert_eq!(everyone(&files[..2]), expected);
}

/// Six seats. `u9` is given its seat, and then nobody is answered any more: the run is killed.
#[test]
fn a_user_that_got_a_seat_before_a_kill_is_no_conflict_after_it() {
    let seats = BTreeMap::from([("IDU".to_owned(), 6)]);
    let ledger = Mutex::new(Ledger::new(&seats));
    let (arrived, arrival) = mpsc::channel();
    let (release, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let server = RawServer::answering(move |nth, request| {
        let (_, body) = request.split_once("\r\n\r\n").unwrap();
        let asked: AllocationRequest = serde_json::from_str(body).unwrap();
        let allocate = || match ledger.lock().unwrap().allocate(&asked) {
            Ok(allocations) => http(200, &serde_json::to_string(&allocations).unwrap()),
            Err(_) => http(409, "no seats"),
        };
        if nth == 0 {
            return allocate();
        }
        let answer = asked.user_ids.iter().eq(["u9"]).then(allocate);
        let _ = arrived.send(answer.is_some());
        // Until the other end is dropped.
        let _ = gate.lock().unwrap().recv();
        answer.unwrap_or_else(allocate)
    });
    let dir = Dir::new();
    let rows: String = (1..10).map(|user| format!("u{user},IDU\n")).collect();
    dir.write("users.csv", format!("userId,code\n{rows}"));
    let mut child = dir.start(&[
        "import",
        "users.csv",
        "--report-dir",
        "run",
        "--account",
        "acc-1",
        "--base-url",
        &server.base_url,
        "--batch-size",
        "4",
        "--rate",
        "10000/50ms",
    ]);
    while !arrival.recv().unwrap() {}
    child.kill().unwrap();
    child.wait().unwrap();
    drop(release);
    let resumed = resume(&dir, &[]);
    resumed.exits_with(1);
    let mut served = dir.column("run/success.csv", "userId");
    served.sort();
    assert_eq!(served, ["u1", "u2", "u3", "u4", "u5", "u9"]);
}

/// The binary against the sandbox's own faults: everything it can do wrong, on many schedules.
#[test]
fn every_user_ends_once_with_its_codes_whatever_the_sandboxs_faults() {
    for seed in 0..3 {
        let mut settings = SandboxSettings {
            account: "acc-1".into(),
            fail: "25%".parse().unwrap(),
            seed,
            ..SandboxSettings::default()
        };
        settings.seats = seatload::plan::seats_arg::parse_seats("IDU=20,PMD=1000").unwrap();
        let sandbox = SandboxServer::new(settings);
        let dir = Dir::new();
        let rows: String = (0..60)
            .map(|user| format!("u{user},{}\n", if user % 2 == 0 { "IDU" } else { "PMD" }))
            .collect();
        dir.write("users.csv", format!("userId,code\n{rows}"));
        let mut ended = dir.import(&sandbox.base_url, &["--batch-size", "6"]);
        for _ in 0..20 {
            if ended.code != 3
                && dir
                    .column("run/failures.csv", "outcome")
                    .iter()
                    .all(|outcome| outcome == "conflict")
            {
                break;
            }
            ended = resume(&dir, &["--retry-failed", "--max-retries", "1"]);
        }
        let succeeded = dir.column("run/success.csv", "userId");
        let failed = dir.column("run/failures.csv", "userId");
        let everyone: BTreeSet<_> = succeeded.iter().chain(&failed).collect();
        assert_eq!(
            (everyone.len(), succeeded.len() + failed.len()),
            (60, 60),
            "seed {seed}"
        );
        let state = sandbox.state();
        for user in &succeeded {
            let number: usize = user[1..].parse().unwrap();
            let expected = if number.is_multiple_of(2) {
                "IDU"
            } else {
                "PMD"
            };
            assert_eq!(state["holdings"][user]["userBundleCodes"][0], expected);
        }
        assert_eq!(state["seats"]["PMD"]["taken"], 30);
    }
}

#[test]
fn a_run_whose_output_is_closed_stops_in_good_order() {
    let server = RawServer::answering(|_, request| confirming(request));
    let dir = Dir::new();
    dir.write("users.csv", users(1000));
    let mut child = dir.start_import(&server.base_url, &["--batch-size", "1"]);
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let decided = dir.rows("run/success.csv").len();
    assert_eq!(decided + dir.rows("run/pending.csv").len(), 1000);
    assert!(decided < 100);
}

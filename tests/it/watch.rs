//! A folder that is watched: what is taken, where it goes, and that nothing is lost or sent twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Child;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use crate::support::cli::{CommandOutput, Dir, wait_for_exit};
use crate::support::server::{FaultyService, RawServer, confirming, http};

const FAST: [&str; 4] = ["--rate", "10000/50ms", "--max-retries", "0"];

fn arguments<'a>(base_url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["watch", "drop", "--account", "acc-1", "--settle", "0s"];
    [&fixed[..], &["--base-url", base_url], &FAST, more].concat()
}

fn once(dir: &Dir, base_url: &str, more: &[&str]) -> CommandOutput {
    let mut command = dir.seatload();
    command.args(arguments(base_url, more)).arg("--once");
    wait_for_exit(command)
}

fn drop_folder() -> Dir {
    let dir = Dir::new();
    fs::create_dir(dir.path("drop")).unwrap();
    dir
}

fn users(names: &[&str]) -> String {
    let rows: String = names.iter().map(|name| format!("{name},IDU\n")).collect();
    format!("userId,code\n{rows}")
}

/// The folders of a place, by the name of the file in each.
fn placed(dir: &Dir, place: &str) -> BTreeMap<String, PathBuf> {
    let mut placed = BTreeMap::new();
    for entry in fs::read_dir(dir.path("drop").join(place)).unwrap() {
        let folder = entry.unwrap().path();
        for file in fs::read_dir(&folder).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            if file.path().is_file() && name != "NOTE.txt" {
                assert_eq!(placed.insert(name, folder.clone()), None, "in two places");
            }
        }
    }
    placed
}

fn names(dir: &Dir, place: &str) -> Vec<String> {
    placed(dir, place).into_keys().collect()
}

fn note(dir: &Dir, place: &str, file: &str) -> String {
    fs::read_to_string(placed(dir, place)[file].join("NOTE.txt")).unwrap()
}

fn confirming_all() -> RawServer {
    RawServer::answering(|_, request| confirming(request))
}

/// The users of each request, in order.
fn users_by_request(server: &RawServer) -> Vec<Vec<String>> {
    let users = |request: &String| {
        let (_, body) = request.split_once("\r\n\r\n").unwrap();
        let asked: serde_json::Value = serde_json::from_str(body).unwrap();
        let users = asked["userIds"].as_array().unwrap().iter();
        users
            .map(|user| user.as_str().unwrap().to_owned())
            .collect()
    };
    server.requests().iter().map(users).collect()
}

/// Waits until something is so, or fails.
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(30), "{what}");
        sleep(Duration::from_millis(5));
    }
}

fn signal(child: &Child, signal: &str) {
    let status = std::process::Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn each_file_is_imported_and_moved_to_its_folder_with_its_reports() {
    let server = confirming_all();
    let dir = drop_folder();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(users(&["c"]).as_bytes()).unwrap();
    dir.write("drop/good.csv", users(&["a", "b"]))
        .write("drop/packed.CSV.gz", packed.finish().unwrap())
        .write("drop/bad.csv", users(&["d"]) + "e,NONE\n")
        .write("drop/empty.csv", "")
        .write("drop/broken.xlsx", "no workbook");
    let ended = once(&dir, &server.base_url, &[]);
    ended.exits_with(1);
    assert_eq!(names(&dir, "done"), ["good.csv", "packed.CSV.gz"]);
    assert_eq!(
        names(&dir, "attention"),
        ["bad.csv", "broken.xlsx", "empty.csv"]
    );
    assert_eq!(names(&dir, "working"), Vec::<String>::new());

    let good = &placed(&dir, "done")["good.csv"];
    let success = fs::read_to_string(good.join("run/success.csv")).unwrap();
    assert!(success.contains("\na,IDU,") && success.contains("\nb,IDU,"));
    assert!(!good.join("NOTE.txt").exists());
    let bad = note(&dir, "attention", "bad.csv");
    assert!(bad.contains("1 user succeeded, 1 invalid"), "{bad}");
    assert!(bad.contains("run/failures.csv") && bad.contains("hint: "));
    let empty = note(&dir, "attention", "empty.csv");
    assert!(empty.contains("the file is empty\n  hint: "), "{empty}");
    assert_eq!(server.requests().len(), 3);

    // Nothing is left to do.
    let again = once(&dir, &server.base_url, &[]);
    assert_eq!((again.code, server.requests().len()), (0, 3));
}

#[cfg(unix)]
#[test]
fn files_that_cannot_be_imported_are_ignored() {
    let server = confirming_all();
    let dir = drop_folder();
    let content = users(&["a"]);
    for name in [
        ".hidden.csv",
        "~$open.xlsx",
        "a.csv.part",
        "b.csv.tmp",
        "c.csv.crdownload",
        "old.xls",
    ] {
        dir.write(&format!("drop/{name}"), &content);
    }
    // Being downloaded under both names.
    dir.write("drop/half.csv", "")
        .write("drop/half.csv.part", &content);
    dir.write("elsewhere.csv", &content);
    std::os::unix::fs::symlink(dir.path("elsewhere.csv"), dir.path("drop/link.csv")).unwrap();
    fs::create_dir_all(dir.path("drop/sub.csv")).unwrap();
    dir.write("drop/sub.csv/in.csv", &content);
    let before = crate::support::cli::files(&dir.path("drop")).len();
    let ended = once(&dir, &server.base_url, &[]);
    ended
        .exits_with(0)
        .says("ignored: old.xls")
        .says("since another program has it open: half.csv");
    // The lock and the memory.
    assert_eq!(
        crate::support::cli::files(&dir.path("drop")).len(),
        before + 2
    );
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn content_that_was_imported_before_is_set_aside_and_other_content_is_imported() {
    let server = confirming_all();
    let dir = drop_folder();
    dir.write("drop/a.csv", users(&["a"]));
    assert_eq!(once(&dir, &server.base_url, &[]).code, 0);
    dir.write("drop/b.csv", users(&["a"]));
    let ended = once(&dir, &server.base_url, &[]);
    ended.exits_with(0);
    assert_eq!(names(&dir, "duplicates"), ["b.csv"]);
    let text = note(&dir, "duplicates", "b.csv");
    assert!(
        text.contains("as a.csv on ") && text.contains("done"),
        "{text}"
    );
    assert_eq!(server.requests().len(), 1);

    // Refused before its import began: once the flag is gone, it is no duplicate.
    let damaged = users(&["x"]) + "y,NONE\n";
    dir.write("drop/c.csv", &damaged);
    assert_eq!(once(&dir, &server.base_url, &["--strict"]).code, 1);
    let text = note(&dir, "attention", "c.csv");
    assert!(text.contains("the file has 1 bad row, which --strict does not allow"));
    assert_eq!(server.requests().len(), 1);
    fs::remove_dir_all(&placed(&dir, "attention")["c.csv"]).unwrap();
    dir.write("drop/c.csv", &damaged);
    assert_eq!(once(&dir, &server.base_url, &[]).code, 1);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn once_waits_until_files_have_settled_and_for_nothing_else() {
    let server = confirming_all();
    let dir = drop_folder();
    let empty = once(&dir, &server.base_url, &["--settle", "1h"]);
    empty.exits_with(0);
    dir.write("drop/a.csv", users(&["a"]));
    let ended = once(&dir, &server.base_url, &["--settle", "150ms"]);
    ended.exits_with(0);
    assert_eq!(names(&dir, "done"), ["a.csv"]);
}

#[test]
fn a_watch_does_not_ask_for_consent_and_the_note_names_the_flag() {
    let server = confirming_all();
    let dir = drop_folder();
    dir.write("now.csv", "userId,code\na,PMD\n")
        .write("drop/a.csv", users(&["a"]));
    let current = ["--current", "now.csv"];
    let ended = once(&dir, &server.base_url, &current);
    ended.exits_with(1);
    let text = note(&dir, "attention", "a.csv");
    assert!(text.contains("--allow-losses"), "{text}");
    assert_eq!(server.requests().len(), 0);

    dir.write("drop/a.csv", users(&["a"]));
    let flags = [&current[..], &["--allow-losses"]].concat();
    assert_eq!(once(&dir, &server.base_url, &flags).code, 0);
    assert_eq!(names(&dir, "done"), ["a.csv"]);
}

#[test]
fn a_failure_that_every_file_would_have_sets_no_file_aside() {
    let is_refused = AtomicBool::new(true);
    let server =
        RawServer::answering(
            move |_, request| match is_refused.swap(false, Ordering::SeqCst) {
                true => http(401, ""),
                false => confirming(request),
            },
        );
    let dir = drop_folder();
    dir.write("drop/b.csv", users(&["b"]));
    sleep(Duration::from_millis(20));
    dir.write("drop/a.csv", users(&["a"]));
    let stopped = once(&dir, &server.base_url, &[]);
    stopped
        .exits_with(3)
        .says("error: the service rejected the token");
    assert_eq!(names(&dir, "working"), ["b.csv"]);
    assert!(dir.path("drop/a.csv").exists());
    assert_eq!(server.requests().len(), 1);

    // Nor does a file that is needed beside each, and is away for a moment.
    let away = once(&dir, &server.base_url, &["--seats-file", "gone.csv"]);
    away.exits_with(2);

    let ended = once(&dir, &server.base_url, &[]);
    ended.exits_with(0);
    assert_eq!(names(&dir, "done"), ["a.csv", "b.csv"]);
    assert_eq!(users_by_request(&server), [["b"], ["b"], ["a"]]);
}

#[test]
fn users_that_failed_while_the_service_was_away_are_sent_when_the_run_is_resumed() {
    let server = RawServer::answering(|nth, request| match nth {
        1..=3 => http(503, "maintenance"),
        _ => confirming(request),
    });
    let dir = drop_folder();
    let everyone = ["a", "b", "c", "d", "e"];
    dir.write("drop/a.csv", users(&everyone));
    let flags = ["--batch-size", "1", "--concurrency", "1"];
    let stopped = once(&dir, &server.base_url, &flags);
    stopped.exits_with(3);
    let ended = once(&dir, &server.base_url, &flags);
    ended.exits_with(0);
    assert_eq!(names(&dir, "done"), ["a.csv"]);
    let all = users_by_request(&server).concat();
    assert_eq!(all, ["a", "b", "c", "d", "b", "c", "d", "e"]);
}

#[test]
fn files_wait_while_the_service_is_away_but_not_long_for_one_without_a_response() {
    let service = RawServer::answering(|_, request| match request.contains("\"bad\"") {
        true => http(503, "maintenance"),
        false => confirming(request),
    });
    let dir = drop_folder();
    dir.write("drop/a.csv", users(&["bad"]));
    sleep(Duration::from_millis(20));
    dir.write("drop/b.csv", users(&["b"]));
    for _ in 0..2 {
        let stopped = once(&dir, &service.base_url, &[]);
        stopped.exits_with(3);
        let told = "error: the service did not respond for 1 user";
        stopped.says(told);
        assert_eq!(names(&dir, "working"), ["a.csv"]);
        assert!(dir.path("drop/b.csv").exists());
    }
    // As if its run had begun a while ago.
    let long_ago = SystemTime::now() - Duration::from_secs(2 * 60 * 60);
    let record = placed(&dir, "working")["a.csv"].join("run/run.json");
    let record = fs::OpenOptions::new().append(true).open(record).unwrap();
    record.set_modified(long_ago).unwrap();
    let ended = once(&dir, &service.base_url, &[]);
    ended.exits_with(1);
    assert_eq!(names(&dir, "attention"), ["a.csv"]);
    assert_eq!(names(&dir, "done"), ["b.csv"]);
}

#[test]
fn a_file_of_another_organisation_is_set_aside_and_a_second_one_in_a_row_is_not() {
    let server = RawServer::answering(|_, _| http(404, "no licence"));
    let dir = drop_folder();
    for file in ["a", "b", "c"] {
        let four = [1, 2, 3, 4].map(|user| format!("{file}{user}"));
        let four: Vec<_> = four.iter().map(String::as_str).collect();
        dir.write(&format!("drop/{file}.csv"), users(&four));
        sleep(Duration::from_millis(20));
    }
    let ended = once(&dir, &server.base_url, &[]);
    ended.exits_with(3);
    assert_eq!(names(&dir, "attention"), ["a.csv"]);
    let text = note(&dir, "attention", "a.csv");
    assert!(text.contains("seatload resume "), "{text}");
    assert_eq!(names(&dir, "working"), ["b.csv"]);
    assert!(dir.path("drop/c.csv").exists());
}

#[test]
fn a_run_that_was_set_aside_can_be_resumed_where_it_is() {
    let is_full = Mutex::new(true);
    let server = RawServer::answering(move |_, request| {
        let mut is_full = is_full.lock().unwrap();
        match std::mem::replace(&mut *is_full, false) {
            true => http(409, "full"),
            false => confirming(request),
        }
    });
    let dir = drop_folder();
    dir.write("drop/a.csv", users(&["a"]));
    assert_eq!(once(&dir, &server.base_url, &[]).code, 1);
    let run = placed(&dir, "attention")["a.csv"].join("run");
    let mut command = dir.seatload();
    command.arg("resume").arg(&run).arg("--retry-failed");
    let resumed = wait_for_exit(command);
    resumed.exits_with(0);
}

#[test]
fn a_watch_killed_during_a_run_resumes_it_at_the_next_start() {
    let service = FaultyService::new(0, 7);
    let dir = drop_folder();
    let everyone: Vec<_> = (0..200).map(|user| format!("u{user}")).collect();
    let everyone: Vec<_> = everyone.iter().map(String::as_str).collect();
    dir.write("drop/many.csv", users(&everyone));
    let flags = ["--batch-size", "10", "--concurrency", "1"];
    service.freeze_at(8);
    let mut child = dir.start(&arguments(&service.server.base_url, &flags));
    wait_until("no request is held back", || service.is_frozen());
    let run = placed(&dir, "working")["many.csv"].join("run");
    let decided = || {
        fs::read_to_string(run.join("success.csv"))
            .unwrap()
            .lines()
            .count()
    };
    wait_until("not recorded", || decided() == 81);
    child.kill().unwrap();
    child.wait().unwrap();
    service.thaw();
    service.server.settle();
    let before = service.server.requests().len();

    let ended = once(&dir, &service.server.base_url, &flags);
    ended.exits_with(0);
    assert_eq!(names(&dir, "done"), ["many.csv"]);
    let again = service.users_by_request(before).concat();
    let undecided: Vec<_> = everyone[80..].iter().map(ToString::to_string).collect();
    assert_eq!(again, undecided);
    assert_eq!(service.licenses().len(), 200);
}

#[test]
fn a_watch_has_a_heartbeat_during_a_run() {
    let service = FaultyService::new(0, 7);
    let dir = drop_folder();
    dir.write("drop/a.csv", users(&["a"]));
    service.freeze_at(0);
    let mut child = dir.start(&arguments(&service.server.base_url, &[]));
    wait_until("no request is held back", || service.is_frozen());
    let lock = dir.path("drop/.seatload/lock");
    let last_alive = || fs::metadata(&lock).unwrap().modified().unwrap();
    let begun = last_alive();
    wait_until("no sign of life", || last_alive() > begun);
    child.kill().unwrap();
    child.wait().unwrap();
    service.thaw();
}

#[test]
fn thirty_files_and_a_kill_import_each_file_once_and_in_order() {
    let service = FaultyService::new(0, 42);
    let url = service.server.base_url.clone();
    let dir = drop_folder();
    let drop_file = |nth: usize| {
        // Names say nothing of the order.
        let name = format!("drop/{:02}.csv", (nth * 7) % 30);
        dir.write(".new", users(&[&format!("u{nth}")]));
        fs::rename(dir.path(".new"), dir.path(&name)).unwrap();
        sleep(Duration::from_millis(10));
    };
    (0..12).for_each(drop_file);
    service.freeze_at(5);
    let mut child = dir.start(&arguments(&url, &[]));
    wait_until("no request is held back", || service.is_frozen());
    (12..24).for_each(drop_file);
    child.kill().unwrap();
    child.wait().unwrap();
    service.thaw();
    service.server.settle();
    assert_eq!(names(&dir, "working").len(), 1);
    assert_eq!(names(&dir, "done").len(), 5);

    service.freeze_at(15);
    let mut child = dir.start(&arguments(&url, &["--once"]));
    wait_until("no request is held back", || service.is_frozen());
    (24..30).for_each(drop_file);
    service.thaw();
    assert_eq!(child.wait().unwrap().code(), Some(0));

    assert_eq!(names(&dir, "done").len(), 30);
    for place in ["working", "attention", "duplicates"] {
        assert_eq!(names(&dir, place), Vec::<String>::new(), "{place}");
    }
    let mut order = service.users_by_request(0).concat();
    // The one under way when the process was killed was asked for again, and nobody else.
    order.dedup();
    let expected: Vec<_> = (0..30).map(|nth| format!("u{nth}")).collect();
    assert_eq!(order, expected);
    assert!(service.server.requests().len() <= 31);
    let memory = dir.column("drop/.seatload/imported.csv", "sha256");
    assert_eq!(memory.len(), 30);
    assert_eq!(memory.into_iter().collect::<BTreeSet<_>>().len(), 30);
}

#[test]
fn killed_at_any_instant_no_file_is_lost_or_imported_twice() {
    let service = FaultyService::new(0, 3);
    let url = service.server.base_url.clone();
    let dir = drop_folder();
    for nth in 0..20 {
        dir.write(&format!("drop/f{nth}.csv"), users(&[&format!("u{nth}")]));
    }
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..12 {
        let mut child = dir.start(&arguments(&url, &[]));
        sleep(Duration::from_millis(random.u64(20..140)));
        child.kill().unwrap();
        child.wait().unwrap();
        // Killed before its import had begun, or in the midst of it: never set aside.
        let everywhere = ["", "working", "done"].map(|place| match place {
            "" => fs::read_dir(dir.path("drop"))
                .unwrap()
                .filter(|entry| entry.as_ref().unwrap().path().is_file())
                .count(),
            place if dir.path("drop").join(place).exists() => names(&dir, place).len(),
            _ => 0,
        });
        assert_eq!(everywhere.iter().sum::<usize>(), 20, "{everywhere:?}");
    }
    let ended = once(&dir, &url, &[]);
    ended.exits_with(0);
    assert_eq!(names(&dir, "done").len(), 20);
    assert_eq!(names(&dir, "duplicates"), Vec::<String>::new());
    let mut asked = service.users_by_request(0).concat();
    asked.dedup();
    assert_eq!(asked.len(), 20, "one after another, and nobody again later");
}

#[test]
fn a_folder_is_watched_by_one_process() {
    let server = confirming_all();
    let dir = drop_folder();
    let mut first = dir.start(&arguments(&server.base_url, &[]));
    let lock = dir.path("drop/.seatload/lock");
    let pid = first.id().to_string();
    wait_until("not locked", || {
        fs::read_to_string(&lock).is_ok_and(|text| text.trim() == pid)
    });
    let second = once(&dir, &server.base_url, &[]);
    second.exits_with(2).says(&format!("(process {pid})"));
    first.kill().unwrap();
    first.wait().unwrap();
    // The process with the lock is dead.
    assert_eq!(once(&dir, &server.base_url, &[]).code, 0);
}

#[test]
fn a_signal_waits_for_what_is_in_flight_and_ends_an_idle_watch_at_once() {
    let service = FaultyService::new(0, 7);
    let dir = drop_folder();
    dir.write("drop/a.csv", users(&["a", "b"]));
    service.freeze_at(0);
    let flags = ["--batch-size", "1"];
    let url = service.server.base_url.clone();
    let mut child = dir.start(&arguments(&url, &flags));
    wait_until("no request is held back", || service.is_frozen());
    signal(&child, "-TERM");
    let mut stderr = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    assert!(stderr.any(|line| line.unwrap().contains("waiting for 1 request in flight")));
    service.thaw();
    assert!(stderr.any(|line| {
        line.unwrap()
            .contains("it resumes the file in working when it is started again")
    }));
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let run = placed(&dir, "working")["a.csv"].join("run");
    let success = fs::read_to_string(run.join("success.csv")).unwrap();
    assert_eq!(success.lines().count(), 2, "{success}");

    let mut child = dir.start(&arguments(&url, &flags));
    let done = dir.path("drop/done");
    wait_until("not done", || fs::read_dir(&done).unwrap().count() == 1);
    // Dropped while it runs, with nothing else to do.
    dir.write("drop/b.csv", users(&["c"]));
    wait_until("not done", || fs::read_dir(&done).unwrap().count() == 2);
    sleep(Duration::from_millis(50));
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(service.users_by_request(0).concat(), ["a", "b", "c"]);
}

#[cfg(unix)]
#[test]
fn a_program_runs_after_each_file_and_its_failure_stops_nothing() {
    use std::os::unix::fs::PermissionsExt;

    let server = confirming_all();
    let dir = Dir::new();
    let folder = "drop; touch 'owned' $(touch owned)";
    fs::create_dir(dir.path(folder)).unwrap();
    let script =
        "#!/bin/sh\nprintf '%s|%s|%s\\n' \"$#\" \"$1\" \"$SEATLOAD_TOKEN\" >> told\nexit 7\n";
    dir.write("hook.sh", script);
    fs::set_permissions(dir.path("hook.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    dir.write(&format!("{folder}/a.csv"), users(&["a"]));
    sleep(Duration::from_millis(20));
    dir.write(&format!("{folder}/b.csv"), "");
    let mut arguments = arguments(&server.base_url, &["--once", "--on-done", "./hook.sh"]);
    arguments[1] = folder;
    let mut command = dir.seatload();
    command.args(arguments);
    let ended = wait_for_exit(command);
    ended
        .exits_with(1)
        .says("--on-done ./hook.sh ended with exit status: 7");
    let told = dir.read("told");
    let told: Vec<_> = told.lines().collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].starts_with("1|") && told[0].ends_with("/run|"),
        "{told:?}"
    );
    assert!(told[1].contains("/attention/b-"), "{told:?}");
    assert!(!dir.path("owned").exists());
}

#[test]
fn a_record_that_names_another_service_is_not_followed() {
    let service = FaultyService::new(0, 7);
    let elsewhere = confirming_all();
    let dir = drop_folder();
    dir.write("drop/a.csv", users(&["a", "b"]));
    service.freeze_at(0);
    let mut child = dir.start(&arguments(&service.server.base_url, &[]));
    wait_until("no request is held back", || service.is_frozen());
    child.kill().unwrap();
    child.wait().unwrap();
    service.thaw();
    let record = placed(&dir, "working")["a.csv"].join("run/run.json");
    let text = fs::read_to_string(&record).unwrap();
    let text = text.replace(&service.server.base_url, &elsewhere.base_url);
    fs::write(&record, text).unwrap();
    let ended = once(&dir, &service.server.base_url, &[]);
    ended.exits_with(1);
    assert!(note(&dir, "attention", "a.csv").contains("another service or account"));
    assert_eq!(elsewhere.requests().len(), 0);
}

#[test]
fn the_quota_holds_over_one_file_after_another() {
    let left = std::sync::Arc::new(Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&left);
    let server = RawServer::answering(move |_, request| {
        seen.lock().unwrap().push(Instant::now());
        confirming(request)
    });
    let dir = drop_folder();
    for user in ["a", "b", "c"] {
        dir.write(&format!("drop/{user}.csv"), users(&[user]));
    }
    let mut command = dir.seatload();
    command
        .args(["watch", "drop", "--once", "--settle", "0s"])
        .args(["--account", "acc-1", "--base-url", &server.base_url])
        .args(["--rate", "2/500ms", "--burst", "2"]);
    assert_eq!(wait_for_exit(command).code, 0);
    let left = left.lock().unwrap();
    assert!(left[2] - left[0] > Duration::from_millis(450));
}

#[test]
fn a_folder_that_cannot_be_watched_is_an_error() {
    let server = confirming_all();
    let dir = Dir::new();
    let missing = once(&dir, &server.base_url, &[]);
    missing.exits_with(2);
    assert!(missing.stderr.contains("there is no folder"));
    fs::create_dir(dir.path("drop")).unwrap();
    let reports = once(&dir, &server.base_url, &["--report-dir", "x"]);
    reports
        .exits_with(2)
        .says("--report-dir is for a single import");
}

#[test]
fn corrected_failures_are_imported_by_a_watch_whose_flags_describe_other_files() {
    let server = confirming_all();
    let dir = drop_folder();
    let describe = ["--no-headers", "--user-column", "2", "--codes", "IDU"];
    dir.write("drop/list.csv", "Ann,ann\nBen,=A1\n");
    once(&dir, &server.base_url, &describe).exits_with(1);
    let run = placed(&dir, "attention")["list.csv"].join("run");
    let failures = fs::read_to_string(run.join("failures.csv")).unwrap();
    dir.write("drop/corrected.csv", failures.replace("'=A1", "ben"));
    once(&dir, &server.base_url, &describe).exits_with(0);
    assert_eq!(names(&dir, "done"), ["corrected.csv"]);
    assert_eq!(users_by_request(&server), [["ann"], ["ben"]]);
}

#[test]
fn the_reason_for_retries_is_shown_for_each_file() {
    let server = RawServer::answering(|nth, request| match nth % 2 {
        0 => http(503, "maintenance"),
        _ => confirming(request),
    });
    let dir = drop_folder();
    dir.write("drop/a.csv", users(&["ann"]));
    dir.write("drop/b.csv", users(&["ben"]));
    let ended = once(&dir, &server.base_url, &["--max-retries", "1"]);
    ended.exits_with(0);
    let shown = "a request failed and will be retried: status 503";
    assert_eq!(ended.stderr.matches(shown).count(), 2, "{}", ended.stderr);
}

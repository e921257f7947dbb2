//! Who gets the seats when they run short.

use std::io::{BufRead, BufReader};
use std::num::NonZeroUsize;
use std::time::Duration;

use proptest::prelude::*;
use seatload::dispatch::min_duration;
use seatload::plan::Plan;
use seatload::sandbox::SandboxSettings;

use crate::support::cli::{CommandOutput, Dir, wait_for_exit};
use crate::support::run::{Ran, Run, file_of};
use crate::support::server::{RawServer, SandboxServer, confirming};
use crate::support::service::{FakeService, answer};

/// `u0`, `u1`, … in the order of their numbers.
fn first(count: usize) -> Vec<String> {
    (0..count).map(|user| format!("u{user}")).collect()
}

fn served(ran: &Ran) -> Vec<String> {
    let mut users: Vec<String> = ran
        .users("success")
        .into_iter()
        .map(str::to_owned)
        .collect();
    users.sort_by_key(|user| user[1..].parse::<usize>().unwrap());
    users
}

fn run_on_a_paused_clock(run: &Run, service: impl FnOnce() -> FakeService) -> (Ran, usize) {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(async {
            let service = service();
            let ran = run.at(&service).await;
            ran.assert_finished();
            (ran, service.requests())
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However many requests may be under way, and however they overtake each other.
    #[test]
    fn in_order_the_seats_go_to_exactly_the_first_users_of_the_file(
        users in 1_usize..160,
        seats in 0_usize..160,
        batch_size in 1_usize..40,
        concurrency in 1_usize..9,
        seed in any::<u64>(),
    ) {
        let run = Run::of_users(users).batch_size(batch_size).concurrency(concurrency).in_order();
        let (ran, _) = run_on_a_paused_clock(&run, || FakeService::with_seats(seats as u64).late(seed));
        prop_assert_eq!(served(&ran), first(users.min(seats)));
    }

    /// Sets that have no code in common do not wait for each other.
    #[test]
    fn in_order_no_batch_overtakes_an_earlier_one_that_shares_a_code(
        sets in prop::collection::vec(0_usize..4, 1..80),
        batch_size in 1_usize..10,
        seats in 0_u64..20,
        seed in any::<u64>(),
    ) {
        let codes = |user: usize| ["IDU", "PMD", "IDU;ATTUNU", "TSTNU"][sets[user]];
        let run = Run::of(&file_of(sets.len(), codes)).batch_size(batch_size).in_order();
        let size = NonZeroUsize::new(batch_size).unwrap();
        let all = run.assignments();
        let plan = Plan::new(all, all.sendable_users(), size);
        let planned: Vec<Vec<String>> = plan
            .batches()
            .iter()
            .map(|batch| plan.users(batch).iter().map(|&user| all.user_id(user).to_string()).collect())
            .collect();
        // Of batches that want the same code, the later one is named by no request before the earlier one is decided.
        let sent = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(async {
                let service = FakeService::with_seats(seats).late(seed);
                run.at(&service).await.assert_finished();
                service.sent()
            });
        for code in ["IDU", "PMD", "ATTUNU", "TSTNU"] {
            let of_code = sent.iter().filter(|sent| sent.request.user_bundle_codes.iter().any(|c| c == code));
            let places: Vec<_> = of_code
                .map(|sent| {
                    let user = &sent.request.user_ids[0];
                    planned.iter().position(|users| users.iter().any(|one| one == user)).unwrap()
                })
                .collect();
            prop_assert!(places.is_sorted(), "{code}: {places:?}");
        }
    }
}

/// The pieces of a batch that was too large want the same seats too.
#[test]
fn in_order_the_parts_of_a_batch_that_was_too_large_keep_their_order() {
    let service = || {
        let mut is_first = true;
        FakeService::with_seats(2).late(3).script(move |sent, _| {
            if sent.request.user_ids.len() > 2 {
                return Some(answer(413, ""));
            }
            (sent.names("u0") && std::mem::take(&mut is_first)).then(|| answer(503, ""))
        })
    };
    let run = Run::of_users(6).batch_size(6).in_order();
    let (ran, _) = run_on_a_paused_clock(&run, service);
    assert_eq!(served(&ran), first(2));
}

#[test]
fn without_in_order_requests_of_one_set_are_in_flight_together() {
    let took = |run: Run| run_on_a_paused_clock(&run, FakeService::new).0.took;
    let run = || Run::of_users(900).concurrency(8);
    let (at_once, in_order) = (took(run()), took(run().in_order()));
    assert!(in_order > at_once * 3, "{in_order:?} and {at_once:?}");
}

#[tokio::test(start_paused = true)]
async fn the_planned_time_is_the_time_that_a_run_takes() {
    for (rate, burst, users) in [("20/2s", 2, 9000), ("160/5m", 16, 40_000), ("7/s", 1, 3000)] {
        let service = FakeService::new().latency(Duration::from_millis(1));
        let run = Run::of_users(users).rate(rate, burst);
        let policy = run.policy.clone();
        let ran = run.at(&service).await;
        ran.assert_finished();
        let told = min_duration(users / 100, policy.rate, policy.burst);
        let ratio = ran.took.as_secs_f64() / told.as_secs_f64();
        assert!((0.999..1.02).contains(&ratio), "{rate}: {ratio}");
    }
}

/// 150 users, `u0` first, at a sandbox with 100 seats.
fn import_150(arguments: &[&str]) -> (Dir, CommandOutput) {
    let sandbox = SandboxServer::new(SandboxSettings {
        account: "acc-1".into(),
        seats: seatload::plan::seats_arg::parse_seats("IDU=100").unwrap(),
        latency: Duration::from_millis(20),
        ..SandboxSettings::default()
    });
    let dir = Dir::new();
    dir.write("users.csv", file_of(150, |_| "IDU"));
    let fixed = ["--batch-size", "10", "--concurrency", "3"];
    let ended = dir.import(&sandbox.base_url, &[&fixed, arguments].concat());
    (dir, ended)
}

#[test]
fn a_hundred_seats_go_to_the_first_hundred_every_time() {
    for _ in 0..10 {
        for how in [
            ["--seats", "IDU=100", "--until-full"].as_slice(),
            &["--in-order"],
        ] {
            let (dir, ended) = import_150(how);
            ended.exits_with(1);
            let mut served = dir.column("run/success.csv", "userId");
            served.sort_by_key(|user| user[1..].parse::<usize>().unwrap());
            assert_eq!(served, first(100), "{how:?}");
            let failed = dir.column("run/failures.csv", "outcome");
            assert!(failed.len() == 50 && failed.iter().all(|outcome| outcome == "conflict"));
        }
    }
}

#[test]
fn a_user_without_a_seat_in_the_plan_is_a_conflict_that_was_not_sent() {
    let (dir, ended) = import_150(&["--seats", "IDU=100", "--until-full"]);
    ended.exits_with(1);
    for row in dir.rows("run/failures.csv") {
        assert_eq!((row["sent"].as_str(), row["status"].as_str()), ("no", ""));
        assert!(
            row["message"].contains("no seat of IDU is left"),
            "{}",
            row["message"]
        );
    }
    let summary: serde_json::Value = serde_json::from_str(&dir.read("run/summary.json")).unwrap();
    assert_eq!(summary["requests"]["sent"], 10);
    assert_eq!(summary["requests"]["splits"], 0);
    // If the numbers are wrong after all, it matters who comes first.
    assert_eq!(summary["settings"]["inOrder"], true);
}

#[test]
fn a_shortage_of_seats_is_reported_before_anything_is_sent() {
    let (dir, ended) = import_150(&["--seats", "IDU=100,PMD=3"]);
    ended
        .exits_with(2)
        .says("IDU: 50 seats too few; the first user without a seat is u100 on line 102");
    assert!(dir.contains_only(&["users.csv"]));
}

#[test]
fn priorities_replace_the_files_order() {
    let sandbox = SandboxServer::with_seats("IDU=2,PMD=9");
    let dir = Dir::new();
    let file = "userId,code,rank\na,IDU,\nb,IDU,10\nc,IDU,9.5\nd,IDU,-1\nc,PMD,11\ne,IDU,10\n";
    dir.write("users.csv", file);
    let ended = dir.import(
        &sandbox.base_url,
        &["--priority", "Rank", "--batch-size", "1"],
    );
    ended.exits_with(1);
    let mut served = dir.column("run/success.csv", "userId");
    served.sort();
    assert_eq!(served, ["c", "d"]);
    let summary: serde_json::Value = serde_json::from_str(&dir.read("run/summary.json")).unwrap();
    assert_eq!(summary["settings"]["inOrder"], true);

    let file = "userId,code,rank\na,IDU,1\nb,IDU,high\n";
    dir.write("users.csv", file);
    let plan = dir
        .seatload()
        .args(["plan", "users.csv", "--priority", "rank"])
        .output()
        .unwrap();
    let text = String::from_utf8(plan.stdout).unwrap();
    assert!(
        text.contains("line 3: the priority in column \"rank\", \"high\", is not a number"),
        "{text}"
    );
}

#[test]
fn the_first_users_are_imported_and_resume_sends_the_rest() {
    let sandbox = SandboxServer::with_seats("IDU=100");
    let dir = Dir::new();
    dir.write("users.csv", file_of(25, |_| "IDU"));
    let ended = dir.import(&sandbox.base_url, &["--first", "10"]);
    ended.exits_with(3).says("the users of --first are done");
    assert_eq!(dir.column("run/success.csv", "userId"), first(10));
    assert_eq!(dir.column("run/pending.csv", "userId"), first(25)[10..]);

    let go_on = |arguments: &[&str]| {
        let mut command = dir.seatload();
        command
            .args(["resume", "run"])
            .args(arguments)
            .output()
            .unwrap()
    };
    assert_eq!(go_on(&["--first", "5"]).status.code(), Some(3));
    assert_eq!(dir.column("run/success.csv", "userId"), first(15));
    assert_eq!(go_on(&[]).status.code(), Some(0));
    assert_eq!(dir.column("run/success.csv", "userId"), first(25));
    assert!(!dir.path("run/pending.csv").exists());
}

/// The second of the first three is answered only once the run has been interrupted.
#[test]
fn a_run_interrupted_among_the_first_users_resumes_with_the_rest_of_them() {
    let (arrived, arrival) = std::sync::mpsc::channel();
    let (release, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let server = RawServer::answering(move |nth, request| {
        if nth == 1 {
            arrived.send(()).unwrap();
            let _ = gate.lock().unwrap().recv();
        }
        confirming(request)
    });
    let dir = Dir::new();
    dir.write("users.csv", file_of(6, |_| "IDU"));
    let one_by_one = ["--batch-size", "1", "--concurrency", "1"];
    let fast = ["--first", "3", "--rate", "10000/50ms"];
    let mut child = dir.start_import(&server.base_url, &[&one_by_one[..], &fast].concat());
    arrival.recv().unwrap();
    let interrupted = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(interrupted.success());
    // It says that it waits once it has heard the signal.
    let mut line = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    while !line.contains("stopping: waiting") {
        line.clear();
        assert!(
            stderr.read_line(&mut line).unwrap() > 0,
            "standard error has ended"
        );
    }
    drop(release);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(dir.column("run/success.csv", "userId"), first(2));
    let go_on = || {
        let mut command = dir.seatload();
        command.args(["resume", "run", "--rate", "10000/50ms"]);
        wait_for_exit(command)
    };
    assert_eq!(go_on().code, 3);
    assert_eq!(dir.column("run/success.csv", "userId"), first(3));
    assert_eq!(go_on().code, 0);
    assert_eq!(dir.column("run/success.csv", "userId"), first(6));
}

#[test]
fn a_file_with_fewer_users_than_first_is_imported_whole() {
    let sandbox = SandboxServer::with_seats("IDU=100");
    let dir = Dir::new();
    dir.write("users.csv", file_of(5, |_| "IDU"));
    assert_eq!(dir.import(&sandbox.base_url, &["--first", "5"]).code, 0);
}

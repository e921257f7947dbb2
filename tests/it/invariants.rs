//! Whatever the service does: every user has one outcome or is pending, and outcomes are true.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use proptest::prelude::*;
use seatload::api::{Allocation, Response};
use seatload::dispatch;
use seatload::event::Event;
use seatload::import::records::{Records, RecordsContext};
use seatload::import::write_ahead_gate::WriteAheadGate;
use seatload::plan::{Mode, Plan, PlannedChanges};
use seatload::roster::UserIndex;
use seatload::run::{Journal, NewRunFolder, RunFolder, UserStates, WriteAheadLog};
use seatload::sandbox::Ledger;
use seatload::settings::SyncMode;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::run::{Ran, Run, file_of};
use crate::support::service::{
    FakeService, Sent, answer, by_seats, by_seats_but, lost, with_retry_after,
};

const SETS: [&str; 4] = ["IDU", "PMD;TSTNU", "ATTUNU", "IDU;ATTUNU"];

#[derive(Debug, Clone)]
struct Case {
    users: usize,
    batch_size: usize,
    concurrency: usize,
    max_retries: u32,
    seats: u64,
    /// Users whom the service does not know.
    unknown: Vec<usize>,
    /// In percent: how often something happens to a request.
    faults: u8,
    /// The service goes down for good at this request.
    down_from: usize,
    interrupt_at: usize,
    seed: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    (
        (1_usize..120, 1_usize..40, 1_usize..9, 0_u32..4),
        (
            prop_oneof![Just(1000_u64), 0_u64..60],
            prop::collection::vec(0_usize..120, 0..6),
            prop_oneof![Just(0_u8), 0_u8..60],
        ),
        (
            prop_oneof![3 => Just(usize::MAX), 1 => 0_usize..40],
            prop_oneof![3 => Just(usize::MAX), 1 => 0_usize..40],
            any::<u64>(),
        ),
    )
        .prop_map(
            |(
                (users, batch_size, concurrency, max_retries),
                (seats, unknown, faults),
                (down_from, interrupt_at, seed),
            )| Case {
                users,
                batch_size,
                concurrency,
                max_retries,
                seats,
                unknown,
                faults,
                down_from,
                interrupt_at,
                seed,
            },
        )
}

/// A service that does what the case says.
fn misbehave(case: &Case) -> impl FnMut(&Sent, &mut Ledger) -> Option<Response> + use<> {
    let case = case.clone();
    let mut random = fastrand::Rng::with_seed(case.seed);
    move |sent, ledger| {
        if sent.nth >= case.down_from {
            return Some(lost(true));
        }
        let known = |user: &usize| !sent.names(&format!("u{user}"));
        if !case.unknown.iter().all(known) {
            return Some(answer(400, "no such user"));
        }
        if random.u8(0..100) >= case.faults {
            return None;
        }
        Some(match random.u8(0..7) {
            0 => applied_but(ledger, sent, lost(true)),
            1 => applied_but(ledger, sent, answer(504, "applied, perhaps")),
            2 => with_retry_after(answer(429, "slow down"), random.u64(0..20)),
            3 | 4 => by_seats_but(ledger, &sent.request, |said| spoil(said, &mut random)),
            5 => lost(true),
            _ => answer(503, ""),
        })
    }
}

fn applied_but(ledger: &mut Ledger, sent: &Sent, response: Response) -> Response {
    by_seats(ledger, &sent.request);
    response
}

/// Leaves a user out, or says that it holds something else.
fn spoil(said: &mut Vec<Allocation>, random: &mut fastrand::Rng) {
    let user = random.usize(0..said.len());
    if random.bool() {
        said.remove(user);
    } else {
        said[user].user_bundle_codes = Some(Vec::new());
    }
}

fn check(case: &Case, service: &FakeService, ran: &Ran) -> Result<(), TestCaseError> {
    // Everyone stands once: Ran checks that nobody is decided twice.
    prop_assert_eq!(ran.decisions.len() + ran.pending.len(), case.users);
    prop_assert!(ran.stop.is_some() || ran.pending.is_empty());

    let mut times_sent: BTreeMap<String, u32> = BTreeMap::new();
    for sent in service.sent() {
        prop_assert!(sent.request.user_ids.len() <= case.batch_size);
        for user in sent.users() {
            *times_sent.entry(user.to_owned()).or_default() += 1;
        }
    }
    for (user, decision) in &ran.decisions {
        let number: usize = user[1..].parse().unwrap();
        let mut wanted: Vec<_> = SETS[number % SETS.len()].split(';').collect();
        wanted.sort_unstable();
        let held = service.codes_of(user);
        prop_assert_eq!(
            decision.attempts,
            times_sent.get(user).copied().unwrap_or(0)
        );
        match ran.outcome(user).split(':').next().unwrap() {
            "success" => prop_assert_eq!(held, Some(wanted.join(";"))),
            "unavailable" | "conflict" => prop_assert_eq!(held, None, "{} was applied", user),
            "rejected" => prop_assert!(held.is_none() && case.unknown.contains(&number)),
            _ => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_user_has_one_outcome_or_is_pending_and_a_success_is_one(case in cases()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut run = Run::of(&file_of(case.users, |user| SETS[user % SETS.len()]))
                .batch_size(case.batch_size)
                .concurrency(case.concurrency)
                .max_retries(case.max_retries)
                .rate("50/s", 10);
            run.policy.seed = case.seed;
            let interrupt = run.interrupt.clone();
            let mut script = misbehave(&case);
            let interrupt_at = case.interrupt_at;
            let service = FakeService::with_seats(case.seats)
                .latency(Duration::from_millis(30))
                .script(move |sent, ledger| {
                    if sent.nth == interrupt_at {
                        interrupt.cancel();
                    }
                    script(sent, ledger)
                });
            let ran = run.at(&service).await;
            check(&case, &service, &ran)
        })?;
    }
}

/// What befalls one part of a run.
#[derive(Debug, Clone)]
struct Fate {
    /// The process dies when it has recorded so many decisions…
    dies_after: usize,
    /// …and so many bytes of the next record, in the file of successes or of failures.
    torn: Option<(bool, usize)>,
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let torn = prop_oneof![Just(None), (any::<bool>(), 1_usize..60).prop_map(Some)];
    let fate = (0_usize..12, torn).prop_map(|(dies_after, torn)| Fate { dies_after, torn });
    prop::collection::vec(fate, 0..5)
}

/// Runs one part, logging ahead and recording as the program does, until it ends or dies. Gives what it had counted by
/// then.
async fn part(
    run: &mut Run,
    changes: &PlannedChanges,
    folder: &RunFolder,
    service: &FakeService,
    fate: Option<&Fate>,
) -> UserStates {
    let (journal, states) = Journal::open(folder, &changes.roster).unwrap();
    let log = WriteAheadLog::open(folder, changes, &states, SyncMode::EverySecond).unwrap();
    run.policy.maybe_applied = log.possibly_applied(&states);
    run.policy.has_succeeded = states.has_confirmed();
    let batch_size = NonZeroUsize::new(run.batch_size).unwrap();
    let all = &changes.roster.assignments;
    let plan = Plan::new(all, states.pending(all), batch_size);
    let log = Mutex::new(log);
    let gate = WriteAheadGate::new(&log, folder);
    let context = RecordsContext {
        assignments: all,
        folder,
        write_ahead_log: &log,
        sync: SyncMode::EverySecond,
    };
    let mut records = Records::new(context, journal, states);
    let interrupt = CancellationToken::new();
    let (sender, mut receiver) = mpsc::channel(1);
    let log_before_send = |users: &[UserIndex]| gate.log_before_send(users);
    let dispatch = dispatch::run(
        service,
        log_before_send,
        all,
        &plan,
        &run.policy,
        &interrupt,
        sender,
    );
    let record = async {
        let mut recorded = 0;
        while let Some(events) = receiver.recv().await {
            for event in events {
                let is_decision = matches!(event, Event::Decided(_));
                if is_decision && fate.is_some_and(|fate| recorded >= fate.dies_after) {
                    return false;
                }
                records.write(&[event]).1.unwrap();
                recorded += usize::from(is_decision);
            }
        }
        true
    };
    let ended = tokio::select! {
        biased;
        ended = record => ended,
        _ = dispatch => true,
    };
    if let Some(Fate {
        torn: Some((is_success, length)),
        ..
    }) = fate
        && !ended
    {
        tear(folder, *is_success, *length);
    }
    records.states
}

/// Begins a record that a kill cuts off.
fn tear(folder: &RunFolder, is_success: bool, length: usize) {
    let name = if is_success {
        "success.csv"
    } else {
        "failures.csv"
    };
    let row = "u0,IDU,false,\"half a record, in quotes\",and no end to be seen far and wide";
    let mut file = OpenOptions::new()
        .append(true)
        .open(folder.path().join(name))
        .unwrap();
    file.write_all(&row.as_bytes()[..length]).unwrap();
}

/// The user IDs that a report holds.
fn recorded(folder: &Path, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_path(folder.join(name)).unwrap();
    reader
        .records()
        .map(|row| row.unwrap()[0].to_owned())
        .collect()
}

async fn killed_and_resumed(case: &Case, fates: &[Fate]) -> Result<(), TestCaseError> {
    let file = file_of(case.users, |user| SETS[user % SETS.len()]);
    let mut run = Run::of(&file)
        .batch_size(case.batch_size)
        .concurrency(case.concurrency)
        .max_retries(case.max_retries)
        .rate("50/s", 10);
    run.policy.seed = case.seed;
    let changes = PlannedChanges::new(Run::of(&file).roster, None, Mode::Replace, None);
    let service = FakeService::with_seats(case.seats)
        .latency(Duration::from_millis(30))
        .uneven()
        .script(misbehave(case));
    let parent = tempfile::tempdir().unwrap();
    let folder = NewRunFolder::create(&parent.path().join("run")).unwrap();
    WriteAheadLog::create(&folder, &changes, SyncMode::EverySecond).unwrap();

    let all = &changes.roster.assignments;
    let mut decided = BTreeSet::new();
    for fate in fates.iter().map(Some).chain([None]) {
        let sent_before = service.requests();
        let counted = part(&mut run, &changes, &folder, &service, fate).await;
        let sent = service.sent();
        let mut sent_again = sent[sent_before..].iter().flat_map(Sent::users);
        let sent_again = sent_again.find(|user| decided.contains(*user));
        prop_assert_eq!(sent_again, None, "a decided user was sent again");
        // The next part cuts off what is torn.
        let (_, states) = Journal::open(&folder, &changes.roster).unwrap();
        let log = WriteAheadLog::open(&folder, &changes, &states, SyncMode::EverySecond).unwrap();
        let is_lost = |user: &UserIndex| !counted.is_pending(*user) && states.is_pending(*user);
        let lost = all.sendable_users().find(is_lost);
        prop_assert_eq!(lost, None, "an outcome was counted before it was on disk");
        check_log(&log, &states, &changes, &service)?;
        decided = all
            .sendable_users()
            .filter(|&user| !states.is_pending(user))
            .map(|user| all.user_id(user).to_string())
            .collect();
        check_records(folder.path(), &decided, &service)?;
    }
    Ok(())
}

/// Every user that a request has named, and who is no success or sure failure, is known as one who may have been
/// changed.
fn check_log(
    log: &WriteAheadLog<'_>,
    states: &UserStates,
    changes: &PlannedChanges,
    service: &FakeService,
) -> Result<(), TestCaseError> {
    let all = &changes.roster.assignments;
    let possibly_applied = log.possibly_applied(states);
    for sent in service.sent() {
        for user in sent.users().into_iter().map(|user| all.find(user).unwrap()) {
            let is_known = possibly_applied.contains(&user);
            let is_undecided = states.may_have_been_applied(user);
            prop_assert_eq!(is_known, is_undecided, "{}", all.user_id(user));
        }
    }
    Ok(())
}

/// Everyone who is decided stands in one file, and what the files say is true.
fn check_records(
    folder: &Path,
    decided: &BTreeSet<String>,
    service: &FakeService,
) -> Result<(), TestCaseError> {
    let succeeded = recorded(folder, "success.csv");
    let failed = recorded(folder, "failures.csv");
    let everyone: BTreeSet<_> = succeeded.iter().chain(&failed).cloned().collect();
    prop_assert_eq!(succeeded.len() + failed.len(), everyone.len());
    prop_assert_eq!(&everyone, decided);
    for user in succeeded {
        let number: usize = user[1..].parse().unwrap();
        let mut wanted: Vec<_> = SETS[number % SETS.len()].split(';').collect();
        wanted.sort_unstable();
        prop_assert_eq!(service.codes_of(&user), Some(wanted.join(";")));
    }
    for user in surely_unchanged(folder) {
        prop_assert_eq!(service.codes_of(&user), None, "{} has something", user);
    }
    Ok(())
}

/// Who failed, and of whom it is said that nothing has changed.
fn surely_unchanged(folder: &Path) -> Vec<String> {
    let mut reader = csv::Reader::from_path(folder.join("failures.csv")).unwrap();
    let rows = reader
        .deserialize::<BTreeMap<String, String>>()
        .map(Result::unwrap);
    rows.filter(|row| row["changed"] == "no")
        .map(|row| row["userId"].clone())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn after_faults_and_kills_every_user_is_in_one_file_and_no_decided_user_is_sent_again(
        case in cases(),
        fates in fates(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(killed_and_resumed(&case, &fates))?;
    }
}

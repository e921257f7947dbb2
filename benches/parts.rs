//! The parts that a user passes through, one by one: reading, roster, plan, request and answer, journal.

#[path = "whole/generate.rs"]
mod generate;

use std::hint::black_box;
use std::num::NonZeroUsize;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use seatload::api::AllocationRequest;
use seatload::catalog::Catalog;
use seatload::input::{Format, RowReader};
use seatload::outcome::{Applied, Decision, Outcome};
use seatload::plan::Plan;
use seatload::roster::{Roster, RosterBuilder, RowOptions};
use seatload::run::Journal;
use seatload::run::NewRunFolder;

const ROWS: usize = 250_000;
const USERS: usize = 100_000;
const BATCH: usize = 100;

fn shuffled() -> Vec<u8> {
    let mut text = Vec::new();
    generate::input(&mut text, ROWS, USERS, 7).expect("memory takes it");
    text
}

fn same_for_all() -> Vec<u8> {
    let mut text = Vec::new();
    generate::same_for_all(&mut text, USERS, 7).expect("memory takes it");
    text
}

fn roster(text: &[u8]) -> Roster {
    let catalog = Catalog::default();
    let rows = RowReader::new(text, &Format::default(), &catalog).expect("the header is sound");
    let roster = RosterBuilder::new(&catalog, None, RowOptions::default()).build(rows);
    roster.expect("memory can be read")
}

fn reading(criterion: &mut Criterion) {
    let text = shuffled();
    let catalog = Catalog::default();
    let mut group = criterion.benchmark_group("rows");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("reading", |bench| {
        bench.iter(|| {
            let rows = RowReader::new(text.as_slice(), &Format::default(), &catalog);
            let mut rows = rows.expect("the header is sound");
            let mut count = 0;
            while let Some(row) = rows.next_row().expect("memory can be read") {
                count += usize::from(row.unreadable.is_none());
            }
            assert_eq!(count, ROWS);
        });
    });
    group.bench_function("roster", |bench| bench.iter(|| roster(&text)));
    group.finish();
}

fn plan(criterion: &mut Criterion) {
    let roster = roster(&shuffled());
    let all = &roster.assignments;
    let size = NonZeroUsize::new(BATCH).expect("it is not 0");
    let mut group = criterion.benchmark_group("users");
    group.throughput(Throughput::Elements(USERS as u64));
    group.bench_function("plan", |bench| {
        bench.iter(|| Plan::new(all, all.sendable_users(), size));
    });
    group.finish();
}

fn one_batch(criterion: &mut Criterion) {
    let roster = roster(&same_for_all());
    let all = &roster.assignments;
    let users: Vec<_> = all.sendable_users().take(BATCH).collect();
    let mut group = criterion.benchmark_group("users of one batch");
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function("request body", |bench| {
        bench.iter(|| {
            let user_ids = users.iter().map(|&user| all.user_id(user).to_string());
            let request = AllocationRequest {
                user_ids: user_ids.collect(),
                user_bundle_codes: vec!["IDU".to_owned()],
                use_external_license: false,
            };
            serde_json::to_vec(black_box(&request)).expect("it is always JSON")
        });
    });

    let folder = tempfile::tempdir().expect("there is room");
    let folder = NewRunFolder::create(&folder.path().join("run")).expect("there is room");
    let (mut journal, _) = Journal::open(&folder, &roster).expect("there is room");
    let organization_id = "4f1c0e7e-9a7b-4c2b-8f56-0a1b2c3d4e5f".into();
    let decision = Decision {
        users,
        outcome: Outcome::Success {
            organization_id,
            confirmed_by: seatload::outcome::ConfirmedBy::Response,
        },
        attempts: 1,
        applied: Applied::Maybe,
    };
    group.bench_function("journal", |bench| {
        bench.iter(|| {
            let recorded = journal.record(all, &[&decision], Timestamp::now());
            recorded.expect("there is room");
        });
    });
    group.finish();
}

criterion_group!(parts, reading, plan, one_batch);
criterion_main!(parts);

//! A whole roster through dispatch.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::run::Run;
use crate::support::service::FakeService;

const CODES: [&str; 9] = [
    "ACNU",
    "ATTUNU",
    "RPADEVPRONU",
    "CTZDEVNU",
    "IDU",
    "PMBU",
    "PMD",
    "TSTNU",
    "RPADEVNU",
];

/// 40 bundle sets over 9 codes.
fn bundle_sets() -> Vec<Vec<&'static str>> {
    (1_u16..512)
        .step_by(12)
        .take(40)
        .map(|bits| {
            let of = |place: &usize| bits & (1 << place) != 0;
            (0..9).filter(of).map(|place| CODES[place]).collect()
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_users_with_rows_shuffled_need_no_request_more_than_the_lower_bound() {
    let sets = bundle_sets();
    let mut random = fastrand::Rng::with_seed(11);
    let mut wanted: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut users_of_set = vec![0_usize; sets.len()];
    for user in 0..10_000 {
        let set = random.usize(0..sets.len());
        users_of_set[set] += 1;
        wanted.insert(format!("user-{user}"), sets[set].iter().copied().collect());
    }
    let mut rows: Vec<_> = wanted
        .iter()
        .flat_map(|(user, codes)| codes.iter().map(move |code| format!("{user},{code}\n")))
        .collect();
    random.shuffle(&mut rows);

    let service = FakeService::new();
    let run = Run::of(&format!("userId,code\n{}", rows.concat()));
    let ran = run.at(&service).await;

    assert_eq!(ran.assert_finished().count("success"), 10_000);
    let lower_bound: usize = users_of_set.iter().map(|users| users.div_ceil(100)).sum();
    assert_eq!(service.requests(), lower_bound);
    let mut times_sent: BTreeMap<String, usize> = BTreeMap::new();
    for sent in service.sent() {
        for user in sent.users() {
            *times_sent.entry(user.to_owned()).or_default() += 1;
        }
    }
    assert!(times_sent.values().all(|&times| times == 1));
    for (user, codes) in wanted {
        let codes: Vec<_> = codes.into_iter().collect();
        assert_eq!(service.codes_of(&user), Some(codes.join(";")));
    }
}

#[tokio::test(start_paused = true)]
async fn the_external_flag_parts_users_of_one_bundle_set() {
    let service = FakeService::new();
    let run = Run::of("userId,code,external\na,IDU,true\nb,IDU,false\nc,IDU,true\n");
    let ran = run.at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 3);
    let mut sent: Vec<_> = service
        .sent()
        .into_iter()
        .map(|sent| (sent.request.use_external_license, sent.users().join(",")))
        .collect();
    sent.sort();
    assert_eq!(sent, [(false, "b".into()), (true, "a,c".into())]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_roster_is_done_at_once() {
    let service = FakeService::new();
    let ran = Run::of("userId,code\n").at(&service).await;
    ran.assert_finished();
    assert_eq!(service.requests(), 0);
}

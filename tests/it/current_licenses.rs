//! What users hold before a run: what is given, what is taken, and the way back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::time::{Duration, SystemTime};

use crate::support::cli::{CommandOutput, Dir, wait_for_exit};
use crate::support::server::{FaultyService, RawServer, SandboxServer, confirming, http};

const CODES: [&str; 5] = ["IDU", "PMD", "ATTUNU", "TSTNU", "RPADEVNU"];

const SEATS: &str = "IDU=5000,PMD=5000,ATTUNU=5000,TSTNU=5000,RPADEVNU=5000";

type Holdings = BTreeMap<String, BTreeSet<&'static str>>;

fn some_codes(random: &mut fastrand::Rng) -> BTreeSet<&'static str> {
    let mut codes: BTreeSet<_> = CODES.into_iter().filter(|_| random.f64() < 0.4).collect();
    codes.insert(CODES[random.usize(..CODES.len())]);
    codes
}

/// 500 users and what they hold, as a file with its rows shuffled.
fn some_holdings(seed: u64) -> (Holdings, String) {
    let mut random = fastrand::Rng::with_seed(seed);
    let holdings: Holdings = (0..500)
        .map(|user| (format!("u{user}"), some_codes(&mut random)))
        .collect();
    let mut rows: Vec<String> = holdings
        .iter()
        .flat_map(|(user, codes)| codes.iter().map(move |code| format!("{user},{code}\n")))
        .collect();
    random.shuffle(&mut rows);
    (holdings, format!("userId,code\n{}", rows.concat()))
}

/// A sandbox at which everyone holds what the file says.
fn sandbox_with(dir: &Dir, file: &str) -> SandboxServer {
    let sandbox = SandboxServer::with_seats(SEATS);
    dir.write("holdings.csv", file);
    let ended = dir.import_file("holdings.csv", "before", &sandbox.base_url, &[]);
    ended.exits_with(0);
    sandbox
}

fn held(sandbox: &SandboxServer) -> BTreeMap<String, BTreeSet<String>> {
    let state = sandbox.state();
    let codes = |holding: &serde_json::Value| {
        let codes = holding["userBundleCodes"].as_array().unwrap();
        codes
            .iter()
            .map(|code| code.as_str().unwrap().to_owned())
            .collect()
    };
    let holdings = state["holdings"].as_object().unwrap();
    holdings
        .iter()
        .map(|(user, holding)| (user.clone(), codes(holding)))
        .collect()
}

fn import_with_current(dir: &Dir, base_url: &str, arguments: &[&str]) -> CommandOutput {
    dir.import(
        base_url,
        &[&["--current", "holdings.csv"], arguments].concat(),
    )
}

fn resume(dir: &Dir, arguments: &[&str]) -> CommandOutput {
    let mut command = dir.seatload();
    command
        .args([
            "resume",
            "run",
            "--rate",
            "10000/50ms",
            "--max-retries",
            "0",
        ])
        .args(arguments);
    wait_for_exit(command)
}

#[test]
fn adding_takes_no_licence_from_any_user() {
    let dir = Dir::new();
    let (before, file) = some_holdings(1);
    let sandbox = sandbox_with(&dir, &file);
    let (wanted, file) = some_holdings(2);
    dir.write("users.csv", file);
    let ended = import_with_current(&dir, &sandbox.base_url, &["--mode", "add"]);
    ended.exits_with(0);

    let both = |user: &String| {
        before[user]
            .union(&wanted[user])
            .map(|code| (*code).to_owned())
            .collect()
    };
    let expected: BTreeMap<String, BTreeSet<String>> = before
        .keys()
        .map(|user| (user.clone(), both(user)))
        .collect();
    assert_eq!(held(&sandbox), expected);
    let unsent: BTreeSet<_> = dir
        .rows("run/success.csv")
        .into_iter()
        .filter(|row| row["sent"] == "no")
        .map(|row| row["userId"].clone())
        .collect();
    let unchanged: BTreeSet<_> = before
        .keys()
        .filter(|user| wanted[*user].is_subset(&before[*user]))
        .cloned()
        .collect();
    assert!(!unchanged.is_empty());
    assert_eq!(unsent, unchanged);
}

#[test]
fn importing_the_undo_file_restores_what_was_replaced() {
    let dir = Dir::new();
    let (_, file) = some_holdings(3);
    let sandbox = sandbox_with(&dir, &file);
    let before = sandbox.state()["holdings"].to_string();
    let (_, file) = some_holdings(4);
    dir.write("users.csv", file);
    let ended = import_with_current(&dir, &sandbox.base_url, &["--allow-losses"]);
    ended.exits_with(0);
    assert_ne!(sandbox.state()["holdings"].to_string(), before);
    let changed = dir
        .rows("run/success.csv")
        .into_iter()
        .filter(|row| row["sent"] == "yes");
    assert_eq!(dir.rows("run/undo.csv").len(), changed.count());

    let undone = dir.import_file("run/undo.csv", "undone", &sandbox.base_url, &[]);
    undone.exits_with(0);
    assert_eq!(sandbox.state()["holdings"].to_string(), before);
}

#[test]
fn a_loss_needs_consent_without_a_terminal() {
    let server = RawServer::answering(|_, request| confirming(request));
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\nb,IDU\n");
    dir.write("holdings.csv", "userId,code\na,PMD\nb,IDU\n");
    let refused = import_with_current(&dir, &server.base_url, &[]);
    refused.exits_with(2).says("1 user would lose licences");
    assert!(server.requests().is_empty());
    assert!(dir.contains_only(&["holdings.csv", "users.csv"]));
    for (reports, consent) in [("by-yes", "--yes"), ("by-losses", "--allow-losses")] {
        let flags = ["--current", "holdings.csv", consent];
        assert_eq!(
            dir.import_file("users.csv", reports, &server.base_url, &flags)
                .code,
            0
        );
    }
    // Without losses there is nothing to ask.
    let kept = dir.import_file(
        "users.csv",
        "kept",
        &server.base_url,
        &["--current", "holdings.csv", "--mode", "add"],
    );
    kept.exits_with(0);
}

#[test]
fn users_absent_from_the_current_licences_are_skipped_when_adding() {
    let sandbox = SandboxServer::with_seats("IDU=9,PMD=9");
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\nb,IDU\nc,IDU\n");
    // `c` is named, and holds nothing.
    dir.write("holdings.csv", "userId,code\na,PMD\nc,\n");
    let ended = import_with_current(&dir, &sandbox.base_url, &["--mode", "add"]);
    ended.exits_with(1);
    let failed = dir.rows("run/failures.csv");
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["userId"], "b");
    assert_eq!(failed[0]["outcome"], "withheld");
    assert!(
        failed[0]["message"].contains("--absent-means-none"),
        "{}",
        failed[0]["message"]
    );
    assert_eq!(sandbox.codes_of("a").as_deref(), Some("IDU;PMD"));
    assert_eq!(sandbox.codes_of("b"), None);
    assert_eq!(sandbox.codes_of("c").as_deref(), Some("IDU"));

    let flags = [
        "--current",
        "holdings.csv",
        "--mode",
        "add",
        "--absent-means-none",
    ];
    let ended = dir.import_file("users.csv", "all", &sandbox.base_url, &flags);
    ended.exits_with(0);
    assert_eq!(sandbox.codes_of("b").as_deref(), Some("IDU"));
}

#[test]
fn users_with_the_other_external_flag_are_skipped_when_adding() {
    let sandbox = SandboxServer::with_seats("IDU=9,PMD=9");
    let dir = Dir::new();
    dir.write(
        "users.csv",
        "userId,code,external\na,IDU,false\nb,IDU,true\n",
    );
    dir.write(
        "holdings.csv",
        "userId,code,external\na,PMD,true\nb,PMD,true\n",
    );
    let ended = import_with_current(&dir, &sandbox.base_url, &["--mode", "add"]);
    ended.exits_with(1);
    assert_eq!(dir.column("run/failures.csv", "userId"), ["a"]);
    assert_eq!(sandbox.codes_of("b").as_deref(), Some("IDU;PMD"));
}

#[test]
fn users_without_licences_are_removed_by_importing_the_undo_file() {
    let sandbox = SandboxServer::with_seats("IDU=9,PMD=9");
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\nb,IDU\nc,IDU\n");
    dir.write("holdings.csv", "userId,code\na,PMD\nb,\n");
    let ended = import_with_current(&dir, &sandbox.base_url, &["--allow-losses"]);
    ended.exits_with(0);
    let undo = "with --allow-removal to restore the licences of 2 users\n  of them, 1 user had no licences and will be removed\n  not restored: 1 user whose licences before the run are unknown";
    ended.says(undo);
    assert_eq!(
        dir.column("run/undo.csv", "userBundleCodes"),
        ["PMD", "remove"]
    );

    let undone = dir.import_file("run/undo.csv", "undone", &sandbox.base_url, &[]);
    undone.exits_with(1);
    assert_eq!(sandbox.codes_of("a").as_deref(), Some("PMD"));
    let failed = dir.rows("undone/failures.csv");
    assert_eq!(failed[0]["userId"], "b");
    let message = &failed[0]["message"];
    assert!(message.contains("--allow-removal allows that"), "{message}");

    // Only the organisation's address has the call that removes users.
    let arguments = ["--allow-removal", "--allow-losses"];
    let unknown = dir.import_file("run/undo.csv", "unknown", &sandbox.base_url, &arguments);
    unknown
        .exits_with(2)
        .says("without the name of the organisation");
}

#[test]
fn current_licences_are_on_disk_before_a_request_is_sent() {
    let dir = Dir::new();
    let undo = dir.path("run/undo.csv");
    let server = RawServer::answering(move |_, request| {
        let undo = std::fs::read_to_string(&undo).unwrap();
        let (_, body) = request.split_once("\r\n\r\n").unwrap();
        let asked: serde_json::Value = serde_json::from_str(body).unwrap();
        for user in asked["userIds"].as_array().unwrap() {
            let user = user.as_str().unwrap();
            assert!(
                undo.contains(&format!("\n{user},PMD,false,")),
                "{user} is not in {undo}"
            );
        }
        confirming(request)
    });
    let users: String = (0..30).map(|user| format!("u{user},IDU\n")).collect();
    dir.write("users.csv", format!("userId,code\n{users}"));
    dir.write(
        "holdings.csv",
        format!("userId,code\n{}", users.replace("IDU", "PMD")),
    );
    let ended = import_with_current(&dir, &server.base_url, &["--yes", "--batch-size", "3"]);
    ended.exits_with(0);
    assert_eq!(server.requests().len(), 10);
    assert_eq!(dir.rows("run/undo.csv").len(), 30);
}

#[test]
fn rejected_users_are_not_in_the_undo_file() {
    let sandbox = SandboxServer::with_seats("IDU=2,PMD=9");
    let dir = Dir::new();
    let users: String = (0..6).map(|user| format!("u{user},IDU\n")).collect();
    dir.write(
        "holdings.csv",
        format!("userId,code\n{}", users.replace("IDU", "PMD")),
    );
    dir.import_file("holdings.csv", "before", &sandbox.base_url, &[]);
    dir.write("users.csv", format!("userId,code\n{users}"));
    let ended = import_with_current(&dir, &sandbox.base_url, &["--yes"]);
    ended.exits_with(1);
    let mut changed = dir.column("run/success.csv", "userId");
    changed.sort();
    assert_eq!(changed.len(), 2);
    assert_eq!(dir.column("run/undo.csv", "userId"), changed);
}

/// The first answer grants a part of what was asked, and the second refuses.
#[test]
fn a_user_changed_before_its_rejection_is_in_the_undo_file() {
    let server = RawServer::answering(|nth, request| match nth {
        0 => confirming(&request.replace(",\"PMD\"", "")),
        _ => http(409, "PMD is used up"),
    });
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU;PMD\n");
    dir.write("holdings.csv", "userId,code\na,ATTUNU\n");
    let ended = import_with_current(&dir, &server.base_url, &["--yes"]);
    ended.exits_with(1);
    assert_eq!(dir.column("run/failures.csv", "outcome"), ["conflict"]);
    assert_eq!(dir.column("run/undo.csv", "userBundleCodes"), ["ATTUNU"]);
    assert!(
        ended.stderr.contains("to restore the licences of 1 user"),
        "{}",
        ended.stderr
    );
}

/// However often it is refused afterwards.
#[test]
fn a_changed_user_stays_in_the_undo_file_when_it_is_retried() {
    let server = RawServer::answering(|nth, request| match nth {
        0 => confirming(&request.replace(",\"PMD\"", "")),
        _ => http(409, "PMD is used up"),
    });
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU;PMD\n");
    dir.write("holdings.csv", "userId,code\na,ATTUNU\n");
    import_with_current(&dir, &server.base_url, &["--yes"]);
    for _ in 0..2 {
        let again = resume(&dir, &["--retry-failed"]);
        again.exits_with(1);
        assert_eq!(dir.column("run/failures.csv", "changed"), ["maybe"]);
        assert_eq!(dir.column("run/undo.csv", "userBundleCodes"), ["ATTUNU"]);
    }
}

#[test]
fn a_changed_external_flag_needs_consent_as_a_loss_does() {
    let server = RawServer::answering(|_, request| confirming(request));
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\n");
    dir.write("holdings.csv", "userId,code,external\na,IDU,true\n");
    let refused = import_with_current(&dir, &server.base_url, &[]);
    refused
        .exits_with(2)
        .says("1 user would get the other useExternalLicense");
    assert_eq!(
        import_with_current(&dir, &server.base_url, &["--yes"]).code,
        0
    );
}

/// What the folder of a run lacks is written again, or else nothing is done and nothing is lost.
#[test]
fn a_damaged_run_folder_is_an_error_and_stays_unchanged() {
    let sandbox = SandboxServer::with_seats("IDU=9,PMD=9");
    let dir = Dir::new();
    let rows: String = (0..6).map(|user| format!("u{user},IDU\n")).collect();
    dir.write("users.csv", format!("userId,code\n{rows}"));
    dir.write(
        "holdings.csv",
        format!("userId,code\n{}", rows.replace("IDU", "PMD")),
    );
    let ended = import_with_current(&dir, &sandbox.base_url, &["--yes", "--first", "3"]);
    ended.exits_with(3);
    let sound = dir.read("run/attempted.csv");
    for (damaged, what) in [
        ("first,last\n0,0\n1,99\n", "attempted.csv names the user 99"),
        ("first,last\n0,0\nx,1\n", "attempted.csv is damaged"),
        ("first,last\n0,0\n2,1\n", "attempted.csv is damaged"),
        ("user\n\"0\n1\n2\n", "a quote is open over several lines"),
    ] {
        dir.write("run/attempted.csv", damaged);
        let refused = resume(&dir, &[]);
        refused.exits_with(2).says(what);
        assert_eq!(dir.rows("run/pending.csv").len(), 3);
    }
    std::fs::remove_file(dir.path("run/attempted.csv")).unwrap();
    let refused = resume(&dir, &[]);
    refused.says("attempted.csv is missing");

    dir.write("run/attempted.csv", sound);
    std::fs::remove_file(dir.path("run/undo.csv")).unwrap();
    assert_eq!(resume(&dir, &[]).code, 0);
    assert_eq!(dir.rows("run/undo.csv").len(), 6);
}

#[test]
fn a_default_external_flag_does_not_apply_to_current_licences() {
    let server = RawServer::answering(|_, request| confirming(request));
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\n");
    dir.write("holdings.csv", "userId,code\na,IDU\n");
    let ended = import_with_current(&dir, &server.base_url, &["--external-license", "--yes"]);
    ended.exits_with(0);
    assert_eq!(server.requests().len(), 1);
    assert_eq!(dir.column("run/undo.csv", "useExternalLicense"), ["false"]);
}

#[test]
fn unknown_losses_need_consent_as_well() {
    let server = RawServer::answering(|_, request| confirming(request));
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\nb,IDU\n");
    dir.write("holdings.csv", "userId,code\na,IDU\n");
    let refused = import_with_current(&dir, &server.base_url, &[]);
    refused
        .exits_with(2)
        .says("1 user is not in the file of --current");
    let told = import_with_current(&dir, &server.base_url, &["--absent-means-none"]);
    told.exits_with(0);
    // An export that broke off at its header would take the question away.
    dir.write("holdings.csv", "userId,code\n");
    let refused = dir.import_file(
        "users.csv",
        "empty",
        &server.base_url,
        &["--current", "holdings.csv", "--absent-means-none"],
    );
    refused.exits_with(2).says("the file has no users");
}

#[test]
fn after_a_kill_the_undo_file_has_every_changed_user_and_resume_completes_it() {
    let dir = Dir::new();
    let server = FaultyService::new(0, 1);
    let users: String = (0..200).map(|user| format!("u{user},IDU\n")).collect();
    let holdings = format!("userId,code\n{}", users.replace("IDU", "PMD"));
    dir.write("holdings.csv", &holdings);
    assert_eq!(
        dir.import_file("holdings.csv", "before", &server.server.base_url, &[])
            .code,
        0
    );
    dir.write("users.csv", format!("userId,code\n{users}"));
    let asked_before = server.users_by_request(0).len();
    server.freeze_at(asked_before + 5);

    let mut child = dir.start_import(
        &server.server.base_url,
        &[
            &["--rate", "10000/50ms", "--batch-size", "10"][..],
            &["--current", "holdings.csv", "--yes"],
        ]
        .concat(),
    );
    while !server.is_frozen() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let in_undo: BTreeSet<_> = dir.column("run/undo.csv", "userId").into_iter().collect();
    let changed: Vec<_> = server
        .licenses()
        .into_iter()
        .filter(|(_, codes)| codes == "IDU")
        .map(|(user, _)| user)
        .collect();
    assert!(
        changed.len() >= 40 && changed.len() < 200,
        "{}",
        changed.len()
    );
    assert!(changed.iter().all(|user| in_undo.contains(user)));
    server.thaw();

    let resumed = resume(&dir, &[]);
    resumed.exits_with(0);
    assert_eq!(dir.rows("run/undo.csv").len(), 200);
    let undone = dir.import_file("run/undo.csv", "undone", &server.server.base_url, &[]);
    undone.exits_with(0);
    assert!(server.licenses().values().all(|codes| codes == "PMD"));
}

#[test]
fn current_licences_are_read_in_any_dialect_and_a_bad_row_in_them_is_an_error() {
    let server = RawServer::answering(|_, request| confirming(request));
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\nåsa,IDU\nben,PMD\n");
    dir.write(
        "export.csv",
        "Abteilung;Code;User ID\nA;IDU|PMD;åsa\nB;;ben\n",
    );
    let flags = ["--current", "export.csv", "--mode", "add"];
    let ended = dir.import_file("users.csv", "first", &server.base_url, &flags);
    ended.exits_with(0);
    let sent = dir.rows("first/success.csv");
    let by_user: BTreeMap<_, _> = sent
        .iter()
        .map(|row| {
            (
                row["userId"].as_str(),
                (row["sent"].as_str(), row["userBundleCodes"].as_str()),
            )
        })
        .collect();
    assert_eq!(by_user["åsa"], ("no", "IDU;PMD"));
    assert_eq!(by_user["ben"], ("yes", "PMD"));

    dir.write("holdings.csv", "userId,code\nåsa,IDU\nben,ROBOT\n");
    let ended = import_with_current(&dir, &server.base_url, &["--yes"]);
    ended
        .exits_with(2)
        .says("line 3: unknown bundle code \"ROBOT\"");
    assert!(!dir.path("run").exists());
}

#[test]
fn licences_from_a_group_are_known_however_a_spreadsheet_saves_the_export() {
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\nann,IDU;PMD\n");
    let header = "userId;userBundleCodes;useExternalLicense;inheritedFromGroup";
    let refused = |row: &str| {
        dir.write("holdings.csv", format!("{header}\n{row}\n"));
        let ended = import_with_current(&dir, "http://127.0.0.1:9", &[]);
        ended.exits_with(2);
        ended
    };
    refused("ann;PMD;FALSE;TRUE").says("1 user has licences from a group");
    refused("ann;PMD;FALSE;WAHR").says("\"WAHR\" is neither true nor false");
}

#[test]
fn a_file_of_current_licences_without_users_is_an_error_whatever_its_name() {
    for name in ["licences.csv", "current.csv"] {
        let dir = Dir::new();
        dir.write("users.csv", "userId,code\nann,IDU\n");
        dir.write(name, "userId,code\n");
        let flags = ["--current", name, "--absent-means-none", "--mode", "add"];
        let ended = dir.import_file("users.csv", "run", "http://127.0.0.1:9", &flags);
        ended.exits_with(2).says("the file has no users");
    }
}

#[test]
fn a_run_is_resumed_only_with_the_current_licences_that_it_started_with() {
    let sandbox = SandboxServer::with_seats("IDU=9,PMD=9");
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\nb,IDU\nc,IDU\n");
    dir.write("holdings.csv", "userId,code\na,PMD\nb,PMD\nc,IDU\n");
    let ended = import_with_current(&dir, &sandbox.base_url, &["--mode", "add", "--first", "1"]);
    ended.exits_with(3);
    dir.write("holdings.csv", "userId,code\na,PMD\nb,IDU\nc,IDU\n");
    let resume = || resume(&dir, &[]);
    let refused = resume();
    refused
        .exits_with(2)
        .says("holdings.csv has changed since the run started");
    dir.write("holdings.csv", "junk");
    let refused = resume();
    refused.says("holdings.csv has changed since the run started");
    dir.write("holdings.csv", "userId,code\na,PMD\nb,PMD\nc,IDU\n");
    assert_eq!(resume().code, 0);
    assert_eq!(sandbox.codes_of("b").as_deref(), Some("IDU;PMD"));
    assert_eq!(dir.rows("run/success.csv").len(), 3);
}

#[test]
fn current_licences_that_are_days_old_cause_a_warning() {
    let sandbox = SandboxServer::with_seats("IDU=9,PMD=9");
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\nb,IDU\n");
    dir.write("holdings.csv", "userId,code\na,PMD\nb,PMD\n");
    let import = |name: &str| {
        let arguments = ["--mode", "add", "--first", "1", "--report-dir", name];
        let current = ["--current", "holdings.csv"];
        dir.import(&sandbox.base_url, &[&current[..], &arguments].concat())
    };
    let of_today = import("first");
    assert!(!of_today.stderr.contains("warning"), "{}", of_today.stderr);
    let three_days_ago = SystemTime::now() - Duration::from_secs(3 * 24 * 60 * 60 + 60);
    let file = File::options().write(true).open(dir.path("holdings.csv"));
    file.unwrap().set_modified(three_days_ago).unwrap();
    let warning = "the current licences in holdings.csv are 3 days old";
    import("second").exits_with(3).says(warning);
}

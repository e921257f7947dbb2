//! What the service knows: e-mail addresses, current licences, seats; asked before an import, and after it.

use std::collections::BTreeSet;

use crate::support::cli::{CommandOutput, Dir, wait_for_exit};
use crate::support::portal::{Licenses, Portal, PortalBehavior, address, guid};
use crate::support::server::{RawServer, http_with};

/// An import of `users.csv` by the portal's address, with reports in a folder.
fn import(dir: &Dir, portal: &Portal, reports: &str, arguments: &[&str]) -> CommandOutput {
    import_file(dir, portal, "users.csv", reports, arguments)
}

fn import_file(
    dir: &Dir,
    portal: &Portal,
    file: &str,
    reports: &str,
    arguments: &[&str],
) -> CommandOutput {
    let mut command = dir.seatload();
    command.args([
        "import",
        file,
        "--report-dir",
        reports,
        "--url",
        &portal.url(),
    ]);
    command.args(["--rate", "10000/50ms", "--max-retries", "0"]);
    wait_for_exit({
        command.args(arguments);
        command
    })
}

fn verify(dir: &Dir, portal: &Portal, file: &str) -> CommandOutput {
    let mut command = dir.seatload();
    command.args(["verify", file, "--url", &portal.url()]);
    wait_for_exit(command)
}

fn with_addresses(count: usize) -> String {
    let rows = (0..count).map(|number| format!("{},IDU\n", address(number)));
    format!("E-Mail,Licence\n{}", rows.collect::<String>())
}

fn with_licenses(count: usize) -> Licenses {
    (0..count)
        .map(|number| (guid(number), vec!["PMD".to_owned()]))
        .collect()
}

#[test]
fn addresses_are_looked_up_twenty_at_a_time_and_unknown_ones_are_bad_rows() {
    let portal = Portal::new(297, Licenses::new(), PortalBehavior::default());
    let dir = Dir::new();
    dir.write("users.csv", with_addresses(300));
    let ended = import(&dir, &portal, "run", &[]);
    ended.exits_with(1);
    assert_eq!(portal.count("BulkResolveByName"), 15);
    assert_eq!(dir.rows("run/success.csv").len(), 297);
    assert_eq!(
        dir.column("run/failures.csv", "userId"),
        [297, 298, 299].map(address)
    );
    assert_eq!(portal.licenses().len(), 297);
    assert_eq!(dir.rows("run/directory.csv").len(), 297);
}

#[test]
fn a_look_up_that_gets_no_answer_sends_nothing_and_leaves_nothing_behind() {
    let hangs = PortalBehavior {
        hangs_at_lookup: 7,
        ..PortalBehavior::default()
    };
    let portal = Portal::new(300, Licenses::new(), hangs);
    let dir = Dir::new();
    dir.write("users.csv", with_addresses(300));
    let ended = import(&dir, &portal, "run", &[]);
    ended.exits_with(2);
    assert!(ended.stderr.contains("or retry later"), "{}", ended.stderr);
    assert_eq!(portal.count("PUT "), 0);
    assert!(!dir.path("run").exists());
    let again = import(&dir, &portal, "run", &[]);
    again.exits_with(0);
    assert_eq!(portal.licenses().len(), 300);
}

#[test]
fn current_licences_are_read_page_by_page_and_adding_takes_nothing_away() {
    let portal = Portal::new(300, with_licenses(230), PortalBehavior::default());
    let dir = Dir::new();
    dir.write("users.csv", with_addresses(300));

    let refused = import(&dir, &portal, "refused", &[]);
    refused.exits_with(2).says("230 users would lose licences");
    assert_eq!(portal.count("PUT "), 0);

    let added = import(&dir, &portal, "run", &["--mode", "add"]);
    added.exits_with(0);
    let both: BTreeSet<_> = portal.licenses()[&guid(0)].iter().cloned().collect();
    assert_eq!(both, ["IDU", "PMD"].map(str::to_owned).into());
    assert_eq!(portal.licenses()[&guid(299)], ["IDU"]);
    assert_eq!(dir.rows("run/current.csv").len(), 230);
}

#[test]
fn undo_restores_what_the_service_reported_and_verify_agrees() {
    let before = with_licenses(30);
    let portal = Portal::new(30, before.clone(), PortalBehavior::default());
    let dir = Dir::new();
    dir.write("users.csv", with_addresses(30));
    assert_eq!(verify(&dir, &portal, "users.csv").code, 1);
    let replaced = import(&dir, &portal, "run", &["--allow-losses"]);
    replaced.exits_with(0);
    let verified = verify(&dir, &portal, "users.csv");
    verified.exits_with(0);
    let undone = import_file(&dir, &portal, "run/undo.csv", "undone", &["--allow-losses"]);
    undone.exits_with(0);
    assert_eq!(portal.licenses(), before);
    let different = verify(&dir, &portal, "users.csv");
    different
        .exits_with(1)
        .prints("lacks IDU, has too many: PMD");
}

#[test]
fn undo_names_the_flag_for_codes_that_only_the_service_knows() {
    let mut before = with_licenses(1);
    before.insert(guid(0), vec!["NEWNU".to_owned()]);
    let portal = Portal::new(1, before.clone(), PortalBehavior::default());
    let dir = Dir::new();
    dir.write("users.csv", with_addresses(1));
    let replaced = import(&dir, &portal, "run", &["--allow-losses"]);
    replaced
        .exits_with(0)
        .says("undo.csv with --allow-code NEWNU to restore the licences of 1 user");
    let flags = ["--allow-losses", "--allow-code", "NEWNU"];
    let undone = import_file(&dir, &portal, "run/undo.csv", "undone", &flags);
    undone.exits_with(0);
    assert_eq!(portal.licenses(), before);
}

#[test]
fn users_whose_responses_were_lost_are_settled_by_reading_what_they_have() {
    let loses_half = PortalBehavior {
        loses: |nth| nth % 2 == 1,
        ..PortalBehavior::default()
    };
    let portal = Portal::new(40, Licenses::new(), loses_half);
    let dir = Dir::new();
    dir.write("users.csv", with_addresses(40));
    let ended = import(
        &dir,
        &portal,
        "run",
        &["--batch-size", "1", "--concurrency", "1"],
    );
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    let verified = dir.column("run/success.csv", "message");
    let verified = verified
        .iter()
        .filter(|message| *message == "verified by reading");
    assert_eq!(verified.count(), 20);
    assert_eq!(dir.rows("run/success.csv").len(), 40);
    assert!(dir.rows("run/failures.csv").is_empty());
    assert_eq!(portal.licenses().len(), 40);
}

#[test]
fn an_import_continues_without_what_the_service_refuses_unless_a_flag_needs_it() {
    let refuses = PortalBehavior {
        refuses: |path| {
            let is_reading = path.contains("UserLicense") || path.contains("license");
            let is_allocation = path == "/acme/lease_/api/account/acc-1/user-license";
            (is_reading && !is_allocation).then_some(403)
        },
        ..PortalBehavior::default()
    };
    let portal = Portal::new(5, with_licenses(5), refuses);
    let dir = Dir::new();
    dir.write("users.csv", with_addresses(5));
    let must = import(&dir, &portal, "must", &["--current", "service"]);
    must.exits_with(2)
        .says("the service does not say which licences users have");
    assert_eq!(portal.count("PUT "), 0);
    let without = import(&dir, &portal, "run", &[]);
    without
        .exits_with(0)
        .says("warning: the service does not say which licences users have");
}

#[test]
fn an_account_that_contradicts_the_portal_is_an_error_before_anything_is_sent() {
    let portal = Portal::new(1, Licenses::new(), PortalBehavior::default());
    let dir = Dir::new();
    dir.write("users.csv", with_addresses(1));
    let ended = import(&dir, &portal, "run", &["--account", "acc-2"]);
    ended.exits_with(2);
    let error = "--account is acc-2, but the portal is for the account acc-1";
    ended.says(error);
    assert_eq!(portal.count("PUT "), 0);
}

#[test]
fn an_export_can_be_imported_and_read_as_current_licences() {
    let portal = Portal::new(120, with_licenses(120), PortalBehavior::default());
    let dir = Dir::new();
    let mut command = dir.seatload();
    command.args(["export", "--url", &portal.url(), "--out", "licences.csv"]);
    let exported = wait_for_exit(command);
    exported.exits_with(0);
    assert_eq!(dir.rows("licences.csv").len(), 120);
    let verified = verify(&dir, &portal, "licences.csv");
    verified.exits_with(0);
    dir.write("users.csv", with_addresses(120));
    let planned = import(&dir, &portal, "run", &["--current", "licences.csv"]);
    planned.says("120 users would lose licences");
}

#[test]
fn an_export_whose_reader_has_seen_enough_ends_without_an_error() {
    // More than a pipe holds.
    let portal = Portal::new(3000, with_licenses(3000), PortalBehavior::default());
    let dir = Dir::new();
    let url = portal.url();
    let mut export = dir.start_piped(&["export", "--url", &url]);
    drop(export.stdout.take());
    let ended = export.wait_with_output().unwrap();
    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{stderr}");
    assert!(!stderr.contains("error"), "{stderr}");
}

#[test]
fn an_export_that_ends_too_early_says_that_what_it_wrote_is_incomplete() {
    let behavior = PortalBehavior {
        refuses: |path| path.ends_with("/user/page").then_some(503),
        ..PortalBehavior::default()
    };
    let portal = Portal::new(120, with_licenses(120), behavior);
    let dir = Dir::new();
    let mut command = dir.seatload();
    command.args(["export", "--url", &portal.url(), "--max-retries", "0"]);
    let ended = wait_for_exit(command);
    ended.exits_with(2);
    for told in [
        "cannot be read to the end",
        "status 503",
        "hint: do not use what was written",
    ] {
        ended.says(told);
    }
}

#[test]
fn an_address_that_differs_by_one_letter_from_one_that_is_found_is_suggested() {
    let portal = Portal::new(5, Licenses::new(), PortalBehavior::default());
    let dir = Dir::new();
    dir.write("users.csv", with_addresses(5) + "usr3@acme.example,IDU\n");
    let ended = import(&dir, &portal, "run", &[]);
    ended.exits_with(1);
    let suggestion = "\"usr3@acme.example\"; did you mean user3@acme.example?";
    ended.says(suggestion);
}

#[test]
fn leavers_are_removed_by_a_call_of_their_own_and_confirmed_by_reading() {
    let portal = Portal::new(9, with_licenses(4), PortalBehavior::default());
    let dir = Dir::new();
    let rows = [
        (0, "remove"),
        (1, "none"),
        (2, "IDU"),
        (3, "remove"),
        (8, "remove"),
    ];
    let rows = rows.map(|(number, code)| format!("{},{code}\n", address(number)));
    dir.write("users.csv", format!("E-Mail,Licence\n{}", rows.concat()));

    let forbidden = import(&dir, &portal, "forbidden", &["--allow-losses"]);
    forbidden.exits_with(1).says("--allow-removal allows that");
    let without_consent = import(&dir, &portal, "refused", &["--allow-removal"]);
    without_consent.exits_with(2).says("would lose licences");
    assert_eq!(portal.count("DELETE "), 0);

    let ended = import(&dir, &portal, "run", &["--allow-removal", "--allow-losses"]);
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(portal.count("DELETE "), 1);
    let left: Vec<_> = portal.licenses().into_iter().collect();
    assert_eq!(left, [(guid(1), vec![]), (guid(2), vec!["IDU".to_owned()])]);
    // One user had no licences to be removed, and one had its code since the first import.
    assert_eq!(
        dir.column("run/success.csv", "sent"),
        ["no", "no", "yes", "yes", "yes"]
    );
    let verified = verify_with_removal(&dir, &portal);
    verified.exits_with(0);
}

#[test]
fn reports_count_the_calls_that_remove_users_as_requests() {
    let portal = Portal::new(2, with_licenses(2), PortalBehavior::default());
    let dir = Dir::new();
    let rows = [0, 1].map(|number| format!("{},remove\n", address(number)));
    dir.write("users.csv", format!("E-Mail,Licence\n{}", rows.concat()));
    let ended = import(&dir, &portal, "run", &["--allow-removal", "--allow-losses"]);
    ended
        .exits_with(0)
        .prints("All 2 users are done")
        .prints("1 sent, 0 retried");
    assert_eq!(portal.count("DELETE "), 1);
    let page = dir.read("run/report.html");
    assert!(!page.contains("No request to change"), "{page}");
}

fn verify_with_removal(dir: &Dir, portal: &Portal) -> CommandOutput {
    let mut command = dir.seatload();
    command.args([
        "verify",
        "users.csv",
        "--allow-removal",
        "--url",
        &portal.url(),
    ]);
    wait_for_exit(command)
}

#[test]
fn a_removal_that_the_service_refuses_is_a_failure_with_the_portal_as_the_hint() {
    let refuses = PortalBehavior {
        removal_status: Some(403),
        ..PortalBehavior::default()
    };
    let portal = Portal::new(2, with_licenses(2), refuses);
    let dir = Dir::new();
    dir.write(
        "users.csv",
        format!(
            "E-Mail,Licence\n{},remove\n{},IDU\n",
            address(0),
            address(1)
        ),
    );
    let ended = import(&dir, &portal, "run", &["--allow-removal", "--allow-losses"]);
    ended.exits_with(1);
    assert_eq!(dir.column("run/failures.csv", "outcome"), ["rejected"]);
    assert_eq!(dir.column("run/failures.csv", "changed"), ["no"]);
    let message = &dir.column("run/failures.csv", "message")[0];
    assert!(
        message.contains("remove the user's licences in the portal"),
        "{message}"
    );
    assert_eq!(portal.licenses()[&guid(1)], ["IDU"]);
}

#[test]
fn a_removal_with_an_unclear_response_is_decided_by_reading() {
    for (status, removes_anyway) in [(520, true), (505, true), (505, false)] {
        let behavior = PortalBehavior {
            removal_status: Some(status),
            removes_anyway,
            ..PortalBehavior::default()
        };
        let portal = Portal::new(1, with_licenses(1), behavior);
        let dir = Dir::new();
        dir.write(
            "users.csv",
            format!("E-Mail,Licence\n{},remove\n", address(0)),
        );
        let ended = import(&dir, &portal, "run", &["--allow-removal", "--allow-losses"]);
        if removes_anyway {
            ended.exits_with(0);
            continue;
        }
        ended.exits_with(1);
        assert_eq!(dir.column("run/failures.csv", "outcome"), ["unavailable"]);
        let message = &dir.column("run/failures.csv", "message")[0];
        assert!(message.contains("nothing was changed"), "{message}");
    }
}

#[test]
fn the_export_of_the_public_client_is_read_as_input_and_as_current_licences() {
    let portal = Portal::new(3, with_licenses(3), PortalBehavior::default());
    let dir = Dir::new();
    let row = |number, license: &str| format!("/,{},{license}\n", address(number));
    let users = [
        row(0, "Insights Designer Users"),
        row(1, "Insights Designer Users"),
    ];
    dir.write(
        "users.csv",
        format!("Path,UserName,License\n{}", users.concat()),
    );
    let current = [
        row(0, "Process Mining Developer"),
        row(0, "Insights Designer Users"),
    ];
    dir.write(
        "now.csv",
        format!("Path,UserName,License\n{}", current.concat()),
    );
    let refused = import(&dir, &portal, "refused", &["--current", "now.csv"]);
    refused.exits_with(2).says("1 user would lose licences");
    let arguments = [
        "--current",
        "now.csv",
        "--absent-means-none",
        "--allow-losses",
    ];
    let ended = import(&dir, &portal, "run", &arguments);
    ended.exits_with(0);
    assert_eq!(
        dir.column("run/undo.csv", "userBundleCodes"),
        ["IDU;PMD", "remove"]
    );
}

#[test]
fn a_response_with_what_users_have_stops_the_run_before_a_second_request() {
    let reads = PortalBehavior {
        reads_instead: true,
        ..PortalBehavior::default()
    };
    let portal = Portal::new(300, Licenses::new(), reads);
    let dir = Dir::new();
    dir.write("users.csv", with_addresses(300));
    let ended = import(&dir, &portal, "run", &[]);
    ended.exits_with(3);
    let stop = "this address reads licences and does not allocate them";
    ended.says(stop);
    assert_eq!(portal.count("PUT "), 1);
    assert_eq!(dir.rows("run/pending.csv").len(), 300);
}

#[test]
fn a_corrected_failures_file_names_one_user_by_address_and_by_id() {
    let portal = Portal::new(1, Licenses::new(), PortalBehavior::default());
    let dir = Dir::new();
    dir.write(
        "users.csv",
        format!("E-Mail,Licence\n{0},IDU\n{0},PMDD\n", address(0)),
    );
    assert_eq!(import(&dir, &portal, "run", &[]).code, 1);
    let corrected = dir.read("run/failures.csv").replace(",PMDD,", ",PMD,");
    dir.write("users.csv", corrected);
    let ended = import(&dir, &portal, "again", &[]);
    ended.exits_with(0);
    assert_eq!(portal.licenses()[&guid(0)].len(), 2);
}

#[test]
fn the_documents_describe_every_field_of_a_verification() {
    let portal = Portal::new(2, with_licenses(2), PortalBehavior::default());
    let dir = Dir::new();
    dir.write("users.csv", with_addresses(2));
    let mut command = dir.seatload();
    command.args(["verify", "users.csv", "--json", "--url", &portal.url()]);
    let verification: serde_json::Value =
        serde_json::from_str(&wait_for_exit(command).stdout).unwrap();
    let document = include_str!("../../docs/json.md");
    let fields = verification.as_object().unwrap().keys();
    let of_each = verification["differences"][0].as_object().unwrap().keys();
    for field in fields.chain(of_each) {
        assert!(
            document.contains(&format!("`{field}`")),
            "docs/json.md lacks {field}"
        );
    }
}

#[test]
fn check_tries_every_call_and_shows_what_says_the_account() {
    let portal = Portal::new(2, with_licenses(2), PortalBehavior::default());
    let dir = Dir::new();
    let mut command = dir.seatload();
    command.args(["check", "--url", &portal.url()]);
    let shown = wait_for_exit(command).stdout;
    for line in [
        "organization    acme  (url)",
        "ok       account         acc-1 (the portal)",
        "ok       e-mail look-up  works",
        "skipped  user list       not there (status 404); other ways may work",
        "ok       portal list     works",
    ] {
        assert!(shown.contains(line), "{line} is not in\n{shown}");
    }
}

#[test]
fn two_addresses_of_one_user_are_one_user() {
    let portal = Portal::new(1, Licenses::new(), PortalBehavior::default());
    let dir = Dir::new();
    dir.write(
        "users.csv",
        format!("E-Mail,Licence\n{0},IDU\nalso-{0},PMD\n", address(0)),
    );
    let ended = import(&dir, &portal, "run", &[]);
    ended.exits_with(0);
    assert_eq!(portal.count("PUT "), 1);
    assert_eq!(portal.licenses()[&guid(0)].len(), 2);
}

#[test]
fn a_resumed_run_means_the_same_users_and_changes_and_asks_nothing_again() {
    let portal = Portal::new(40, with_licenses(10), PortalBehavior::default());
    let dir = Dir::new();
    dir.write("users.csv", with_addresses(40));
    let started = import(&dir, &portal, "run", &["--first", "5", "--allow-losses"]);
    started.exits_with(3);
    let asked = (portal.count("BulkResolveByName"), portal.count("user/page"));
    let mut command = dir.seatload();
    command.args(["resume", "run"]);
    let resumed = wait_for_exit(command);
    resumed.exits_with(0);
    assert_eq!(
        (portal.count("BulkResolveByName"), portal.count("user/page")),
        asked
    );
    assert_eq!(dir.rows("run/success.csv").len(), 40);
    assert_eq!(dir.rows("run/undo.csv").len(), 40);
}

#[test]
fn an_import_that_is_killed_while_it_looks_up_has_sent_nothing_and_is_resumed() {
    for resumes in [true, false] {
        let hangs = PortalBehavior {
            hangs_at_lookup: 3,
            ..PortalBehavior::default()
        };
        let portal = Portal::new(297, Licenses::new(), hangs);
        let dir = Dir::new();
        dir.write("users.csv", with_addresses(300));
        let url = portal.url();
        // After a lost response it waits before it asks again.
        let mut child = dir.start(&["import", "users.csv", "--report-dir", "run", "--url", &url]);
        while portal.count("BulkResolveByName") < 4 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(portal.count("PUT "), 0);
        let again = if resumes {
            let mut command = dir.seatload();
            command.args(["resume", "run"]);
            wait_for_exit(command)
        } else {
            import(&dir, &portal, "run", &[])
        };
        again.exits_with(1);
        assert_eq!(dir.rows("run/success.csv").len(), 297);
        assert_eq!(
            dir.column("run/failures.csv", "userId"),
            [297, 298, 299].map(address)
        );
        assert!(!dir.path("run/start.json").exists());
    }
}

#[test]
fn a_watch_keeps_a_file_whose_look_up_fails_for_now() {
    let hangs = PortalBehavior {
        hangs_at_lookup: 0,
        ..PortalBehavior::default()
    };
    let portal = Portal::new(3, Licenses::new(), hangs);
    let dir = Dir::new();
    std::fs::create_dir(dir.path("drop")).unwrap();
    dir.write("drop/joiners.csv", with_addresses(3));
    let watch = || {
        let mut command = dir.seatload();
        command.args([
            "watch",
            "drop",
            "--once",
            "--settle",
            "0s",
            "--max-retries",
            "0",
        ]);
        command.args(["--url", &portal.url()]);
        wait_for_exit(command)
    };
    let failed = watch();
    failed.exits_with(3);
    assert!(!dir.path("drop/attention").join("joiners.csv").exists());
    assert_eq!(portal.count("PUT "), 0);
    let ended = watch();
    ended.exits_with(0);
    assert_eq!(portal.licenses().len(), 3);
}

#[test]
fn addresses_that_no_user_has_are_reported_as_unknown() {
    let portal = Portal::new(0, Licenses::new(), PortalBehavior::default());
    let dir = Dir::new();
    dir.write("users.csv", with_addresses(2));
    let ended = import(&dir, &portal, "run", &[]);
    ended.exits_with(1).says("unknown e-mail address");
    assert_eq!(dir.rows("run/failures.csv").len(), 2);
}

#[test]
fn addresses_of_which_the_service_says_nothing_are_an_error_that_says_where_to_look() {
    let page = RawServer::answering(|_, _| http_with(200, "Content-Type: text/html\r\n", "<html>"));
    let dir = Dir::new();
    dir.write("users.csv", with_addresses(2));
    let url = format!("{}/acme", page.base_url);
    let mut command = dir.seatload();
    command.args(["plan", "users.csv", "--account", "a", "--url", &url]);
    let ended = wait_for_exit(command);
    ended
        .exits_with(2)
        .says("names: a web page (status 200)")
        .says("run `seatload check` to see why the service does not give the user IDs");
    // What follows from the addresses is not asked.
    assert!(!ended.stderr.contains("seats"), "{}", ended.stderr);
}

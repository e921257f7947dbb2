//! `seatload check`, the configuration file, and where settings come from.

use serde_json::Value;

use crate::support::cli::{CommandOutput, Dir, wait_for_exit};
use crate::support::identity::{CLIENT_ID, CLIENT_SECRET, Identity, IdentityBehavior};
use crate::support::server::{RawServer, Stand, http};
use crate::support::tls::{PrivateRoot, TlsServer};

fn check(dir: &Dir, arguments: &[&str], variables: &[(&str, &str)]) -> CommandOutput {
    let mut command = dir.seatload();
    command
        .arg("check")
        .args(arguments)
        .envs(variables.iter().copied());
    wait_for_exit(command)
}

/// `name: state` of each check.
fn states(shown: &Value) -> Vec<String> {
    let checks = shown["checks"].as_array().unwrap();
    checks
        .iter()
        .map(|check| {
            format!(
                "{}: {}",
                check["name"].as_str().unwrap(),
                check["state"].as_str().unwrap()
            )
        })
        .collect()
}

fn json(ended: &CommandOutput) -> Value {
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn a_good_set_up_is_ok_and_nothing_is_allocated() {
    let sandbox = Stand::with_seats("IDU=5");
    let dir = Dir::new();
    let good = ["--account", "acc-1", "--base-url", &sandbox.base_url];
    let told = check(&dir, &good, &[]);
    assert_eq!(told.code, 0, "{}", told.stdout);
    assert!(told.stdout.contains("ok       endpoint"), "{}", told.stdout);
    let told = json(&check(&dir, &[&good[..], &["--json"]].concat(), &[]));
    let expected = [
        "settings: ok",
        "DNS: ok",
        "connection: ok",
        "sign-in: ok",
        "endpoint: ok",
    ];
    assert_eq!(states(&told), expected);
    let shown = sandbox.shown();
    assert_eq!(shown["holdings"].as_object().unwrap().len(), 0);
    assert_eq!(shown["seats"]["IDU"]["taken"], 0);
}

#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    let dir = Dir::new();
    let sandbox = Stand::with_seats("IDU=5");
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let nowhere = format!("http://{closed}");
    let refusing = RawServer::answering(|_, _| http(401, "expired"));
    let page = RawServer::answering(|_, _| {
        b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<html>Hi</html>"
            .to_vec()
    });
    let identity = Identity::new(IdentityBehavior::default());
    let root = PrivateRoot::new();
    let private = TlsServer::answering(&root, false, |_| http(400, "nobody"));
    for (base_url, arguments, failed, advice) in [
        (
            &nowhere,
            &["--account", "a"][..],
            "connection",
            "check the address",
        ),
        (
            &sandbox.base_url,
            &["--account", "wrong"],
            "endpoint",
            "check --account",
        ),
        (
            &refusing.base_url,
            &["--account", "a"],
            "endpoint",
            "get a new token",
        ),
        (
            &page.base_url,
            &["--account", "a"],
            "endpoint",
            "try --endpoint put-lease",
        ),
        (&private.base_url, &["--account", "a"], "TLS", "--ca-cert"),
        (&sandbox.base_url, &[], "settings", "--account"),
        (
            &sandbox.base_url,
            &["--account", "a", "--token-file", "no"],
            "file",
            "check its name",
        ),
    ] {
        let told = check(
            &dir,
            &[&["--base-url", base_url, "--json"], arguments].concat(),
            &[],
        );
        assert_eq!(told.code, 2, "{base_url}: {}", told.stdout);
        let checks = json(&told)["checks"].as_array().unwrap().clone();
        let first = checks
            .iter()
            .find(|check| check["state"] == "failed")
            .unwrap();
        assert_eq!(first["name"], failed, "{first}");
        assert!(
            first["advice"].as_str().unwrap().contains(advice),
            "{first}"
        );
    }
    let as_application = |client_id: &str| {
        let mut command = dir.seatload();
        command
            .env_remove("SEATLOAD_TOKEN")
            .args(["check", "--account", "a", "--client-id", client_id])
            .args(["--base-url", &identity.server.base_url])
            .env("SEATLOAD_CLIENT_SECRET", CLIENT_SECRET);
        wait_for_exit(command)
    };
    let told = as_application("someone-else");
    assert!(told.stdout.contains("FAILED   sign-in"), "{}", told.stdout);
    let told = as_application(CLIENT_ID);
    assert!(told.stdout.contains("ok       sign-in"), "{}", told.stdout);
    assert!(!told.stdout.contains(CLIENT_SECRET));
}

#[test]
fn a_flag_comes_before_a_variable_before_a_profile_before_a_default() {
    let dir = Dir::new();
    dir.write(
        "seatload.toml",
        "batch-size = 11\nconcurrency = 3\nburst = 1\nkeep-trying = true\nallow-code = [\"A1\", \"B2\"]\n\
         [profiles.prod]\nbatch-size = 12\nrate = \"9/s\"\ncloud = \"dedicated=acme\"\n",
    );
    let shown = |arguments: &[&str], variables: &[(&str, &str)]| {
        let fixed = ["--json", "--account", "a"];
        json(&check(&dir, &[&fixed, arguments].concat(), variables))
    };
    let of = |shown: &Value, name: &str| {
        let settings = shown["settings"].as_array().unwrap();
        let setting = settings
            .iter()
            .find(|setting| setting["name"] == name)
            .unwrap();
        format!(
            "{} by {}",
            setting["value"].as_str().unwrap(),
            setting["source"].as_str().unwrap()
        )
    };
    let plain = shown(&["--base-url", "http://127.0.0.1:1"], &[]);
    assert_eq!(of(&plain, "batch-size"), "11 by seatload.toml");
    assert_eq!(of(&plain, "keep-trying"), "true by seatload.toml");
    assert_eq!(of(&plain, "allow-code"), "A1,B2 by seatload.toml");
    assert_eq!(of(&plain, "rate"), "10/s by default");
    assert_eq!(of(&plain, "account"), "a by flag");
    assert_eq!(of(&plain, "SEATLOAD_TOKEN"), "(hidden) by SEATLOAD_TOKEN");

    let local = ["--profile", "prod", "--base-url", "http://127.0.0.1:1"];
    let prod = shown(&local, &[]);
    assert_eq!(
        of(&prod, "batch-size"),
        "12 by profile prod in seatload.toml"
    );
    assert_eq!(of(&prod, "rate"), "9/s by profile prod in seatload.toml");
    assert_eq!(of(&prod, "endpoint"), "put-lease by cloud");
    assert_eq!(of(&prod, "concurrency"), "3 by seatload.toml");
    let by_variable = shown(&local, &[("SEATLOAD_BATCH_SIZE", "13")]);
    assert_eq!(of(&by_variable, "batch-size"), "13 by SEATLOAD_BATCH_SIZE");
    let by_flag = shown(
        &[&local[..], &["--batch-size", "14"]].concat(),
        &[("SEATLOAD_BATCH_SIZE", "13")],
    );
    assert_eq!(of(&by_flag, "batch-size"), "14 by flag");
}

#[test]
fn a_profile_is_heeded_by_an_import_and_a_bad_one_stops_it() {
    let sandbox = Stand::with_seats("IDU=50");
    let dir = Dir::new();
    let rows: String = (0..10).map(|user| format!("u{user},IDU\n")).collect();
    dir.write("users.csv", format!("userId,code\n{rows}"));
    let base_url = &sandbox.base_url;
    dir.write(
        "my.toml",
        format!("[profiles.prod]\naccount = \"acc-1\"\nbase-url = \"{base_url}\"\nbatch-size = 2\nrate = \"1000/s\"\n"),
    );
    let import = |arguments: &[&str]| {
        let mut command = dir.seatload();
        command
            .args(["import", "users.csv", "--report-dir", "run"])
            .args(arguments);
        wait_for_exit(command)
    };
    let done = import(&["--config", "my.toml", "--profile", "prod"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert_eq!(sandbox.shown()["requests"], 5);
    for (arguments, what) in [
        (
            &["--config", "my.toml", "--profile", "test"][..],
            "there is no profile test",
        ),
        (&["--config", "none.toml"], "none.toml"),
        (&["--config", "users.csv"], "line 1"),
    ] {
        let refused = import(arguments);
        assert_eq!(refused.code, 2);
        assert!(refused.stderr.contains(what), "{}", refused.stderr);
    }
    dir.write("my.toml", "rate = \"fast\"\n");
    let refused = import(&["--config", "my.toml"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("fast"), "{}", refused.stderr);
}

/// What was agreed to at the beginning of a run holds to its end.
#[test]
fn a_profile_does_not_change_how_a_run_that_goes_on_sends_its_requests() {
    let sandbox = Stand::with_seats("IDU=50");
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\nb,IDU\n");
    let ended_early = dir.import(&sandbox.base_url, &["--first", "1"]);
    assert_eq!(ended_early.code, 3, "{}", ended_early.stderr);
    dir.write("seatload.toml", "rate = \"1/24h\"\nprogress = \"none\"\n");
    let mut command = dir.seatload();
    command.args(["resume", "run"]);
    let resumed = wait_for_exit(command);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    assert_eq!(resumed.stderr, "settings of seatload.toml\n");
}

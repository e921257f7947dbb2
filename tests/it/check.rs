//! `seatload check`, the configuration file, and where settings come from.

use serde_json::Value;

use crate::support::cli::{CommandOutput, Dir, wait_for_exit};
use crate::support::identity::{CLIENT_ID, CLIENT_SECRET, Identity, IdentityBehavior};
use crate::support::server::{RawServer, SandboxServer, http};
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

fn json(output: &CommandOutput) -> Value {
    serde_json::from_str(&output.stdout).unwrap()
}

#[test]
fn valid_settings_pass_every_check_and_nothing_is_allocated() {
    let sandbox = SandboxServer::with_seats("IDU=5");
    let dir = Dir::new();
    let good = ["--account", "acc-1", "--base-url", &sandbox.base_url];
    let output = check(&dir, &good, &[]);
    output.exits_with(0).prints("ok       endpoint");
    let output = json(&check(&dir, &[&good[..], &["--json"]].concat(), &[]));
    let expected = [
        "settings: ok",
        "DNS: ok",
        "connection: ok",
        "sign-in: ok",
        "account: ok",
        "endpoint: ok",
        "reading: skipped",
    ];
    assert_eq!(states(&output), expected);
    let state = sandbox.state();
    assert_eq!(state["holdings"].as_object().unwrap().len(), 0);
    assert_eq!(state["seats"]["IDU"]["taken"], 0);
}

#[test]
fn a_failed_check_has_a_hint() {
    let dir = Dir::new();
    let sandbox = SandboxServer::with_seats("IDU=5");
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
            "and --account",
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
        (&sandbox.base_url, &[], "account", "account ID"),
        (
            &sandbox.base_url,
            &["--account", "a", "--token-file", "no"],
            "file",
            "check the path",
        ),
    ] {
        let output = check(
            &dir,
            &[&["--base-url", base_url, "--json"], arguments].concat(),
            &[],
        );
        assert_eq!(output.code, 2, "{base_url}: {}", output.stdout);
        let checks = json(&output)["checks"].as_array().unwrap().clone();
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
    let output = as_application("someone-else");
    output.prints("FAILED   sign-in");
    let output = as_application(CLIENT_ID);
    output.prints("ok       sign-in");
    assert!(!output.stdout.contains(CLIENT_SECRET));
}

#[test]
fn a_flag_takes_precedence_over_a_variable_a_profile_and_a_default() {
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
fn an_import_uses_a_profile_and_a_bad_profile_is_an_error() {
    let sandbox = SandboxServer::with_seats("IDU=50");
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
    done.exits_with(0);
    assert_eq!(sandbox.state()["requests"], 5);
    for (arguments, what) in [
        (
            &["--config", "my.toml", "--profile", "test"][..],
            "there is no profile test",
        ),
        (&["--config", "none.toml"], "none.toml"),
        (&["--config", "users.csv"], "line 1"),
    ] {
        let refused = import(arguments);
        refused.exits_with(2).says(what);
    }
}

#[test]
fn a_bad_value_names_the_flag_the_variable_or_the_profile_it_comes_from() {
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\n").write(
        "my.toml",
        "[profiles.prod]\nrate = \"fast\"\n[profiles.test]\nmode = \"remove\"\n[profiles.loud]\nverbose = true\n",
    );
    let plan = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = dir.seatload();
        command.args(["plan", "users.csv"]).args(arguments);
        command.envs(variables.iter().copied());
        wait_for_exit(command)
    };
    for (arguments, variables, expected) in [
        (
            &["--rate", "fast"][..],
            &[][..],
            "error: invalid value 'fast' for '--rate <N/W>'",
        ),
        (
            &[],
            &[("SEATLOAD_RATE", "fast")],
            "error: invalid value `fast` for SEATLOAD_RATE\n  caused by: ",
        ),
        (
            &[],
            &[("SEATLOAD_STRICT", "perhaps")],
            "error: invalid value `perhaps` for SEATLOAD_STRICT\n  caused by: give true or false\n",
        ),
        (
            &["--config", "my.toml", "--profile", "prod"],
            &[],
            "error: invalid value `fast` for `rate` in profile prod in my.toml\n  caused by: ",
        ),
        (
            &["--config", "my.toml", "--profile", "test"],
            &[],
            "error: invalid value `remove` for `mode` in profile test in my.toml\n  caused by: possible values: replace, add\n",
        ),
        (
            &["--config", "my.toml", "--profile", "loud"],
            &[],
            "error: invalid value `true` for `verbose` in profile loud in my.toml\n  caused by: give a whole number, 0 or more\n",
        ),
    ] {
        let output = plan(arguments, variables);
        output.exits_with(2);
        assert!(output.stderr.starts_with(expected), "{}", output.stderr);
    }
    // A flag replaces the bad value.
    let output = plan(
        &["--config", "my.toml", "--profile", "prod", "--rate", "9/s"],
        &[("SEATLOAD_RATE", "fast")],
    );
    output.exits_with(0);
}

#[test]
fn no_sandbox_undoes_the_sandbox_of_a_profile_and_of_a_variable() {
    let dir = Dir::new();
    dir.write("seatload.toml", "sandbox = true\naccount = \"a\"\n");
    let target = |arguments: &[&str]| {
        let arguments = [&["--json"], arguments].concat();
        let variables = [
            ("SEATLOAD_SANDBOX", "true"),
            ("SEATLOAD_CLOUD", "dedicated=acme"),
        ];
        let shown = json(&check(&dir, &arguments, &variables));
        let checks = shown["checks"].as_array().unwrap();
        let settings = checks.iter().find(|check| check["name"] == "settings");
        settings.unwrap()["detail"].as_str().unwrap().to_owned()
    };
    assert!(target(&[]).starts_with("http://127.0.0.1:"));
    assert!(target(&["--no-sandbox"]).starts_with("https://acme.dedicated.uipath.com/"));
}

#[test]
fn a_flag_that_chooses_a_way_to_sign_in_replaces_that_of_a_profile() {
    let dir = Dir::new();
    dir.write("token", "x").write(
        "my.toml",
        "account = \"a\"\nusername = \"me\"\ntenancy = \"t\"\nbase-url = \"http://127.0.0.1:9\"\n",
    );
    let mut command = dir.seatload();
    command.env_remove("SEATLOAD_TOKEN");
    command.args(["check", "--config", "my.toml", "--json"]);
    command.args(["--token-file", "token"]);
    let states = states(&json(&wait_for_exit(command)));
    assert!(states.contains(&"settings: ok".to_owned()), "{states:?}");
}

#[test]
fn a_misspelt_variable_is_an_error_that_names_the_right_one() {
    let dir = Dir::new();
    let ended = check(&dir, &["--account", "a"], &[("SEATLOAD_DRYRUN", "true")]);
    ended
        .exits_with(2)
        .says("there is no variable SEATLOAD_DRYRUN")
        .says("hint: did you mean SEATLOAD_DRY_RUN?");
}

#[test]
fn a_file_that_was_only_found_does_not_choose_where_secrets_are_sent() {
    let dir = Dir::new();
    let elsewhere = "account = \"a\"\nbase-url = \"https://licences.example\"\n";
    dir.write("seatload.toml", elsewhere);
    let found = check(&dir, &[], &[]);
    found
        .exits_with(2)
        .says("`base-url` sends the sign-in to an address that is not the vendor's")
        .says("hint: if you trust the file, name it: --config seatload.toml");
    // A flag decides in place of the file.
    let by_flag = check(&dir, &["--json", "--base-url", "http://127.0.0.1:9"], &[]);
    assert!(states(&json(&by_flag)).contains(&"settings: ok".to_owned()));
    let named = check(&dir, &["--json", "--config", "seatload.toml"], &[]);
    assert!(states(&json(&named)).contains(&"settings: ok".to_owned()));
}

#[test]
fn a_password_of_the_proxy_is_refused_on_the_command_line_and_in_a_configuration_file() {
    let dir = Dir::new();
    dir.write("my.toml", "proxy = \"http://me:pw@proxy:1\"\n");
    for arguments in [["--config", "my.toml"], ["--proxy", "http://me:pw@proxy:1"]] {
        let output = check(&dir, &arguments, &[]);
        output.exits_with(2).says("SEATLOAD_PROXY");
        assert!(!output.stderr.contains("pw"), "{}", output.stderr);
    }
}

#[test]
fn a_profile_does_not_change_the_requests_of_a_resumed_run() {
    let sandbox = SandboxServer::with_seats("IDU=50");
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\nb,IDU\n");
    let ended_early = dir.import(&sandbox.base_url, &["--first", "1"]);
    ended_early.exits_with(3);
    dir.write("seatload.toml", "rate = \"1/24h\"\nprogress = \"none\"\n");
    let mut command = dir.seatload();
    command.args(["resume", "run"]);
    let resumed = wait_for_exit(command);
    resumed.exits_with(0);
    assert_eq!(resumed.stderr, "settings from seatload.toml\n");
}

#[test]
fn settings_that_are_defaults_are_in_the_json_alone() {
    let dir = Dir::new();
    let sandbox = SandboxServer::with_seats("IDU=5");
    let settings = ["--account", "acc-1", "--base-url", &sandbox.base_url];
    let output = check(&dir, &settings, &[("SEATLOAD_RATE", "5/s")]);
    output.prints("rate            5/s  (SEATLOAD_RATE)");
    let shown = output.stdout.split("\n\n").next().unwrap();
    assert!(!shown.contains("default"), "{shown}");
    let output = json(&check(&dir, &[&settings[..], &["--json"]].concat(), &[]));
    let all = output["settings"].as_array().unwrap();
    assert!(all.iter().any(|setting| setting["source"] == "default"));
}

//! Signing in, and staying signed in.

use std::io::{BufRead, BufReader};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::support::cli::{CommandOutput, Dir, TOKEN, wait_for_exit};
use crate::support::identity::{
    CLIENT_ID, CLIENT_SECRET, ExpiresIn, Identity, IdentityBehavior, PASSWORD,
};
use crate::support::server::{RawServer, confirming, http};
use crate::support::terminal::Terminal;

/// A command that prints the file `token`.
const PRINT_TOKEN: &str = if cfg!(windows) {
    "type token"
} else {
    "cat token"
};

fn users(count: usize) -> String {
    let rows: String = (0..count).map(|user| format!("u{user},IDU\n")).collect();
    format!("userId,code\n{rows}")
}

fn run(dir: &Dir, command: &str, arguments: &[&str], variables: &[(&str, &str)]) -> CommandOutput {
    let mut seatload = dir.seatload();
    seatload
        .env_remove("SEATLOAD_TOKEN")
        .arg(command)
        .args(arguments)
        .envs(variables.iter().copied());
    wait_for_exit(seatload)
}

fn import(
    dir: &Dir,
    identity: &Identity,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> CommandOutput {
    let fixed = [
        "users.csv",
        "--report-dir",
        "run",
        "--account",
        "acc-1",
        "--base-url",
    ];
    let fixed = [&fixed[..], &[&identity.server.base_url]].concat();
    run(dir, "import", &[&fixed[..], arguments].concat(), variables)
}

const FAST: [&str; 2] = ["--rate", "10000/50ms"];
const APPLICATION: [&str; 2] = ["--client-id", CLIENT_ID];
const SECRET: [(&str, &str); 1] = [("SEATLOAD_CLIENT_SECRET", CLIENT_SECRET)];

/// An import of 60 exchanges at this rate, which needs two to four tokens of this kind.
fn imports_sixty(behavior: IdentityBehavior, rate: &str) {
    let identity = Identity::new(behavior);
    let dir = Dir::new();
    dir.write("users.csv", users(60));
    let slowly = ["--batch-size", "1", "--rate", rate, "--max-retries", "0"];
    let ended = import(
        &dir,
        &identity,
        &[&APPLICATION[..], &slowly].concat(),
        &SECRET,
    );
    ended.exits_with(0);
    assert_eq!(identity.exchanges(), 60);
    let given = identity.given();
    assert!((2..=4).contains(&given.len()), "{given:?}");
    assert_eq!(identity.most_asking(), 1);
}

#[test]
fn an_import_outlives_its_tokens_and_one_renewal_is_under_way_at_a_time() {
    let behavior = IdentityBehavior {
        lifetime: Duration::from_secs(2),
        ..IdentityBehavior::default()
    };
    imports_sixty(behavior, "15/s");
}

#[test]
fn a_lifetime_that_is_given_as_text_is_read() {
    let behavior = IdentityBehavior {
        lifetime: Duration::from_secs(2),
        expires_in: ExpiresIn::Text,
        ..IdentityBehavior::default()
    };
    imports_sixty(behavior, "15/s");
}

#[test]
fn a_revoked_token_is_renewed_once_for_all_requests_in_flight() {
    // Nobody says how long tokens live, and each is revoked after a while.
    let behavior = IdentityBehavior {
        lifetime: Duration::from_millis(700),
        expires_in: ExpiresIn::Missing,
        ..IdentityBehavior::default()
    };
    imports_sixty(behavior, "40/s");
}

#[test]
fn each_way_to_sign_in_works() {
    let identity = Identity::new(IdentityBehavior::default());
    let dir = Dir::new();
    dir.write("users.csv", users(3));
    dir.write("secret", format!("{CLIENT_SECRET}\n"));
    dir.write("password", format!("{PASSWORD}\n"));
    let person = ["--tenancy", "acme", "--username", "ann@acme.example"];
    let token_url = format!("{}/identity_/connect/token", identity.server.base_url);
    for (nth, (arguments, variables)) in [
        (&APPLICATION[..], &SECRET[..]),
        (
            &[&APPLICATION[..], &["--client-secret-file", "secret"]].concat(),
            &[],
        ),
        (
            &[&APPLICATION[..], &["--token-url", &token_url]].concat(),
            &SECRET,
        ),
        (&person[..], &[("SEATLOAD_PASSWORD", PASSWORD)]),
        (
            &[&person[..], &["--password-file", "password"]].concat(),
            &[],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let reports = format!("run-{nth}");
        let fixed = ["--report-dir", &reports, "--rate", "10000/50ms"];
        let ended = import(&dir, &identity, &[arguments, &fixed].concat(), variables);
        assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.stderr);
    }
    // What was given last is good, and a command or a file may give it as well.
    let token = identity.given().pop().unwrap();
    dir.write("token", &token);
    for (reports, arguments) in [
        ("by-file", ["--token-file", "token"]),
        ("by-command", ["--token-command", PRINT_TOKEN]),
    ] {
        let fixed = ["--report-dir", reports, "--rate", "10000/50ms"];
        let ended = import(&dir, &identity, &[&arguments[..], &fixed].concat(), &[]);
        assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.stderr);
    }
}

/// Five requests are taken with the first token. Then somebody writes another one.
#[test]
fn a_token_file_and_a_command_are_read_again_when_their_token_has_expired() {
    for way in [["--token-file", "token"], ["--token-command", PRINT_TOKEN]] {
        let dir = Dir::new();
        dir.write("token", "the-first-token-of-all");
        let path = dir.path("token");
        let (taken, renewed) = (AtomicUsize::new(0), Once::new());
        let server = RawServer::answering(move |_, request| {
            let is = |token: &str| request.contains(&format!("Bearer {token}\r\n"));
            if is("the-second-token-of-all") {
                return confirming(request);
            }
            if is("the-first-token-of-all") && taken.fetch_add(1, Ordering::SeqCst) < 5 {
                return confirming(request);
            }
            renewed.call_once(|| {
                let new = path.with_extension("new");
                std::fs::write(&new, "the-second-token-of-all").unwrap();
                std::fs::rename(new, &path).unwrap();
            });
            http(401, "expired")
        });
        dir.write("users.csv", users(12));
        let fixed = [
            "users.csv",
            "--report-dir",
            "run",
            "--account",
            "a",
            "--batch-size",
            "1",
        ];
        let fixed = [&fixed[..], &FAST, &["--base-url", &server.base_url]].concat();
        let ended = run(&dir, "import", &[&fixed[..], &way].concat(), &[]);
        assert_eq!(ended.code, 0, "{way:?}: {}", ended.stderr);
        assert_eq!(dir.rows("run/success.csv").len(), 12);
    }
}

/// It was accepted for nothing, so there is no reason to think that the next one would be.
#[test]
fn a_new_token_that_is_rejected_stops_the_run() {
    let server = RawServer::answering(|nth, request| match nth {
        0 => confirming(request),
        _ => http(401, "no more"),
    });
    let dir = Dir::new();
    dir.write("token", "the-only-token-of-all");
    dir.write("users.csv", users(5));
    let fixed = [
        "users.csv",
        "--report-dir",
        "run",
        "--account",
        "a",
        "--batch-size",
        "1",
    ];
    let one_by_one = ["--concurrency", "1", "--token-file", "token"];
    let fixed = [
        &fixed[..],
        &FAST,
        &one_by_one,
        &["--base-url", &server.base_url],
    ]
    .concat();
    let ended = run(&dir, "import", &fixed, &[]);
    ended
        .exits_with(3)
        .says("the service rejected the token (401)");
    assert_eq!(server.requests().len(), 3);
    assert_eq!(dir.rows("run/pending.csv").len(), 4);
}

#[test]
fn a_wrong_secret_is_an_error_before_anything_is_read_or_sent() {
    let identity = Identity::new(IdentityBehavior::default());
    let dir = Dir::new();
    dir.write("users.csv", "no header");
    // Whatever the service repeats of it, and however it spells it.
    let wrong = [("SEATLOAD_CLIENT_SECRET", "s0me/other+secret=that is long")];
    let ended = import(&dir, &identity, &APPLICATION, &wrong);
    ended
        .exits_with(2)
        .says("the sign-in was rejected: invalid_client")
        .says("seatload check")
        .says("client_secret=(the secret)");
    assert!(!ended.stderr.contains("s0me"), "{}", ended.stderr);
    assert!(dir.contains_only(&["users.csv"]));
}

#[test]
fn a_rejected_renewal_stops_the_run_and_resume_finishes_it() {
    let identity = Identity::new(IdentityBehavior {
        lifetime: Duration::from_millis(1500),
        expires_in: ExpiresIn::Missing,
        refuses: |nth| (nth == 1).then_some(400),
        ..IdentityBehavior::default()
    });
    let dir = Dir::new();
    dir.write("users.csv", users(40));
    let slowly = ["--batch-size", "1", "--rate", "2/100ms"];
    let ended = import(
        &dir,
        &identity,
        &[&APPLICATION[..], &slowly].concat(),
        &SECRET,
    );
    ended
        .exits_with(3)
        .says("the sign-in was rejected: invalid_client");
    let pending = dir.rows("run/pending.csv").len();
    assert!(pending > 0 && dir.rows("run/success.csv").len() + pending == 40);
    // How to sign in is remembered, but for the secret.
    let resumed = run(&dir, "resume", &["run", "--rate", "10000/50ms"], &SECRET);
    resumed.exits_with(0);
    assert_eq!(dir.rows("run/success.csv").len(), 40);
}

#[test]
fn a_transient_renewal_failure_is_retried() {
    let identity = Identity::new(IdentityBehavior {
        lifetime: Duration::from_millis(500),
        expires_in: ExpiresIn::Missing,
        refuses: |nth| (nth == 1).then_some(503),
        ..IdentityBehavior::default()
    });
    let dir = Dir::new();
    dir.write("users.csv", users(20));
    let slowly = ["--batch-size", "1", "--rate", "20/s"];
    let ended = import(
        &dir,
        &identity,
        &[&APPLICATION[..], &slowly].concat(),
        &SECRET,
    );
    ended.exits_with(0);
    assert_eq!(dir.rows("run/success.csv").len(), 20);
    assert_eq!(identity.most_asking(), 1);
}

#[test]
fn a_transient_failure_of_the_first_sign_in_is_retried() {
    let identity = Identity::new(IdentityBehavior {
        refuses: |nth| (nth == 0).then_some(503),
        ..IdentityBehavior::default()
    });
    let dir = Dir::new();
    dir.write("users.csv", users(1));
    let ended = import(
        &dir,
        &identity,
        &[&APPLICATION[..], &FAST].concat(),
        &SECRET,
    );
    ended
        .exits_with(0)
        .says("cannot sign in: status 503; retrying in");
}

#[test]
fn a_resumed_run_uses_the_secret_that_is_given_now() {
    let identity = Identity::new(IdentityBehavior::default());
    let dir = Dir::new();
    dir.write("users.csv", users(2));
    dir.write("secret", CLIENT_SECRET);
    let first = ["--client-secret-file", "secret", "--first", "1"];
    let ended = import(
        &dir,
        &identity,
        &[&APPLICATION[..], &first, &FAST].concat(),
        &[],
    );
    ended.exits_with(3);
    std::fs::remove_file(dir.path("secret")).unwrap();
    let refused = run(&dir, "resume", &["run"], &[]);
    refused.exits_with(2);
    let resumed = run(&dir, "resume", &["run"], &SECRET);
    resumed.exits_with(0);
}

#[test]
fn a_variable_takes_precedence_over_a_profiles_sign_in_method() {
    let identity = Identity::new(IdentityBehavior::default());
    identity.take(TOKEN, Duration::from_secs(60));
    let dir = Dir::new();
    dir.write("users.csv", users(1));
    dir.write("seatload.toml", "client-id = \"somebody\"\n");
    let ended = import(&dir, &identity, &FAST, &[("SEATLOAD_TOKEN", TOKEN)]);
    ended.exits_with(0);
}

#[test]
fn two_sign_in_methods_or_half_of_one_are_an_error() {
    let dir = Dir::new();
    dir.write("users.csv", users(1));
    dir.write("secret", "x");
    let token = ("SEATLOAD_TOKEN", TOKEN);
    for (arguments, variables, what) in [
        (
            &APPLICATION[..],
            &[token][..],
            "SEATLOAD_TOKEN and --client-id are two ways",
        ),
        (
            &["--client-id", "a", "--token-command", "x"],
            &[],
            "are two ways to sign in",
        ),
        (&["--client-id", "a"], &[], "SEATLOAD_CLIENT_SECRET"),
        (
            &["--client-id", "a", "--client-secret-file", "secret"],
            &SECRET,
            "both give a secret",
        ),
        (&["--username", "a"], &[], "both --tenancy and --username"),
        (
            &["--username", "a", "--tenancy", "b"],
            &[],
            "SEATLOAD_PASSWORD",
        ),
        (&[], &[], "there is no access token"),
        (
            &["--token-command", "exit 3"],
            &[],
            "--token-command ended with",
        ),
        (&["--token-command", "exit 0"], &[], "is empty"),
        (
            &[
                "--client-id",
                "a",
                "--token-url",
                "http://example.com/token",
            ],
            &SECRET,
            "is not https",
        ),
    ] {
        let fixed = ["users.csv", "--account", "a"];
        let ended = run(&dir, "import", &[&fixed, arguments].concat(), variables);
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stderr);
        assert!(
            ended.stderr.contains(what),
            "{arguments:?}: {}",
            ended.stderr
        );
        assert!(dir.contains_only(&["secret", "users.csv"]), "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_secret_that_other_users_can_read_causes_a_warning() {
    use std::os::unix::fs::PermissionsExt;

    let identity = Identity::new(IdentityBehavior::default());
    let dir = Dir::new();
    dir.write("users.csv", users(1));
    dir.write("secret", CLIENT_SECRET);
    let warns = |mode: u32, reports: &str| {
        let rights = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(dir.path("secret"), rights).unwrap();
        let flags = ["--client-secret-file", "secret", "--report-dir", reports];
        let ended = import(
            &dir,
            &identity,
            &[&APPLICATION[..], &flags, &FAST].concat(),
            &[],
        );
        ended.exits_with(0);
        ended
            .stderr
            .contains("other users of this machine can read it")
    };
    assert!(warns(0o644, "a"));
    assert!(!warns(0o600, "b"));
}

#[test]
fn an_interrupt_during_the_first_sign_in_says_that_nothing_was_sent() {
    let identity = Identity::new(IdentityBehavior {
        refuses: |_| Some(503),
        ..IdentityBehavior::default()
    });
    let dir = Dir::new();
    dir.write("users.csv", users(1));
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("seatload"));
    command
        .current_dir(dir.path(""))
        .env_remove("SEATLOAD_TOKEN")
        .envs(SECRET)
        .args(["import", "users.csv", "--account", "acc-1", "--base-url"])
        .arg(&identity.server.base_url)
        .args(APPLICATION)
        .stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let mut lines = stderr.lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("cannot sign in: status 503; retrying in")));
    let interrupted = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(interrupted.unwrap().success());
    assert!(lines.any(|line| line == "interrupted: nothing was sent"));
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(dir.contains_only(&["users.csv"]));
}

#[test]
fn an_application_gets_a_token_with_the_scopes_that_it_was_granted() {
    for granted in [
        &["PM.License.Write", "PM.License.Read"][..],
        &["PM.License.Write", "PM.Directory"],
        &["PM.License.Write"],
        &["PM.License"],
    ] {
        let identity = Identity::new(IdentityBehavior {
            granted,
            ..IdentityBehavior::default()
        });
        let dir = Dir::new();
        dir.write("users.csv", users(3));
        let arguments = [&APPLICATION[..], &["--report-dir", "run"]].concat();
        let ended = import(&dir, &identity, &arguments, &SECRET);
        ended.exits_with(0);
    }
}

#[test]
fn an_application_asks_for_exactly_the_scopes_of_the_flag() {
    let identity = Identity::new(IdentityBehavior {
        granted: &["PM.License.Write"],
        ..IdentityBehavior::default()
    });
    let dir = Dir::new();
    dir.write("users.csv", users(3));
    let exact = ["--scope", "PM.License.Write PM.Directory"];
    let arguments = [&APPLICATION[..], &exact].concat();
    let refused = import(&dir, &identity, &arguments, &SECRET);
    refused.exits_with(2).says("invalid_scope");
}

/// A JWT that says when it expires, in seconds since 1970.
fn token_until(seconds: i64) -> String {
    let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"exp":{seconds}}}"#));
    format!("eyJhbGciOiJSUzI1NiJ9.{claims}.c2lnbmF0dXJl")
}

#[test]
fn a_token_that_has_expired_or_will_before_the_run_can_end_causes_a_warning() {
    let refusing = RawServer::answering(|_, _| http(401, ""));
    let in_an_hour = jiff::Timestamp::now().as_second() + 3_600;
    for (expires_at, rate, warning) in [
        (1_700_000_000, "1/s", "the token expired "),
        (in_an_hour, "1/2h", "and sending takes at least 2h"),
    ] {
        let dir = Dir::new();
        dir.write("users.csv", users(2));
        let token = token_until(expires_at);
        let arguments = ["users.csv", "--report-dir", "run", "--account", "acc-1"];
        let slowly = ["--rate", rate, "--burst", "1", "--batch-size", "1"];
        let service = ["--base-url", &refusing.base_url, "--yes"];
        let ended = run(
            &dir,
            "import",
            &[&arguments[..], &slowly, &service].concat(),
            &[("SEATLOAD_TOKEN", &token)],
        );
        ended.exits_with(3).says(warning);
        assert_eq!(ended.stderr.matches("warning: ").count(), 1);
    }
}

#[test]
fn a_token_that_will_expire_before_the_run_can_end_is_warned_of_once_and_before_the_question() {
    let refusing = RawServer::answering(|_, _| http(401, ""));
    let dir = Dir::new();
    dir.write("users.csv", users(2));
    let token = token_until(jiff::Timestamp::now().as_second() + 3_600);
    let arguments = format!(
        "import users.csv --report-dir run --account acc-1 --base-url {} --rate 1/2h --burst 1 --batch-size 1",
        refusing.base_url
    );
    let variables = format!("SEATLOAD_TOKEN={token}");
    let Some(terminal) = Terminal::run_with(&dir, (120, 40), &variables, &arguments) else {
        return;
    };
    let asked = terminal.wait_for_text("[y/N]");
    assert!(asked.contains("sending takes at least 2h"), "{asked}");
    terminal.keys(&["y", "Enter"]);
    let (code, screen) = terminal.wait_for_exit();
    assert_eq!(
        (code, screen.matches("warning: ").count()),
        (3, 1),
        "{screen}"
    );
}

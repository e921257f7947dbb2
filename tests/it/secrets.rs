//! Secrets are seen by whom they are for, and by nobody else.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::cli::{Dir, TOKEN, files};
use crate::support::identity::{
    CLIENT_ID, CLIENT_SECRET, ExpiresIn, Identity, IdentityBehavior, PASSWORD,
};

/// Every command line of this machine, as every user of it can read.
#[cfg(target_os = "linux")]
fn process_list() -> impl Iterator<Item = Vec<u8>> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok())
}

#[cfg(not(target_os = "linux"))]
fn process_list() -> impl Iterator<Item = Vec<u8>> {
    std::iter::empty()
}

fn holds(text: &[u8], secret: &str) -> bool {
    text.windows(secret.len())
        .any(|part| part == secret.as_bytes())
}

struct Way {
    name: &'static str,
    flags: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
}

const WAYS: [Way; 5] = [
    Way {
        name: "token",
        flags: &[],
        variables: &[("SEATLOAD_TOKEN", TOKEN)],
    },
    Way {
        name: "file",
        flags: &["--token-file", "in/token"],
        variables: &[],
    },
    Way {
        name: "command",
        flags: &["--token-command", "cat in/token"],
        variables: &[],
    },
    Way {
        name: "application",
        flags: &["--client-id", CLIENT_ID],
        variables: &[("SEATLOAD_CLIENT_SECRET", CLIENT_SECRET)],
    },
    Way {
        name: "person",
        flags: &["--tenancy", "acme", "--username", "ann@acme.example"],
        variables: &[("SEATLOAD_PASSWORD", PASSWORD)],
    },
];

/// Success, 500 and what follows, and tokens that are taken no more, with everything logged.
#[test]
fn no_secret_is_in_any_output_file_or_process_list() {
    for way in WAYS {
        let identity = Identity::new(IdentityBehavior {
            lifetime: Duration::from_millis(400),
            expires_in: ExpiresIn::Missing,
            fails: |nth| (nth % 4 == 1).then_some(500),
            ..IdentityBehavior::default()
        });
        // The token of those who bring their own is taken from the beginning.
        identity.take(TOKEN, Duration::from_millis(400));
        let dir = Dir::new();
        fs::create_dir(dir.path("in")).unwrap();
        dir.write("in/token", TOKEN);
        let rows: String = (0..12).map(|user| format!("u{user},IDU\n")).collect();
        dir.write("users.csv", format!("userId,code\n{rows}"));
        for format in ["text", "json"] {
            let mut child = Command::new(assert_cmd::cargo::cargo_bin!("seatload"))
                .current_dir(dir.path(""))
                .args(["import", "users.csv", "--account", "acc-1", "-vv"])
                .args(["--base-url", &identity.server.base_url])
                .args(["--batch-size", "1", "--rate", "20/s", "--max-retries", "2"])
                .args(["--report-dir", format, "--log-format", format])
                .args(["--log-file", &format!("log.{format}")])
                .args(way.flags)
                .env_clear()
                .env("PATH", std::env::var_os("PATH").unwrap())
                .envs(way.variables.iter().copied())
                .env("RUST_BACKTRACE", "full")
                .env("RUST_LOG", "trace")
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut command_lines = BTreeSet::new();
            while child.try_wait().unwrap().is_none() {
                command_lines.extend(process_list());
                std::thread::sleep(Duration::from_millis(5));
            }
            let mut seen: Vec<u8> = command_lines.into_iter().flatten().collect();
            child.stdout.take().unwrap().read_to_end(&mut seen).unwrap();
            child.stderr.take().unwrap().read_to_end(&mut seen).unwrap();
            for file in files(&dir.path("")) {
                if !file.starts_with(dir.path("in")) {
                    seen.extend(fs::read(file).unwrap());
                }
            }
            assert!(
                holds(&seen, "exchange") && holds(&seen, "acc-1"),
                "{}",
                way.name
            );
            let escaped = PASSWORD.replace('\\', "\\\\").replace('"', "\\\"");
            let encoded = CLIENT_SECRET
                .replace('/', "%2F")
                .replace('+', "%2B")
                .replace('=', "%3D");
            let given = identity.given();
            let given = given
                .iter()
                .filter(|token| token.len() > 16)
                .map(String::as_str);
            let secrets = [TOKEN, CLIENT_SECRET, PASSWORD, &escaped, &encoded];
            for secret in secrets.into_iter().chain(given) {
                assert!(!holds(&seen, secret), "{}, {format}: {secret}", way.name);
            }
        }
    }
}

/// Run by the test below, in a process of its own: nothing that holds a secret shows it when it is shown.
#[test]
#[ignore = "panics on purpose"]
fn panics_with_all_secrets_in_memory() {
    use seatload::api::{
        Client, ClientCredentials, Endpoint, Network, Password, ProxyUrl, Token, TokenCache,
        TokenCommand, TokenSource, Variant,
    };

    let endpoint = Endpoint::new("https://localhost", Variant::PostLa, None, "a").unwrap();
    let token = Token::new(TOKEN.to_owned().into(), "here").unwrap();
    let proxy =
        ProxyUrl::parse(&format!("http://me:{CLIENT_ID}-pr0xy-s3cret@localhost:1")).unwrap();
    let network = Network {
        timeout: Duration::from_secs(1),
        proxy: Some(proxy),
        ..Network::default()
    };
    let url = || "https://localhost/token".parse().unwrap();
    let sources = [
        TokenSource::Static(token.clone()),
        TokenSource::Command(TokenCommand::new(format!("echo {TOKEN}"))),
        TokenSource::ClientCredentials(ClientCredentials {
            token_url: url(),
            client_id: CLIENT_ID.into(),
            client_secret: CLIENT_SECRET.to_owned().into(),
            scopes: vec!["x".into()],
        }),
        TokenSource::Password(Password {
            url: url(),
            tenancy: "acme".into(),
            username: "ann".into(),
            password: PASSWORD.to_owned().into(),
        }),
    ];
    let sources = format!("{sources:?}");
    let tokens = TokenCache::new(TokenSource::Static(token), &network).unwrap();
    let client = Client::new(endpoint.url().clone(), tokens, &network).unwrap();
    panic!("{sources} {client:?} {network:?}");
}

#[test]
fn no_secret_is_in_the_output_of_a_panic() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "secrets::panics_with_all_secrets_in_memory",
            "--nocapture",
        ])
        .env("RUST_BACKTRACE", "full")
        .output()
        .unwrap();
    let shown = [output.stdout, output.stderr].concat();
    assert!(holds(&shown, "panicked at") && holds(&shown, "ClientCredentials"));
    let escaped = PASSWORD.replace('\\', "\\\\").replace('"', "\\\"");
    for secret in [TOKEN, CLIENT_SECRET, PASSWORD, &escaped, "pr0xy-s3cret"] {
        assert!(!holds(&shown, secret), "{secret}");
    }
}

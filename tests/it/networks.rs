//! Corporate networks: private roots, proxies, client certificates, redirects.

use crate::support::cli::{CommandOutput, Dir, wait_for_exit};
use crate::support::server::{RawServer, confirming, http_with};
use crate::support::tls::{PrivateRoot, Proxy, TlsServer};

fn here(root: &PrivateRoot) -> Dir {
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\n");
    dir.write("root.pem", root.pem());
    dir.write("client.pem", root.client_pem());
    dir
}

fn import(dir: &Dir, server: &TlsServer, reports: &str, arguments: &[&str]) -> CommandOutput {
    dir.import_file("users.csv", reports, &server.base_url, arguments)
}

const ROOT: [&str; 2] = ["--ca-cert", "root.pem"];

#[test]
fn a_private_root_is_rejected_until_it_is_named() {
    let root = PrivateRoot::new();
    let server = TlsServer::answering(&root, false, confirming);
    let dir = here(&root);
    let refused = import(&dir, &server, "refused", &[]);
    refused.exits_with(1);
    let message = dir.column("refused/failures.csv", "message").pop().unwrap();
    assert!(message.contains("certificate"), "{message}");
    assert_eq!(server.requests(), Vec::<String>::new());
    let taken = import(&dir, &server, "taken", &ROOT);
    taken.exits_with(0);

    // Another private root is none that was named.
    dir.write("root.pem", PrivateRoot::new().pem());
    assert_eq!(import(&dir, &server, "other", &ROOT).code, 1);
    dir.write("root.pem", "no certificate");
    let unusable = import(&dir, &server, "unusable", &ROOT);
    unusable.exits_with(2).says("--ca-cert");
}

#[test]
fn a_proxy_in_between_opens_a_tunnel_and_sees_no_token() {
    let root = PrivateRoot::new();
    let server = TlsServer::answering(&root, false, confirming);
    for (reports, proxy) in [
        ("plain", Proxy::new(None)),
        ("tls", Proxy::new(Some(&root))),
    ] {
        let dir = here(&root);
        let through = ["--proxy", &proxy.url];
        let ended = import(&dir, &server, reports, &[&ROOT[..], &through].concat());
        assert_eq!(ended.code, 0, "{reports}: {}", ended.stderr);
        assert_eq!(proxy.tunnels(), 1, "{reports}");
        assert!(
            !proxy.heads().to_lowercase().contains("bearer"),
            "{}",
            proxy.heads()
        );
    }
}

#[test]
fn a_proxy_that_refuses_is_named_with_its_reason() {
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\n");
    for (status, reason) in [
        (
            "407 Proxy Authentication Required",
            "the proxy refuses the connection (proxy authorization required)",
        ),
        ("403 Forbidden", "the proxy refuses the connection"),
    ] {
        let proxy = RawServer::answering(move |_, _| {
            format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").into_bytes()
        });
        let mut command = dir.seatload();
        command
            .args([
                "check",
                "--account",
                "a",
                "--base-url",
                "https://service.invalid",
            ])
            .args(["--proxy", &proxy.base_url]);
        let ended = wait_for_exit(command);
        ended
            .exits_with(2)
            .prints(&format!("FAILED   TLS             {reason}\n"));
        ended.prints("SEATLOAD_PROXY");
    }
}

#[test]
fn hosts_that_no_proxy_lists_are_reached_directly() {
    let root = PrivateRoot::new();
    let server = TlsServer::answering(&root, false, confirming);
    let proxy = Proxy::new(None);
    let dir = here(&root);
    dir.write("users.csv", "userId,code\na,IDU\n");
    let mut command = dir.seatload();
    command
        .args([
            "import",
            "users.csv",
            "--account",
            "a",
            "--base-url",
            &server.base_url,
        ])
        .args(["--report-dir", "run", "--proxy", &proxy.url])
        .args(ROOT)
        .env("NO_PROXY", "localhost,127.0.0.1");
    let ended = wait_for_exit(command);
    ended.exits_with(0);
    assert_eq!(proxy.tunnels(), 0);
}

#[test]
fn a_proxy_never_sees_the_requests_of_plain_http() {
    let service = RawServer::answering(|_, request| confirming(request));
    let proxy = RawServer::answering(|_, request| confirming(request));
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\n");
    let through = ["--proxy", &proxy.base_url];
    let ended = dir.import(&service.base_url, &through);
    assert_eq!(proxy.requests(), Vec::<String>::new());
    ended.exits_with(0);
    assert_eq!(service.requests().len(), 1);
}

#[test]
fn a_proxys_password_comes_from_the_variable_alone() {
    let root = PrivateRoot::new();
    let server = TlsServer::answering(&root, false, confirming);
    let proxy = Proxy::new(None);
    let dir = here(&root);
    let with_password = proxy.url.replace("://", "://me:pr0xy-s3cret@");
    let refused = import(
        &dir,
        &server,
        "flag",
        &[&ROOT[..], &["--proxy", &with_password]].concat(),
    );
    refused.exits_with(2).says("SEATLOAD_PROXY");
    assert!(
        !refused.stderr.contains("pr0xy-s3cret"),
        "{}",
        refused.stderr
    );

    let mut command = dir.seatload();
    command
        .args([
            "import",
            "users.csv",
            "--report-dir",
            "variable",
            "--account",
            "a",
        ])
        .args(["--base-url", &server.base_url, "-vv"])
        .args(ROOT)
        .env("SEATLOAD_PROXY", &with_password);
    let ended = wait_for_exit(command);
    ended.exits_with(0);
    // me:pr0xy-s3cret
    assert!(
        proxy.heads().contains("Basic bWU6cHIweHktczNjcmV0"),
        "{}",
        proxy.heads()
    );
    assert!(!ended.stderr.contains("pr0xy-s3cret"), "{}", ended.stderr);
    assert!(!dir.read("variable/run.json").contains("pr0xy-s3cret"));
}

#[test]
fn a_resumed_run_uses_the_same_proxy() {
    let root = PrivateRoot::new();
    let server = TlsServer::answering(&root, false, confirming);
    let proxy = Proxy::new(None);
    let dir = here(&root);
    dir.write("users.csv", "userId,code\na,IDU\nb,IDU\n");
    let through = ["--proxy", &proxy.url, "--first", "1"];
    assert_eq!(
        import(&dir, &server, "plain", &[&ROOT[..], &through].concat()).code,
        3
    );
    let resume = |run: &str, variables: &[(&str, &str)]| {
        let mut command = dir.seatload();
        command
            .args(["resume", run])
            .envs(variables.iter().copied());
        wait_for_exit(command)
    };
    let tunnels = proxy.tunnels();
    let resumed = resume("plain", &[]);
    resumed.exits_with(0);
    assert!(proxy.tunnels() > tunnels);

    let with_password = proxy.url.replace("://", "://me:pr0xy-s3cret@");
    let variable = [("SEATLOAD_PROXY", with_password.as_str())];
    let mut command = dir.seatload();
    command
        .args([
            "import",
            "users.csv",
            "--report-dir",
            "secret",
            "--account",
            "a",
            "--first",
            "1",
        ])
        .args(["--base-url", &server.base_url])
        .args(ROOT)
        .envs(variable);
    assert_eq!(wait_for_exit(command).code, 3);
    let refused = resume("secret", &[]);
    refused.exits_with(2).says("SEATLOAD_PROXY");
    assert_eq!(resume("secret", &variable).code, 0);
}

#[test]
fn an_invalid_proxy_is_rejected_without_being_shown() {
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\n");
    for wrong in [
        "me:pr0xy-s3cret@proxy:1",
        "http://me:pr0xy#s3cret@proxy:1",
        "ftp://pr0xy-s3cret",
    ] {
        let mut command = dir.seatload();
        command
            .args(["import", "users.csv", "--account", "a"])
            .env("SEATLOAD_PROXY", wrong);
        let refused = wait_for_exit(command);
        refused
            .exits_with(2)
            .says("invalid proxy in --proxy or SEATLOAD_PROXY\n  caused by: not a proxy address");
        assert!(!refused.stderr.contains("pr0xy"), "{}", refused.stderr);
    }
}

#[test]
fn a_client_certificate_is_shown_where_it_is_wanted() {
    let root = PrivateRoot::new();
    let server = TlsServer::answering(&root, true, confirming);
    let dir = here(&root);
    assert_eq!(import(&dir, &server, "without", &ROOT).code, 1);
    let client = ["--client-cert", "client.pem"];
    let ended = import(&dir, &server, "with", &[&ROOT[..], &client].concat());
    ended.exits_with(0);
}

#[test]
fn a_redirect_to_another_host_does_not_receive_the_token() {
    let root = PrivateRoot::new();
    let elsewhere = RawServer::answering(|_, request| confirming(request));
    let location = format!("Location: {}/la/api\r\n", elsewhere.base_url);
    let server = TlsServer::answering(&root, false, move |_| http_with(307, &location, ""));
    let dir = here(&root);
    let ended = import(&dir, &server, "run", &ROOT);
    ended.exits_with(3);
    assert!(elsewhere.requests().is_empty());
    assert_eq!(server.requests().len(), 1);
}

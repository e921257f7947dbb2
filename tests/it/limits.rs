//! What the system allows the program: limits that end other programs are errors with a hint here.

use std::fmt::Write;
use std::process::Command;

use crate::support::cli::{Dir, TOKEN};
use crate::support::server::SandboxServer;

/// `ulimit -f` counts 512-byte units: 20 of them hold some hundred success rows.
#[test]
fn a_file_size_limit_stops_the_run_and_it_can_be_resumed() {
    let dir = Dir::new();
    let mut users = "userId,userBundleCodes\n".to_owned();
    for number in 0..2000 {
        writeln!(users, "user-{number},IDU").unwrap();
    }
    dir.write("users.csv", users);
    let service = SandboxServer::with_seats("IDU=2000");
    let import = format!(
        "import users.csv --base-url {} --account acc-1 --yes --batch-size 50 --rate 1000/s --report-dir run",
        service.base_url
    );
    let script = format!(
        "ulimit -f 20; exec '{}' {import}",
        assert_cmd::cargo::cargo_bin!("seatload").display()
    );
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(dir.path(""))
        .env("SEATLOAD_TOKEN", TOKEN)
        .env("XDG_CONFIG_HOME", dir.path("config"))
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("File too large"), "{stderr}");
    let resumed = dir
        .seatload()
        .args(["resume", "run", "--rate", "1000/s"])
        .output()
        .unwrap();
    assert_eq!(resumed.status.code(), Some(0));
    assert_eq!(dir.column("run/success.csv", "userId").len(), 2000);
}

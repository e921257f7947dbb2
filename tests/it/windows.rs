//! What only Windows does.

use std::fs::OpenOptions;
use std::os::windows::fs::OpenOptionsExt;

use crate::support::cli::{Dir, wait_for_exit};
use crate::support::server::{RawServer, confirming, http};

/// Others may read a file, as Excel lets them.
const FILE_SHARE_READ: u32 = 1;

#[test]
fn a_report_that_excel_has_open_is_named_and_nothing_is_lost() {
    let server = RawServer::answering(|nth, request| match nth {
        0 => http(400, "no"),
        _ => confirming(request),
    });
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\nann,IDU\n");
    assert_eq!(dir.import(&server.base_url, &[]).code, 1);
    let excel = OpenOptions::new()
        .read(true)
        .write(true)
        .share_mode(FILE_SHARE_READ)
        .open(dir.path("run/failures.csv"))
        .unwrap();
    let resume = || {
        let mut command = dir.seatload();
        command.args(["resume", "run", "--retry-failed"]);
        wait_for_exit(command)
    };
    let refused = resume();
    assert_ne!(refused.code, 0);
    let error = "failures.csv is open in another program";
    refused.says(error);
    let hint = "hint: close the file there";
    refused.says(hint);
    assert_eq!(server.requests().len(), 1);
    drop(excel);
    let resumed = resume();
    resumed.exits_with(0);
    assert_eq!(dir.column("run/success.csv", "userId"), ["ann"]);
    assert!(dir.rows("run/failures.csv").is_empty());
}

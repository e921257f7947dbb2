//! The page of a run in a browser.

use std::fs;
use std::process::{Command, Stdio};

use crate::process::{Workspace, seatload, time};
use crate::sending::NO_LIMIT;
use crate::{Result, Size, generate, print_line};

/// The page of a run in which nearly everyone fails: the sandbox has few seats.
pub(crate) fn measure_page(size: Size) -> Result {
    let users = size.choose(1_000_000, 10_000);
    let space = Workspace::new(|out| generate::input(out, users, users, 7))?;
    let run = space.folder.path().join("run");
    let mut import = seatload(["import".as_ref(), space.input.as_os_str()]);
    import.args(["--sandbox", "--seats", "none"]).args(NO_LIMIT);
    import.arg("--report-dir").arg(&run).status()?;
    // A browser shows a missing page without an error, and fast.
    let page = fs::canonicalize(run.join("report.html"))?;
    let mut seconds = f64::MAX;
    for _ in 0..size.choose(5, 1) {
        let mut browser = Command::new("chromium");
        browser.args(["--headless", "--no-sandbox", "--disable-gpu"]);
        browser.arg(format!("--screenshot={}", run.join("page.png").display()));
        browser.arg(format!("file://{}", page.display()));
        browser.stdout(Stdio::null()).stderr(Stdio::null());
        let took =
            time(&mut browser).map_err(|error| format!("this line needs Chromium: {error}"))?;
        seconds = seconds.min(took.as_secs_f64());
    }
    print_line(
        format!(
            "`report.html` of {users} users, nearly all failed: in Chromium, its start included"
        ),
        "2 s",
        format!("{seconds:.1} s"),
        seconds < 2.0,
    );
    Ok(())
}

//! `report.html`: when it is written, its text for real runs, and its behaviour in a browser.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::chromium::Chromium;
use crate::support::cli::{Dir, wait_for_exit};
use crate::support::server::{RawServer, SandboxServer, confirming, http};

const CHECKS: &str = include_str!("page_checks.js");

/// The text of a page's first element of a kind.
fn text_of(page: &str, selector: &str) -> String {
    let document = scraper::Html::parse_document(page);
    let selector = scraper::Selector::parse(selector).unwrap();
    let element = document.select(&selector).next().unwrap();
    element.text().collect()
}

fn headline(dir: &Dir) -> String {
    text_of(&dir.read("run/report.html"), "h1")
}

fn resume(dir: &Dir) -> i32 {
    let mut command = dir.seatload();
    command.args(["resume", "run", "--rate", "10000/50ms"]);
    wait_for_exit(command).code
}

#[test]
fn a_finished_run_has_a_page_with_its_outcome() {
    let sandbox = SandboxServer::with_seats("IDU=2");
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\nb,IDU\nc,IDU\n");
    let import = dir.import(&sandbox.base_url, &[]);
    assert_eq!(
        headline(&dir),
        "2 of 3 users have their licences; 1 needs attention"
    );
    assert!(
        import.stdout.contains("report.html"),
        "the last lines name it:\n{}",
        import.stdout
    );
    assert!(!dir.path("run/report.html.unfinished").exists());
}

#[test]
fn a_stopped_run_has_a_page_with_the_reason_and_a_new_page_when_it_is_resumed() {
    let server = RawServer::answering(|nth, request| match nth {
        1 => http(403, ""),
        _ => confirming(request),
    });
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\nb,PMD\n");
    assert_eq!(dir.import(&server.base_url, &["--batch-size", "1"]).code, 3);
    assert_eq!(
        headline(&dir),
        "1 of 2 users has its licences; 1 is not decided yet"
    );
    let stop = text_of(&dir.read("run/report.html"), ".stop");
    for text in [
        "the caller is not allowed to allocate licences (403)",
        "use the token of an organisation administrator",
        "seatload resume run",
    ] {
        assert!(stop.contains(text), "{stop}");
    }
    assert_eq!(resume(&dir), 0);
    assert_eq!(headline(&dir), "All 2 users have their licences");
    let page = text_of(&dir.read("run/report.html"), "body");
    assert!(page.contains("its last session, which took"), "{page}");
    assert!(page.contains("decided 1 user"), "{page}");
}

#[test]
fn users_that_had_their_codes_already_are_reported() {
    let server = RawServer::answering(|_, request| confirming(request));
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\nb,IDU\n")
        .write("current.csv", "userId,code\na,IDU\nb,IDU\n");
    assert_eq!(
        dir.import(&server.base_url, &["--current", "current.csv"])
            .code,
        0
    );
    assert_eq!(headline(&dir), "All 2 users had their licences already");
    let page = text_of(&dir.read("run/report.html"), "body");
    assert!(
        page.contains("No request to change licences was sent."),
        "{page}"
    );
}

#[test]
fn a_sandbox_run_is_named_as_such() {
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\n");
    let mut command = dir.seatload();
    command.args(["import", "users.csv", "--sandbox", "--report-dir", "run"]);
    assert_eq!(wait_for_exit(command).code, 0);
    assert_eq!(
        headline(&dir),
        "In the sandbox: the one user has its licences"
    );
}

#[test]
fn a_run_whose_page_cannot_be_written_can_be_resumed() {
    let server = RawServer::answering(|_, request| confirming(request));
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\n");
    // No file may be longer than 8 KiB, and the page is.
    let script = format!(
        "trap '' XFSZ; ulimit -f 16; exec \"$0\" import users.csv --report-dir run --account acc-1 --base-url {}",
        server.base_url
    );
    let mut command = assert_cmd::Command::new("sh");
    command
        .current_dir(dir.path(""))
        .env("SEATLOAD_TOKEN", "token")
        .args(["-c", &script])
        .arg(assert_cmd::cargo::cargo_bin!("seatload"));
    let full = wait_for_exit(command);
    full.exits_with(3);
    assert!(!dir.path("run/report.html").exists());
    assert_eq!(resume(&dir), 0);
    assert_eq!(headline(&dir), "The one user has its licences");
    assert_eq!(server.requests().len(), 1);
}

/// A run with every kind of failure: rejections, too few seats, bad rows, and malicious user IDs.
fn mixed_run(dir: &Dir) -> PathBuf {
    let server = RawServer::answering(|nth, request| {
        if nth == 3 {
            return http(503, "");
        }
        if request.contains("refused") || request.contains("<script>") {
            return http(
                400,
                r#"{"message":"<img src=x onerror=alert(1)> is no user"}"#,
            );
        }
        if request.contains("short") {
            return http(409, r#"{"message":"ATTUNU needs 1 more and has 0 free"}"#);
        }
        confirming(request)
    });
    let wide = format!("refused-{}", "w".repeat(240));
    let mut file = format!("userId,code\n{wide},PMD\n<script>alert(1)</script>,IDU;PMD\n");
    for nth in 0..400 {
        file.push_str(&format!("5a3c1fbd-f9da-4bf3-a816-96a68afe{nth:04},IDU\n"));
    }
    for nth in 0..30 {
        file.push_str(&format!("short-{nth},ATTUNU;TSTNU\n"));
    }
    file.push_str("refused-2,PMD\nbad-row,NOPE\n,IDU\n");
    dir.write("users.csv", file);
    let ended = dir.import(
        &server.base_url,
        &["--batch-size", "20", "--max-retries", "2"],
    );
    ended.exits_with(1);
    dir.path("run/report.html")
}

/// The folder of the screenshots, for people to look at.
fn screenshots() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report-page");
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn in_a_browser_the_page_fetches_nothing_and_has_no_errors() {
    let Some(mut browser) = Chromium::start() else {
        return;
    };
    let dir = Dir::new();
    let page = mixed_run(&dir);
    browser.open(&page);
    // A user ID or a message that ran as a script would add elements.
    assert_eq!(
        browser.evaluate("document.querySelectorAll('img, body script').length"),
        1
    );
    assert_eq!(browser.console_errors(), [""; 0]);
    assert_eq!(browser.requests(), [format!("file://{}", page.display())]);

    // The policy stops an injected element from fetching anything.
    let server = RawServer::answering(|_, _| http(200, ""));
    let url = &server.base_url;
    let tried = browser.evaluate(&format!(
        "(async () => {{
            document.body.append(Object.assign(new Image(), {{ src: '{url}' }}));
            const inline = document.createElement('script');
            inline.textContent = 'window.got_in = true';
            document.body.append(inline);
            const fetched = await fetch('{url}').then(() => true, () => false);
            return fetched || window.got_in === true;
        }})()"
    ));
    assert_eq!(tried, false);
    assert_eq!(server.requests(), [""; 0]);
}

#[test]
fn in_a_browser_failures_can_be_searched_and_sorted_by_keyboard() {
    let Some(mut browser) = Chromium::start() else {
        return;
    };
    let dir = Dir::new();
    browser.open(&mixed_run(&dir));
    let first_line = "Number([...document.querySelectorAll('#failures-table tbody tr')]\
        .find((row) => !row.hidden).cells[2].textContent)";
    let shown = "[...document.querySelectorAll('#failures-table tbody tr')]\
        .filter((row) => !row.hidden).length";
    assert_eq!(browser.evaluate(shown), 35);

    let search = |words: &str| {
        format!(
            "(() => {{
                const input = document.getElementById('search-words');
                input.value = {};
                input.dispatchEvent(new Event('input'));
                return document.getElementById('search-found').textContent;
            }})()",
            json!(words)
        )
    };
    assert_eq!(browser.evaluate(&search("SHORT seats")), "30 of 35 shown");
    assert_eq!(browser.evaluate(shown), 30);
    assert_eq!(browser.evaluate(&search("<script>")), "1 of 35 shown");
    assert_eq!(browser.evaluate(&search("")), "");

    let sort = "(() => {
        const header = document.querySelector('#failures-table th:nth-child(3)');
        header.querySelector('button').focus();
        return true;
    })()";
    let order =
        "document.querySelector('#failures-table th:nth-child(3)').getAttribute('aria-sort')";
    browser.evaluate(sort);
    browser.press(" ", 32);
    assert_eq!(browser.evaluate(order), "ascending");
    assert_eq!(browser.evaluate(first_line), 2);
    browser.press(" ", 32);
    assert_eq!(browser.evaluate(order), "descending");
    assert_eq!(browser.evaluate(first_line), 436);

    browser.evaluate("document.activeElement.blur(); scrollTo(0, 0)");
    browser.open(&dir.path("run/report.html"));
    browser.press("Tab", 9);
    let focused =
        "[document.activeElement.className, getComputedStyle(document.activeElement).outlineStyle]";
    assert_eq!(browser.evaluate(focused), json!(["skip", "solid"]));
}

#[test]
fn in_a_browser_without_scripts_the_page_is_complete() {
    let Some(mut browser) = Chromium::start() else {
        return;
    };
    let dir = Dir::new();
    browser.call(
        "Emulation.setScriptExecutionDisabled",
        json!({ "value": true }),
    );
    browser.open(&mixed_run(&dir));
    let seen = "[document.getElementById('search').checkVisibility(), \
        document.querySelectorAll('#failures-table button').length, \
        document.querySelectorAll('#failures-table tbody tr').length]";
    assert_eq!(browser.evaluate(seen), json!([false, 0, 35]));
}

#[test]
fn in_a_browser_the_page_is_accessible_light_dark_narrow_and_on_paper() {
    let Some(mut browser) = Chromium::start() else {
        return;
    };
    let dir = Dir::new();
    browser.open(&mixed_run(&dir));
    let screenshots = screenshots();
    for (name, width, scheme, medium) in [
        ("light", 1200, "light", "screen"),
        ("dark", 1200, "dark", "screen"),
        ("narrow", 360, "light", "screen"),
        ("narrow-dark", 360, "dark", "screen"),
        ("paper", 680, "dark", "print"),
    ] {
        browser.emulate(width, scheme, medium);
        let problems = browser.evaluate(CHECKS);
        browser.screenshot(&screenshots.join(format!("{name}.png")));
        assert_eq!(problems, Value::Array(Vec::new()), "{name}");
    }
    browser.emulate(1200, "dark", "");
    browser.print(&screenshots.join("paper.pdf"));
}

//! The screen at each stage of a run, in real terminals of 80 and 200 columns.

use std::fs::File;
use std::io::Write;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};

use crate::support::cli::Dir;
use crate::support::server::{RawServer, confirming, http, http_with};
use crate::support::terminal::Terminal;

const SIZES: [(usize, usize); 2] = [(80, 24), (200, 50)];

/// Holds responses back until it is open.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn pass(&self) {
        let (is_open, changed) = &*self.0;
        drop(
            changed
                .wait_while(is_open.lock().unwrap(), |is_open| !*is_open)
                .unwrap(),
        );
    }

    fn open(&self) {
        let (is_open, changed) = &*self.0;
        *is_open.lock().unwrap() = true;
        changed.notify_all();
    }
}

/// A folder with a `users.csv`.
fn folder(users: usize) -> Dir {
    let rows = (0..users).map(|n| format!("user-{n:04},{}\n", ["IDU", "PMD"][n % 2]));
    let dir = Dir::new();
    dir.write(
        "users.csv",
        format!("userId,code\n{}", rows.collect::<String>()),
    );
    dir
}

/// The arguments of an import of `users.csv` without a question.
fn import_args(server: &RawServer) -> String {
    let base_url = &server.base_url;
    format!(
        "import users.csv --yes --report-dir run --account acc-1 --base-url {base_url} --rate 1000/s --burst 1000 --max-retries 1"
    )
}

/// Confirms some requests, and the others once the gate is open.
fn gated_server(confirmed: usize) -> (RawServer, Gate) {
    let gate = Gate::default();
    let passed = gate.clone();
    let server = RawServer::answering(move |nth, request| {
        if nth >= confirmed {
            passed.pass();
        }
        confirming(request)
    });
    (server, gate)
}

/// Takes the screen of a stage in a terminal of each size, if tmux is installed.
fn in_terminals(stage: &str, run: impl Fn((usize, usize)) -> Option<String>) {
    for size in SIZES {
        let Some(screen) = run(size) else {
            return;
        };
        for line in screen.lines().filter(|line| line.contains('━')) {
            let columns = console::measure_text_width(line);
            assert_eq!(columns, size.0, "a bar is as wide as the terminal: {line}");
        }
        let name = format!("{stage}_at_{}x{}", size.0, size.1);
        insta::assert_snapshot!(name, masked(&screen));
    }
}

/// The screen without times and rates, which differ between runs.
fn masked(screen: &str) -> String {
    // The shell's message about a kill.
    let lines = screen
        .trim_end()
        .lines()
        .filter(|line| !line.contains("Killed"));
    let lines = lines.map(|line| {
        if let Some((_, until)) = line.split_once("waiting until ") {
            let (_, cause) = until.split_once("): ").unwrap();
            return format!("         waiting until … (… left): {cause}");
        }
        if line.starts_with("Time ") {
            return "Time      …".to_owned();
        }
        if !line.contains('━') {
            return line.to_owned();
        }
        let parts = line.split("  ").map(|part| match part {
            part if part.ends_with("/s") => "…/s".to_owned(),
            part if part.ends_with(" left") => "… left".to_owned(),
            part => part.to_owned(),
        });
        shortened(&parts.collect::<Vec<_>>().join("  "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A bar with one character for each of its parts.
fn shortened(line: &str) -> String {
    let mut short = String::new();
    for character in line.chars() {
        if !(matches!(character, '━' | '─') && short.ends_with(character)) {
            short.push(character);
        }
    }
    short
}

#[test]
fn the_plan_and_the_question_before_sending() {
    in_terminals("plan", |size| {
        let dir = folder(1234);
        let args = "import users.csv --sandbox --seats none --current none --report-dir run";
        let terminal = Terminal::run(&dir, size, args)?;
        let screen = terminal.wait_for_text("[y/N]");
        terminal.keys(&["n", "Enter"]);
        let (code, end) = terminal.wait_for_exit();
        assert_eq!(code, 2);
        assert!(end.contains("nothing was sent: the answer was not yes"));
        assert!(!dir.path("run").exists());
        Some(screen)
    });
}

#[test]
fn losses_come_first_in_the_plan_and_wide_characters_keep_the_columns_aligned() {
    in_terminals("losses", |size| {
        let dir = Dir::new();
        dir.write(
            "users.csv",
            "userId,code\n漢字-使用者-一,IDU\nuser-2,IDU\nuser-3,IDU\n",
        )
        .write("now.csv", "userId,code\n漢字-使用者-一,PMD\nuser-3,IDU\n");
        let args =
            "import users.csv --sandbox --current now.csv --absent-means-none --report-dir run";
        let terminal = Terminal::run(&dir, size, args)?;
        let screen = terminal.wait_for_text("[y/N]");
        terminal.keys(&["n", "Enter"]);
        terminal.wait_for_exit();
        Some(screen)
    });
}

#[test]
fn a_plan_is_no_wider_than_the_terminal() {
    in_terminals("plan_alone", |size| {
        let dir = folder(0);
        let bad = "userId,licence\nuser-1,IDU\nuser-2,PMB\nuser-3,IDU,PMD\n";
        dir.write("users.csv", bad);
        let terminal = Terminal::run(&dir, size, "plan users.csv --code-column licence")?;
        let (code, screen) = terminal.wait_for_exit();
        assert_eq!(code, 1);
        Some(screen)
    });
}

#[test]
fn reading_an_input_of_unknown_size() {
    in_terminals("reading", |size| {
        let dir = folder(0);
        let pipe = dir.path("pipe");
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        let args = "import - --sandbox --report-dir run < pipe";
        let terminal = Terminal::run(&dir, size, args)?;
        let mut input = File::create(&pipe).unwrap();
        input.write_all(b"userId,code\n").unwrap();
        let screen = terminal.wait_for_text("12 B");
        input.write_all(b"user-1,IDU\n").unwrap();
        drop(input);
        assert_eq!(terminal.wait_for_exit().0, 0);
        let (before, turning) = screen.split_once("reading  ").unwrap();
        let turning: String = turning.chars().skip(1).collect();
        Some(format!("{before}reading  ·{turning}"))
    });
}

#[test]
fn a_run_under_way() {
    in_terminals("live", |size| {
        let dir = folder(1500);
        let (server, gate) = gated_server(3);
        let terminal = Terminal::run(&dir, size, &import_args(&server))?;
        let screen = terminal.wait_for("requests in flight", |screen| {
            screen.contains(" 300/1,500 ")
                && screen.contains("8 requests in flight")
                && screen.contains(" left")
        });
        let (column, line) = terminal.cursor();
        assert_eq!(
            (column, screen.lines().nth(line)),
            (0, Some("")),
            "the cursor rests below the bars"
        );
        gate.open();
        assert_eq!(terminal.wait_for_exit().0, 0);
        Some(screen)
    });
}

#[test]
fn a_run_that_waits_because_the_service_asks_for_it() {
    in_terminals("waiting", |size| {
        let dir = folder(1500);
        let server = RawServer::answering(|nth, request| match nth {
            0..3 => confirming(request),
            _ => http_with(429, "Retry-After: 600\r\n", ""),
        });
        let args = format!("{} --concurrency 1", import_args(&server));
        let terminal = Terminal::run(&dir, size, &args)?;
        let screen = terminal.wait_for("the wait", |screen| {
            screen.contains("waiting until")
                && screen.contains(" 300/1,500 ")
                && screen.contains(" left\n")
        });
        terminal.keys(&["C-c"]);
        assert_eq!(terminal.wait_for_exit().0, 130);
        Some(screen)
    });
}

#[test]
fn a_run_that_is_stopping_and_one_that_was_interrupted() {
    let interrupted = |size| {
        let dir = folder(1500);
        let (server, gate) = gated_server(3);
        let terminal = Terminal::run(&dir, size, &import_args(&server))?;
        terminal.wait_for("requests in flight", |screen| {
            screen.contains(" 300/1,500 ") && screen.contains("8 requests in flight")
        });
        terminal.keys(&["C-c"]);
        let stopping = terminal.wait_for("stopping", |screen| screen.contains("/1,500  stopping"));
        gate.open();
        let (code, end) = terminal.wait_for_exit();
        assert_eq!(code, 130);
        Some((stopping, end))
    };
    in_terminals("stopping", |size| Some(interrupted(size)?.0));
    in_terminals("interrupted", |size| Some(interrupted(size)?.1));
}

#[test]
fn a_second_interrupt_and_a_kill_leave_complete_lines_and_the_cursor() {
    for (stage, is_kill) in [("exited_at_once", false), ("killed", true)] {
        in_terminals(stage, |size| {
            let dir = folder(1500);
            let (server, _gate) = gated_server(3);
            let terminal = Terminal::run(&dir, size, &import_args(&server))?;
            terminal.wait_for("requests in flight", |screen| {
                screen.contains(" 300/1,500 ") && screen.contains("8 requests in flight")
            });
            if is_kill {
                terminal.kill(|line| line.contains("seatload import"));
            } else {
                terminal.keys(&["C-c"]);
                terminal.wait_for_text("/1,500  stopping");
                terminal.keys(&["C-c"]);
            }
            let (code, screen) = terminal.wait_for_exit();
            assert_eq!(code, if is_kill { 137 } else { 130 });
            terminal.cursor();
            Some(screen)
        });
    }
}

#[test]
fn the_summary_counts_users_with_licences_and_has_hints_for_the_others() {
    in_terminals("end", |size| {
        let dir = folder(1500);
        dir.write(
            "bad.csv",
            "userId,code\nuser-0000,IDU\nuser-9998,IDU\nuser-9999,NOPE\n",
        );
        let server = RawServer::answering(|_, request| match request.contains("user-9998") {
            true => http(404, "{\"message\":\"no such user\"}"),
            false => confirming(request),
        });
        let args =
            import_args(&server).replace("users.csv", "bad.csv --batch-size 1 --concurrency 1");
        let terminal = Terminal::run(&dir, size, &args)?;
        let (code, screen) = terminal.wait_for_exit();
        assert_eq!(code, 1);
        Some(screen)
    });
}

#[test]
fn a_stop_has_its_reason_and_a_hint_in_lines_that_fit() {
    in_terminals("stopped", |size| {
        let dir = folder(1500);
        let server = RawServer::answering(|_, _| http(401, "{\"message\":\"token expired\"}"));
        let terminal = Terminal::run(&dir, size, &import_args(&server))?;
        let (code, screen) = terminal.wait_for_exit();
        assert_eq!(code, 3);
        Some(screen)
    });
}

#[test]
fn an_error_has_a_message_a_cause_and_a_hint() {
    in_terminals("error", |size| {
        let dir = folder(0);
        let args = "import nobody.csv --sandbox --directory staff.csv";
        let terminal = Terminal::run(&dir, size, args)?;
        let (code, screen) = terminal.wait_for_exit();
        assert_eq!(code, 2);
        Some(screen)
    });
}

#[test]
fn colour_alone_carries_no_meaning_and_can_be_switched_off() {
    let dir = folder(1500);
    let (server, gate) = gated_server(3);
    let Some(terminal) = Terminal::run(&dir, SIZES[0], &import_args(&server)) else {
        return;
    };
    terminal.wait_for_text(" 300/1,500 ");
    // Bold and dim only, which are legible on any background.
    let styled = terminal.styled();
    let colours = (30..=37).chain(40..=47).chain(90..=97);
    for colour in colours {
        assert!(!styled.contains(&format!("\u{1b}[{colour}m")), "{styled}");
    }
    gate.open();
    drop(terminal);

    let dir = folder(1500);
    let (server, _gate) = gated_server(3);
    let args = format!(
        "--version; export NO_COLOR=1; seatload() {{ '{}' \"$@\"; }}; seatload {}",
        assert_cmd::cargo::cargo_bin!("seatload").display(),
        import_args(&server)
    );
    let terminal = Terminal::run(&dir, SIZES[0], &args).unwrap();
    terminal.wait_for_text(" 300/1,500 ");
    assert!(
        !terminal.styled().contains('\u{1b}'),
        "{}",
        terminal.styled()
    );
}

const UNNAMED: &str = "Personal\nPerson;Lizenz\n\
    1b6c02a4-90d1-4f0e-8a4b-0d3f5c7e9a11;IDU\n\
    1b6c02a4-90d1-4f0e-8a4b-0d3f5c7e9a12;PMD\n";

#[test]
fn columns_without_a_known_name_are_asked_for_and_their_flags_are_shown() {
    let dir = Dir::new();
    dir.write("users.csv", UNNAMED);
    let args = "import users.csv --sandbox --report-dir run";
    let Some(terminal) = Terminal::run(&dir, SIZES[0], args) else {
        return;
    };
    terminal.wait_for_text("Which column names the users?");
    terminal.keys(&["1", "Enter"]);
    terminal.wait_for_text("Which columns list their codes?");
    terminal.keys(&["2", "Enter"]);
    terminal.wait_for_text("Send 2 users");
    terminal.keys(&["y", "Enter"]);
    let (code, screen) = terminal.wait_for_exit();
    assert_eq!(code, 0, "{screen}");
    let hint = "hint: next time, add --header-row 2 --user-column Person --code-column";
    assert!(screen.contains(hint), "{screen}");
}

#[test]
fn without_an_answer_nothing_is_read_and_the_flags_are_the_hint() {
    let dir = Dir::new();
    dir.write("users.csv", UNNAMED);
    let args = "import users.csv --sandbox";
    let Some(terminal) = Terminal::run(&dir, SIZES[0], args) else {
        return;
    };
    terminal.wait_for_text("Which column names the users?");
    terminal.keys(&["Enter"]);
    let (code, screen) = terminal.wait_for_exit();
    assert_eq!(code, 2, "{screen}");
    assert!(
        screen.contains("hint: column 1 \"Person\" holds users"),
        "{screen}"
    );
    let made = std::fs::read_dir(dir.path("")).unwrap();
    let mut names = made.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!names.any(|name| name.starts_with("seatload-")));
}

#[test]
fn a_secret_that_is_pasted_may_be_longer_than_a_line_of_the_terminal() {
    let server = RawServer::answering(|_, request| confirming(request));
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\n");
    let args = format!(
        "import users.csv --yes --account acc-1 --base-url {}",
        server.base_url
    );
    let Some(terminal) = Terminal::run_with(&dir, (80, 24), "SEATLOAD_TOKEN=", &args) else {
        return;
    };
    terminal.wait_for_text("Access token:");
    let token = "t0k3n".repeat(1200);
    terminal.keys(&["-l", &token[..3000]]);
    terminal.keys(&["x", "BSpace"]);
    terminal.keys(&["-l", &token[3000..]]);
    terminal.keys(&["Enter"]);
    let (code, screen) = terminal.wait_for_exit();
    assert_eq!(code, 0, "{screen}");
    assert!(!screen.contains("t0k3n"), "{screen}");
    let authorization = format!("authorization: Bearer {token}\r\n");
    assert!(server.requests()[0].contains(&authorization));
}

#[test]
fn an_interrupt_while_a_secret_is_typed_restores_the_terminal() {
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\n");
    let args = "import users.csv --account acc-1";
    let Some(terminal) = Terminal::run_with(&dir, (80, 24), "SEATLOAD_TOKEN=", args) else {
        return;
    };
    terminal.wait_for_text("Access token:");
    terminal.keys(&["abc", "C-c"]);
    let (code, _) = terminal.wait_for_exit();
    assert_eq!(code, 130);
    // What is typed is shown again.
    terminal.keys(&["seen", "Enter"]);
    let screen = terminal.wait_for_text("seen");
    assert!(!screen.contains("abc"), "{screen}");
}

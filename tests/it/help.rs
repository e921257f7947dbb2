//! Help fits on the screen, and every command line in it works.

use std::process::Command;

use clap::Parser;
use seatload::cli::{self, Cli};

use crate::support::cli::{CommandOutput, Dir, wait_for_exit};

/// The output of the program in a terminal of so many columns.
fn output(arguments: &[&str], columns: &str) -> CommandOutput {
    let mut command = Dir::new().seatload();
    command.current_dir(env!("CARGO_TARGET_TMPDIR"));
    command.args(arguments).env("COLUMNS", columns);
    wait_for_exit(command)
}

fn commands() -> Vec<String> {
    let cli = cli::command();
    let names = cli.get_subcommands().map(clap::Command::get_name);
    names.map(str::to_owned).collect()
}

/// The command lines of seatload in shell lines, without what the shell makes of them.
fn command_lines(shell: &str) -> Vec<Vec<&str>> {
    let lines = shell.split(['\n', '|', '&', '<', '(', ')', '>', '#']);
    let lines = lines.map(|line| line.split_whitespace().filter(|word| *word != "\\"));
    let of_seatload = lines.filter_map(|words| {
        // Variables may come first.
        let words: Vec<_> = words.skip_while(|word| word.contains('=')).collect();
        (words.first() == Some(&"seatload")).then_some(words)
    });
    of_seatload.collect()
}

/// Checks that every command line of seatload parses, and counts them.
pub(crate) fn assert_understood(shell: &str) -> usize {
    let lines = command_lines(shell);
    for line in &lines {
        if let Err(error) = Cli::try_parse_from(line) {
            panic!("{}: {error}", line.join(" "));
        }
    }
    lines.len()
}

#[test]
fn every_example_in_the_help_is_valid() {
    let cli = cli::command();
    for command in cli.get_subcommands().chain([&cli]) {
        let after = command.get_after_long_help().unwrap().to_string();
        assert!(after.starts_with("Examples:\n"), "{}", command.get_name());
        assert!(after.contains("\nExit codes:\n"), "{}", command.get_name());
        let too_wide = after.lines().find(|line| line.chars().count() > 80);
        assert_eq!(too_wide, None);
        let lines = after.replace("\\\n", "");
        // The title of an example is indented by two columns less.
        let lines: Vec<_> = lines
            .lines()
            .filter(|line| line.starts_with("    "))
            .collect();
        assert!(
            assert_understood(&lines.join("\n")) > 0,
            "{}",
            command.get_name()
        );
    }
    let import = cli.find_subcommand("import").unwrap();
    assert!(assert_understood(&import.get_after_help().unwrap().to_string()) > 0);
}

#[test]
fn the_long_help_has_at_most_120_lines_of_100_columns() {
    let commands = commands();
    let commands = commands.iter().map(|command| vec![command.as_str()]);
    for command in commands.chain([Vec::new()]) {
        let help = output(&[command.as_slice(), &["--help"]].concat(), "100");
        assert_eq!((help.code, help.stderr.as_str()), (0, ""));
        assert!(help.stdout.lines().count() <= 120, "{}", help.stdout);
        let too_wide = help.stdout.lines().find(|line| line.chars().count() > 100);
        assert_eq!(too_wide, None, "{command:?}");
    }
}

#[test]
fn the_help_subcommand_prints_the_long_help() {
    assert_eq!(
        output(&["help", "import"], "100").stdout,
        output(&["import", "--help"], "100").stdout
    );
}

#[test]
fn the_short_help_has_one_line_for_each_flag_and_fits_on_a_screen() {
    for command in commands() {
        let help = output(&[&command, "-h"], "80").stdout;
        assert!(help.lines().count() <= 60, "{help}");
        let wrapped = help.lines().find(|line| line.starts_with("           "));
        assert_eq!(wrapped, None, "{command}");
        let too_wide = help.lines().find(|line| line.chars().count() > 80);
        assert_eq!(too_wide, None, "{command}");
    }
    let import = output(&["import", "-h"], "80").stdout;
    assert!(import.contains("Examples:\n  seatload import "), "{import}");
    assert!(import.contains("see more with '--help'"), "{import}");
}

#[test]
fn a_misspelt_command_flag_or_value_is_corrected_in_the_error() {
    for (arguments, expected) in [
        (
            &["improt", "a.csv"][..],
            "a similar subcommand exists: 'import'",
        ),
        (
            &["import", "a.csv", "--acount", "x"],
            "a similar argument exists: '--account'",
        ),
        (
            &["import", "a.csv", "--endpoint", "put-leas"],
            "a similar value exists: 'put-lease'",
        ),
    ] {
        let output = output(arguments, "80");
        output.exits_with(2).says(expected);
    }
}

#[test]
fn a_command_line_with_files_in_the_wrong_places_is_corrected_in_the_error() {
    let dir = Dir::new();
    for name in ["joiners.csv", "leavers.csv", "HR list.csv"] {
        dir.write(name, "userId,userBundleCode\nsinger-77,IDU\n");
    }
    let quoted = if cfg!(windows) {
        "needs quotes: \"HR list.csv\""
    } else {
        "needs quotes: 'HR list.csv'"
    };
    let quoted_name = quoted.replace("HR list.csv", "User ID");
    let quoted_name = quoted_name.replace("quotes:", "quotes: --user-column");
    for (arguments, expected) in [
        (&["joiners.csv"][..], "`seatload import joiners.csv`"),
        (
            &["import", "joiners.csv", "--user-column", "User", "ID"],
            &quoted_name,
        ),
        (
            &["plan", "--user-column", "User", "ID", "joiners.csv"],
            &quoted_name,
        ),
        (&["HR", "list.csv"], quoted),
        (&["import", "HR", "list.csv", "--sandbox"], quoted),
        (
            &["import", "joiners.csv", "leavers.csv"],
            "`seatload watch FOLDER --once`",
        ),
        (&["import", "joiner.csv"], "did you mean joiners.csv?"),
        (&["plan", "Joiners"], "did you mean joiners.csv?"),
        (&["verify", "joiners.xls"], "did you mean joiners.csv?"),
        (
            &["undo", "joiners.csv"],
            "`seatload import FOLDER/undo.csv`",
        ),
    ] {
        let mut command = dir.seatload();
        command.args(arguments).env_remove("SEATLOAD_TOKEN");
        wait_for_exit(command).exits_with(2).says(expected);
    }
}

#[test]
fn resume_without_a_folder_names_the_runs_that_are_not_finished() {
    let dir = Dir::new();
    dir.write("joiners.csv", "userId,userBundleCode\na,IDU\nb,IDU\n");
    for (report_dir, first, code) in [("stopped", "1", 3), ("finished", "2", 0)] {
        let mut import = dir.seatload();
        import.args([
            "import",
            "joiners.csv",
            "--sandbox",
            "--yes",
            "--first",
            first,
        ]);
        import.args(["--report-dir", report_dir]);
        wait_for_exit(import).exits_with(code);
    }
    let mut resume = dir.seatload();
    resume.arg("resume");
    let output = wait_for_exit(resume);
    output.exits_with(2).says("`seatload resume stopped`");
    assert!(!output.stderr.contains("finished`"), "{}", output.stderr);

    let mut without_command = dir.seatload();
    without_command.arg("stopped");
    let output = wait_for_exit(without_command);
    output.exits_with(2).says("`seatload resume stopped`");
}

#[test]
fn every_visible_flag_has_a_variable_and_none_takes_a_secret() {
    for command in cli::command().get_subcommands() {
        let flags = command.get_arguments().filter(|flag| !flag.is_hide_set());
        for flag in flags.filter(|flag| !flag.is_positional()) {
            let variable = flag.get_env().unwrap().to_str().unwrap();
            assert!(variable.starts_with("SEATLOAD_"), "{variable}");
            let long = flag.get_long().unwrap();
            assert!(!matches!(long, "token" | "password" | "secret"), "{long}");
        }
    }
}

#[test]
fn the_variables_have_the_names_of_their_flags() {
    let cli = cli::command();
    for (command, long, variable) in [
        ("import", "batch-size", "SEATLOAD_BATCH_SIZE"),
        ("plan", "json", "SEATLOAD_JSON"),
        ("resume", "retry-failed", "SEATLOAD_RETRY_FAILED"),
        ("watch", "on-done", "SEATLOAD_ON_DONE"),
        ("sandbox", "rate", "SEATLOAD_SANDBOX_RATE"),
        ("man", "out-dir", "SEATLOAD_MAN_OUT_DIR"),
    ] {
        let command = cli.find_subcommand(command).unwrap();
        let mut flags = command.get_arguments();
        let flag = flags.find(|flag| flag.get_long() == Some(long)).unwrap();
        assert_eq!(flag.get_env().unwrap(), variable);
    }
    let mut flags = cli.get_arguments();
    let config = flags.find(|flag| flag.get_long() == Some("config"));
    assert_eq!(config.unwrap().get_env().unwrap(), "SEATLOAD_CONFIG");
}

#[test]
fn the_version_names_the_commit_in_a_checkout() {
    let version = concat!("seatload ", env!("CARGO_PKG_VERSION"));
    assert_eq!(output(&["-V"], "80").stdout, format!("{version}\n"));
    let long = output(&["--version"], "80").stdout;
    let folder = env!("CARGO_MANIFEST_DIR");
    let is_checkout = std::path::Path::new(folder).join(".git").exists();
    let mut git = Command::new("git");
    let shown = git
        .args(["-C", folder, "show", "-s", "--format=%H %cs"])
        .output();
    let Some(shown) = shown
        .ok()
        .filter(|shown| is_checkout && shown.status.success())
    else {
        assert_eq!(long, format!("{version}\n"));
        return;
    };
    let shown = String::from_utf8(shown.stdout).unwrap();
    let (hash, date) = shown.trim().split_once(' ').unwrap();
    let hash = &hash[..10];
    let is = |dirty: &str| long == format!("{version} ({hash}{dirty} {date})\n");
    assert!(is("") || is("-dirty"), "{long}");
}

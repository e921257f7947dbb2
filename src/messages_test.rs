//! Every message of the program in one snapshot, to be read from top to bottom as a user would.

use crate::diagnostic::{self, Sample};
use crate::import::{outdated, token_expiry};
use crate::{api, cli, config_file, event, input, lookup, outcome, report, roster, run, watch};

#[test]
fn all_messages_of_the_program_are_in_one_snapshot() {
    let rooms = [
        ("command line", cli::samples()),
        ("configuration file", config_file::samples()),
        ("input", input::samples()),
        ("rows", roster::samples()),
        ("service", api::samples()),
        ("tokens", token_expiry::samples()),
        ("look-ups", lookup::samples()),
        ("current licences", outdated::samples()),
        ("run folder", run::samples()),
        ("progress", report::samples()),
        ("stops and waits", event::samples()),
        ("failures", outcome::samples()),
        ("watch", watch::samples()),
    ];
    let mut text = String::new();
    for (room, samples) in rooms {
        text.push_str(&format!("# {room}\n\n"));
        for sample in samples {
            let message = match sample {
                Sample::Error(error) => format!("error: {}", diagnostic::render(&error)),
                Sample::Text(text) => text,
            };
            text.push_str(message.trim_end());
            text.push_str("\n\n");
        }
    }
    insta::assert_snapshot!("messages", text);
}

#[test]
fn no_flag_refuses_a_value_in_the_words_of_a_library() {
    for command in cli::command().get_subcommands() {
        let flags = { command.get_arguments() }
            .filter(|argument| argument.get_action().takes_values())
            .filter_map(|argument| argument.get_long());
        for (flag, value) in flags.flat_map(|flag| [(flag, "many"), (flag, "0")]) {
            let flag = format!("--{flag}={value}");
            let parsed = { command.clone() }.try_get_matches_from([command.get_name(), &flag]);
            let refused = parsed.map_or_else(|error| error.to_string(), |_| String::new());
            for word in ["invalid digit", "non-zero type"] {
                assert!(!refused.contains(word), "{flag}: {refused}");
            }
        }
    }
}

//! Every message of the program in one snapshot, to be read from top to bottom as a user would.

use crate::diagnostic::{self, Sample};
use crate::{api, cli, config_file, event, input, lookup, outcome, report, roster, run, watch};

#[test]
fn all_messages_of_the_program_are_in_one_snapshot() {
    let rooms = [
        ("command line", cli::samples()),
        ("configuration file", config_file::samples()),
        ("input", input::samples()),
        ("rows", roster::samples()),
        ("service", api::samples()),
        ("look-ups", lookup::samples()),
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

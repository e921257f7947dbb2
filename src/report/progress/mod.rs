//! The progress of a run: bars in a terminal, a line every ten seconds elsewhere, events for programs, or nothing.

mod bars;
mod events;
mod lookup_bar;
mod messages;
mod plain;
mod screen;
mod wait;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{ErrorKind, IsTerminal, Read, Write, stderr};
use std::path::Path;

use bars::Bars;
use console::Term;
use events::JsonEvent;
use jiff::ZonedDateTime;
pub use lookup_bar::LookupBar;
#[cfg(test)]
pub use messages::samples;
use plain::PlainProgress;
pub use screen::{print_final, stop_drawing};
use wait::Wait;

use crate::event::{Event, StopReason};
use crate::exit_code::ExitCode;
use crate::report::wrap_to_terminal;
use crate::run::RunStats;
use crate::settings::ProgressMode;

/// How many reasons for retries are shown: a service may word each answer differently.
const MAX_RETRY_REASONS: usize = 5;

/// Shows the progress of a run on standard error.
pub struct Progress {
    display: Display,
    /// The hint for a wrong address.
    address_hint: String,
    wait: Option<Wait>,
    /// Why requests of this run were retried, each shown once.
    retry_reasons: BTreeSet<String>,
    /// Standard error has been closed at its other end.
    is_closed: Cell<bool>,
}

enum Display {
    Bars(Bars),
    Plain(PlainProgress),
    Events,
    None,
}

impl Progress {
    pub fn new(mode: ProgressMode) -> Self {
        let is_terminal =
            stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let display = match mode {
            ProgressMode::Auto if is_terminal => Display::Bars(Bars::new()),
            ProgressMode::Auto | ProgressMode::Plain => Display::Plain(PlainProgress::new()),
            ProgressMode::Events => Display::Events,
            ProgressMode::None => Display::None,
        };
        Self {
            display,
            address_hint: String::new(),
            wait: None,
            retry_reasons: BTreeSet::new(),
            is_closed: Cell::new(false),
        }
    }

    /// Shows how much of a reader has been read.
    pub fn reading(
        &mut self,
        reader: Box<dyn Read + Send>,
        bytes: Option<u64>,
    ) -> Box<dyn Read + Send> {
        match &mut self.display {
            Display::Bars(bars) => bars.reading(reader, bytes),
            Display::Plain(_) | Display::Events | Display::None => reader,
        }
    }

    /// Shows how far look-ups are.
    pub fn looking_up(&mut self, name: &str) -> LookupBar {
        match &mut self.display {
            Display::Bars(bars) => bars.looking_up(name),
            Display::Plain(_) | Display::Events | Display::None => LookupBar::hidden(),
        }
    }

    /// Reading has ended, and `total` users are to be decided.
    pub fn start_sending(&mut self, total: u64, address_hint: String) {
        self.address_hint = address_hint;
        // A watch shows one run after another.
        self.retry_reasons.clear();
        match &mut self.display {
            Display::Bars(bars) => bars.start_sending(total),
            Display::Events => self.write_event(JsonEvent::Begin { to_send: total }),
            Display::Plain(_) | Display::None => {}
        }
    }

    /// Shows an event. It has been counted already.
    pub fn show_event(&mut self, event: &Event, stats: &RunStats) {
        match self.display {
            Display::Events => self.write_event(JsonEvent::of(event, stats)),
            Display::Bars(_) | Display::Plain(_) | Display::None => self.show_to_user(event, stats),
        }
    }

    fn show_to_user(&mut self, event: &Event, stats: &RunStats) {
        match event {
            Event::Waiting { wait, cause } => {
                self.wait = Some(Wait {
                    until: ZonedDateTime::now().saturating_add(*wait),
                    cause: *cause,
                });
            }
            Event::Sent { .. } => self.wait = None,
            Event::WrongAddress { response } => {
                self.message(&messages::wrong_address(response, &self.address_hint));
            }
            Event::SeatsExhausted { codes } => self.message(&messages::seats_exhausted(codes)),
            Event::Stopping(stop) => {
                self.wait = None;
                if let Display::Bars(bars) = &mut self.display {
                    bars.stopping();
                }
                if stats.in_flight() > 0 {
                    self.message(&messages::stopping(stop, stats.in_flight()));
                }
            }
            Event::Retrying { reason, .. } => self.show_retry(reason),
            Event::ResponseReceived { .. } | Event::Split { .. } | Event::Decided(_) => {}
        }
        self.tick(stats);
    }

    /// Shows why a request is retried, unless that has been shown.
    fn show_retry(&mut self, reason: &str) {
        let is_full = self.retry_reasons.len() == MAX_RETRY_REASONS;
        if !is_full && self.retry_reasons.insert(reason.to_owned()) {
            self.info(&messages::retrying(reason));
        }
    }

    /// Updates the display.
    pub fn tick(&mut self, stats: &RunStats) {
        match &mut self.display {
            Display::Bars(bars) => bars.update(stats, self.wait.as_ref()),
            Display::Plain(plain) => {
                if let Some(line) = plain.update(stats, self.wait.as_ref()) {
                    self.write_line(&line);
                }
            }
            Display::Events | Display::None => {}
        }
    }

    /// Prints a text, unless progress is off.
    pub fn info(&self, text: &str) {
        if !matches!(self.display, Display::None) {
            self.message(text);
        }
    }

    /// Prints a text on lines of its own, whatever the display.
    pub fn message(&self, text: &str) {
        match self.display {
            Display::Events => self.message_unwrapped(text),
            Display::Bars(_) | Display::Plain(_) | Display::None => {
                self.message_unwrapped(&wrap_to_terminal(text, &Term::stderr()));
            }
        }
    }

    /// Prints a text that is to be copied, or that has a layout of its own.
    pub fn message_unwrapped(&self, text: &str) {
        match &self.display {
            Display::Bars(bars) => bars.message(text),
            Display::Events => self.write_event(JsonEvent::Message { text }),
            Display::Plain(_) | Display::None => self.write_line(text),
        }
    }

    /// Whether standard error has been closed at its other end: a run that no user can watch is stopped.
    pub fn is_closed(&self) -> bool {
        self.is_closed.get()
    }

    fn write_event(&self, event: JsonEvent<'_>) {
        self.write_line(&events::line(event));
    }

    fn write_line(&self, text: &str) {
        // A typed Ctrl-C is at the start of the line.
        let start = if stderr().is_terminal() { "\r" } else { "" };
        // One write, so that no other line comes in between.
        let written = stderr().write_all(format!("{start}{text}\n").as_bytes());
        if written.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe) {
            self.is_closed.set(true);
        }
    }

    /// Removes the display.
    pub fn finish(&mut self) {
        if let Display::Bars(bars) = &mut self.display {
            bars.finish();
        }
    }

    pub fn stopped(&self, stop: &StopReason) {
        self.message(&messages::stopped(stop));
    }

    /// Writes the last event.
    pub fn end(&self, reports: &Path, exit_code: ExitCode) {
        if let Display::Events = self.display {
            self.write_event(JsonEvent::End {
                report_dir: &reports.to_string_lossy(),
                exit_code: exit_code.number(),
            });
        }
    }
}

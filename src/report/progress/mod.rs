//! How far a run is: bars in a terminal, a line now and then elsewhere, events for programs, or nothing.

mod bars;
mod events;
mod messages;
mod plain;
mod screen;

use std::cell::Cell;
use std::io::{ErrorKind, IsTerminal, Read, Write, stderr};
use std::path::Path;
use std::time::Duration;

use bars::Bars;
use console::Term;
use events::JsonEvent;
use jiff::ZonedDateTime;
use plain::PlainProgress;
pub use screen::{print_final, stop_drawing};

use crate::event::{Event, StopReason, WaitCause};
use crate::exit_code::ExitCode;
use crate::report::wrap_to_terminal;
use crate::run::RunStats;
use crate::settings::ProgressMode;

/// A wait that is being sat through.
#[derive(Debug, Clone)]
struct Wait {
    until: ZonedDateTime,
    cause: WaitCause,
}

impl Wait {
    /// How long it still lasts.
    fn left(&self) -> Duration {
        let left = ZonedDateTime::now().duration_until(&self.until);
        Duration::try_from(left).unwrap_or_default()
    }
}

/// Shows how far a run is, on standard error.
pub struct Progress {
    display: Display,
    /// What to try if there is nothing at the address.
    address_advice: String,
    wait: Option<Wait>,
    /// Whoever listened has gone.
    is_closed: Cell<bool>,
}

enum Display {
    Bars(Bars),
    Plain(PlainProgress),
    Events,
    None,
}

impl Progress {
    /// Chooses a display.
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
            address_advice: String::new(),
            wait: None,
            is_closed: Cell::new(false),
        }
    }

    /// Shows how far reading is, for a reader of so many bytes, if that is known.
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

    /// Reading is over, and so many users are to be decided. `address_advice` is what to try if there is nothing at the address.
    pub fn start_sending(&mut self, total: u64, address_advice: String) {
        self.address_advice = address_advice;
        match &mut self.display {
            Display::Bars(bars) => bars.begin(total),
            Display::Events => self.write_event(JsonEvent::Begin { to_send: total }),
            Display::Plain(_) | Display::None => {}
        }
    }

    /// Shows an event that has been counted.
    pub fn show_event(&mut self, event: &Event, stats: &RunStats) {
        match self.display {
            Display::Events => self.write_event(JsonEvent::of(event, stats)),
            Display::Bars(_) | Display::Plain(_) | Display::None => self.show_people(event, stats),
        }
    }

    fn show_people(&mut self, event: &Event, stats: &RunStats) {
        match event {
            Event::Waiting { wait, cause } => {
                self.wait = Some(Wait {
                    until: ZonedDateTime::now().saturating_add(*wait),
                    cause: *cause,
                });
            }
            Event::Sent { .. } => self.wait = None,
            Event::WrongAddress { answer } => {
                self.message(&messages::misdirected(answer, &self.address_advice));
            }
            Event::SeatsExhausted { codes } => self.message(&messages::exhausted(codes)),
            Event::Stopping(stop) => {
                self.wait = None;
                if let Display::Bars(bars) = &mut self.display {
                    bars.stopping();
                }
                if stats.in_flight() > 0 {
                    self.message(&messages::stopping(stop, stats.in_flight()));
                }
            }
            Event::ResponseReceived { .. }
            | Event::Retrying { .. }
            | Event::Split { .. }
            | Event::Decided(_) => {}
        }
        self.tick(stats);
    }

    /// Brings the display up to date.
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

    /// Says something that is worth knowing, where progress is shown at all.
    pub fn info(&self, text: &str) {
        if !matches!(self.display, Display::None) {
            self.message(text);
        }
    }

    /// Says something on lines of its own, whatever the display.
    pub fn message(&self, text: &str) {
        match self.display {
            Display::Events => self.message_unwrapped(text),
            Display::Bars(_) | Display::Plain(_) | Display::None => {
                self.message_unwrapped(&wrap_to_terminal(text, &Term::stderr()));
            }
        }
    }

    /// Says something that is to be copied, or that is laid out already.
    pub fn message_unwrapped(&self, text: &str) {
        match &self.display {
            Display::Bars(bars) => bars.say(text),
            Display::Events => self.write_event(JsonEvent::Message { text }),
            Display::Plain(_) | Display::None => self.write_line(text),
        }
    }

    /// Whether standard error has been closed at its other end: a run that nobody can watch is to be stopped.
    pub fn is_closed(&self) -> bool {
        self.is_closed.get()
    }

    fn write_event(&self, what: JsonEvent<'_>) {
        self.write_line(&events::line(what));
    }

    fn write_line(&self, text: &str) {
        // A Ctrl-C that was typed stands at the beginning of the line.
        let begin = if stderr().is_terminal() { "\r" } else { "" };
        // At once, so that nobody else's line comes between it and its end.
        let written = stderr().write_all(format!("{begin}{text}\n").as_bytes());
        if written.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe) {
            self.is_closed.set(true);
        }
    }

    /// Takes the display away.
    pub fn finish(&mut self) {
        if let Display::Bars(bars) = &mut self.display {
            bars.finish();
        }
    }

    /// Says why a run stopped, and what to do.
    pub fn stopped(&self, stop: &StopReason) {
        self.message(&messages::stopped(stop));
    }

    /// Tells programs that it is over.
    pub fn end(&self, reports: &Path, exit_code: ExitCode) {
        if let Display::Events = self.display {
            self.write_event(JsonEvent::End {
                report_dir: &reports.to_string_lossy(),
                exit_code: exit_code.number(),
            });
        }
    }
}

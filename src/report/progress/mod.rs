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
use events::What;
use jiff::ZonedDateTime;
use plain::Plain;
pub use screen::{freeze, last_words};

use crate::event::{Event, Stop, WaitCause};
use crate::exit_code::ExitCode;
use crate::report::fitted;
use crate::run::Tally;
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
    is_unheard: Cell<bool>,
}

enum Display {
    Bars(Bars),
    Plain(Plain),
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
            ProgressMode::Auto | ProgressMode::Plain => Display::Plain(Plain::new()),
            ProgressMode::Events => Display::Events,
            ProgressMode::None => Display::None,
        };
        Self {
            display,
            address_advice: String::new(),
            wait: None,
            is_unheard: Cell::new(false),
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
    pub fn begin(&mut self, total: u64, address_advice: String) {
        self.address_advice = address_advice;
        match &mut self.display {
            Display::Bars(bars) => bars.begin(total),
            Display::Events => self.write_event(What::Begin { to_send: total }),
            Display::Plain(_) | Display::None => {}
        }
    }

    /// Shows an event that has been counted.
    pub fn show(&mut self, event: &Event, tally: &Tally) {
        match self.display {
            Display::Events => self.write_event(What::of(event, tally)),
            Display::Bars(_) | Display::Plain(_) | Display::None => self.show_people(event, tally),
        }
    }

    fn show_people(&mut self, event: &Event, tally: &Tally) {
        match event {
            Event::Waiting { wait, cause } => {
                self.wait = Some(Wait {
                    until: ZonedDateTime::now().saturating_add(*wait),
                    cause: *cause,
                });
            }
            Event::Sent { .. } => self.wait = None,
            Event::Misdirected { answer } => {
                self.say(&messages::misdirected(answer, &self.address_advice));
            }
            Event::Exhausted { codes } => self.say(&messages::exhausted(codes)),
            Event::Stopping(stop) => {
                self.wait = None;
                if let Display::Bars(bars) = &mut self.display {
                    bars.stopping();
                }
                if tally.in_flight() > 0 {
                    self.say(&messages::stopping(stop, tally.in_flight()));
                }
            }
            Event::Answered { .. }
            | Event::Retrying { .. }
            | Event::Split { .. }
            | Event::Decided(_) => {}
        }
        self.tick(tally);
    }

    /// Brings the display up to date.
    pub fn tick(&mut self, tally: &Tally) {
        match &mut self.display {
            Display::Bars(bars) => bars.update(tally, self.wait.as_ref()),
            Display::Plain(plain) => {
                if let Some(line) = plain.update(tally, self.wait.as_ref()) {
                    self.write_line(&line);
                }
            }
            Display::Events | Display::None => {}
        }
    }

    /// Says something that is worth knowing, where progress is shown at all.
    pub fn tell(&self, text: &str) {
        if !matches!(self.display, Display::None) {
            self.say(text);
        }
    }

    /// Says something on lines of its own, whatever the display.
    pub fn say(&self, text: &str) {
        match self.display {
            Display::Events => self.say_unbroken(text),
            Display::Bars(_) | Display::Plain(_) | Display::None => {
                self.say_unbroken(&fitted(text, &Term::stderr()));
            }
        }
    }

    /// Says something that is to be copied, or that is laid out already.
    pub fn say_unbroken(&self, text: &str) {
        match &self.display {
            Display::Bars(bars) => bars.say(text),
            Display::Events => self.write_event(What::Message { text }),
            Display::Plain(_) | Display::None => self.write_line(text),
        }
    }

    /// Whether standard error has been closed at its other end: a run that nobody can watch is to be stopped.
    pub fn is_unheard(&self) -> bool {
        self.is_unheard.get()
    }

    fn write_event(&self, what: What<'_>) {
        self.write_line(&events::line(what));
    }

    fn write_line(&self, text: &str) {
        // A Ctrl-C that was typed stands at the beginning of the line.
        let begin = if stderr().is_terminal() { "\r" } else { "" };
        // At once, so that nobody else's line comes between it and its end.
        let written = stderr().write_all(format!("{begin}{text}\n").as_bytes());
        if written.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe) {
            self.is_unheard.set(true);
        }
    }

    /// Takes the display away.
    pub fn finish(&mut self) {
        if let Display::Bars(bars) = &mut self.display {
            bars.finish();
        }
    }

    /// Says why a run stopped, and what to do.
    pub fn stopped(&self, stop: &Stop) {
        self.say(&messages::stopped(stop));
    }

    /// Tells programs that it is over.
    pub fn end(&self, reports: &Path, exit_code: ExitCode) {
        if let Display::Events = self.display {
            self.write_event(What::End {
                report_dir: &reports.to_string_lossy(),
                exit_code: exit_code.number(),
            });
        }
    }
}

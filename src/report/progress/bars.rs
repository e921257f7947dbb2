//! Progress bars in a terminal.

use std::io::Read;
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::lookup_bar::LookupBar;
use super::messages;
use super::screen::StableScreen;
use super::wait::Wait;
use crate::humanize::count;
use crate::run::RunStats;

/// The least time between two updates.
const REFRESH: Duration = Duration::from_millis(50);

/// The most redraws a second.
const MAX_HZ: u8 = 20;

/// How often clocks and rates are redrawn without an event.
const TICK: Duration = Duration::from_millis(200);

const READING: &str = "reading  {wide_bar:.bold/dim} {binary_bytes}/{binary_total_bytes}";
const READING_UNKNOWN_SIZE: &str = "reading  {spinner} {binary_bytes}";
const USERS: &str = "users    {wide_bar:.bold/dim} {human_pos}/{human_len}  {speed}  {msg}";
const STOPPING: &str = "users    {wide_bar:.bold/dim} {human_pos}/{human_len}  stopping";
const BELOW: &str = "         {msg}";

pub struct Bars {
    all: MultiProgress,
    reading: Option<ProgressBar>,
    users: Option<UserBars>,
    refreshed: Option<Instant>,
}

struct UserBars {
    bar: ProgressBar,
    activity: ProgressBar,
    wait: ProgressBar,
}

impl Bars {
    pub fn new() -> Self {
        Self {
            all: MultiProgress::with_draw_target(ProgressDrawTarget::term_like_with_hz(
                Box::new(StableScreen::new(Term::buffered_stderr())),
                MAX_HZ,
            )),
            reading: None,
            users: None,
            refreshed: None,
        }
    }

    pub fn reading(
        &mut self,
        reader: Box<dyn Read + Send>,
        bytes: Option<u64>,
    ) -> Box<dyn Read + Send> {
        self.clear_reading();
        let bar = match bytes {
            Some(bytes) => ProgressBar::new(bytes).with_style(style(READING)),
            None => ProgressBar::new_spinner().with_style(style(READING_UNKNOWN_SIZE)),
        };
        let bar = self.all.add(bar);
        let reader = bar.wrap_read(reader);
        self.reading = Some(bar);
        Box::new(reader)
    }

    pub fn looking_up(&mut self, name: &str) -> LookupBar {
        self.clear_reading();
        let bar = self.all.add(ProgressBar::new(0));
        bar.enable_steady_tick(TICK);
        LookupBar::new(bar, name)
    }

    pub fn start_sending(&mut self, total: u64) {
        self.clear_reading();
        let bar = self.all.add(ProgressBar::new(total));
        bar.set_style(style(USERS));
        bar.enable_steady_tick(TICK);
        let line = || {
            let line = self.all.add(ProgressBar::new_spinner());
            line.set_style(style(BELOW));
            line
        };
        self.users = Some(UserBars {
            bar,
            activity: line(),
            wait: line(),
        });
    }

    pub fn update(&mut self, stats: &RunStats, wait: Option<&Wait>) {
        let Some(users) = &self.users else {
            return;
        };
        if self.refreshed.is_some_and(|last| last.elapsed() < REFRESH) {
            return;
        }
        self.refreshed = Some(Instant::now());
        users.bar.set_position(stats.decided);
        let left = users.bar.eta() + wait.map(Wait::left).unwrap_or_default();
        users.bar.set_message(messages::time_left(left, stats));
        users.activity.set_message(messages::activity(stats));
        let wait = wait.map(messages::waiting).unwrap_or_default();
        users.wait.set_message(wait);
    }

    /// Replaces the time left by `stopping`.
    pub fn stopping(&self) {
        if let Some(users) = &self.users {
            users.bar.set_style(style(STOPPING));
        }
    }

    pub fn message(&self, text: &str) {
        // Best effort: this fails only when the terminal is gone.
        let _ = self.all.println(text);
    }

    fn clear_reading(&mut self) {
        if let Some(bar) = self.reading.take() {
            bar.finish_and_clear();
        }
    }

    pub fn finish(&mut self) {
        self.clear_reading();
        if let Some(users) = &self.users {
            users.wait.finish_and_clear();
            users.activity.finish_and_clear();
            users.bar.finish_and_clear();
        }
    }
}

pub fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("the templates above are well-formed")
        .with_key(
            "speed",
            |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                // Writing to a string cannot fail.
                let _ = write!(out, "{}/s", count(state.per_sec() as u64));
            },
        )
        .progress_chars(progress_chars())
}

/// The older console of Windows shows lines two columns wide where its code page is Japanese, Chinese or Korean, so
/// bars would wrap there. Windows Terminal sets this variable, and shows them as every other terminal does.
fn progress_chars() -> &'static str {
    if cfg!(windows) && std::env::var_os("WT_SESSION").is_none() {
        "==-"
    } else {
        "━━─"
    }
}

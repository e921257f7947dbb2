//! A terminal whose cursor rests below the progress bars.
//!
//! indicatif leaves it at the end of the bars. There a typed Ctrl-C wraps to the next line and moves the bars, and the
//! prompt overwrites the bars of a killed program.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use console::Term;
use indicatif::TermLike;

/// The process is about to exit: nothing is drawn any more.
static IS_FROZEN: AtomicBool = AtomicBool::new(false);

/// Leaves the bars as they are: later output to standard error starts a new line and stays.
pub fn stop_drawing() {
    IS_FROZEN.store(true, Ordering::SeqCst);
    let terminal = Term::stderr();
    if terminal.is_term() {
        // Removes typed characters. Best effort: the terminal may be gone.
        let _ = terminal.clear_line();
    }
}

/// Prints the last text before the process exits.
pub fn print_final(text: &str) {
    stop_drawing();
    let _ = Term::stderr().write_line(text);
}

#[derive(Debug)]
pub struct StableScreen<T> {
    terminal: T,
    is_frozen: &'static AtomicBool,
    /// The current drawing has written something.
    has_written: AtomicBool,
    /// The cursor rests below the last line.
    is_below: AtomicBool,
}

impl<T: TermLike> StableScreen<T> {
    pub fn new(terminal: T) -> Self {
        Self {
            terminal,
            is_frozen: &IS_FROZEN,
            has_written: AtomicBool::new(false),
            is_below: AtomicBool::new(false),
        }
    }

    fn is_frozen(&self) -> bool {
        self.is_frozen.load(Ordering::SeqCst)
    }

    /// Moves the cursor back to the last line of the bars.
    fn return_to_bars(&self) -> io::Result<()> {
        if self.is_below.swap(false, Ordering::Relaxed) {
            self.terminal.clear_line()?;
            self.terminal.move_cursor_up(1)?;
        }
        Ok(())
    }
}

impl<T: TermLike> TermLike for StableScreen<T> {
    fn width(&self) -> u16 {
        self.terminal.width()
    }

    fn height(&self) -> u16 {
        // One line below the bars is reserved for the cursor.
        self.terminal.height().saturating_sub(1)
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        // Without lines there may be no bars to return to.
        if lines == 0 || self.is_frozen() {
            return Ok(());
        }
        self.return_to_bars()?;
        self.terminal.move_cursor_up(lines)
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        if lines == 0 || self.is_frozen() {
            return Ok(());
        }
        self.terminal.move_cursor_down(lines)
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        if self.is_frozen() {
            return Ok(());
        }
        self.terminal.move_cursor_right(columns)
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        if self.is_frozen() {
            return Ok(());
        }
        self.terminal.move_cursor_left(columns)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)?;
        if self.is_frozen() {
            return Ok(());
        }
        self.terminal.write_line("")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        if self.is_frozen() {
            return Ok(());
        }
        if text == "\r" {
            self.return_to_bars()?;
        } else if self.is_below.swap(false, Ordering::Relaxed) {
            // Without bars, this line replaces typed characters.
            self.terminal.clear_line()?;
        }
        self.has_written
            .fetch_or(!text.is_empty(), Ordering::Relaxed);
        self.terminal.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        if self.is_frozen() {
            return Ok(());
        }
        self.return_to_bars()?;
        self.terminal.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        if self.is_frozen() {
            return Ok(());
        }
        if self.has_written.swap(false, Ordering::Relaxed) {
            self.terminal.write_line("")?;
            self.is_below.store(true, Ordering::Relaxed);
        }
        self.terminal.flush()
    }
}

#[cfg(test)]
mod tests {
    use indicatif::{InMemoryTerm, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

    use super::*;

    /// Two lines of bars on a terminal of 40 columns.
    fn bars() -> (InMemoryTerm, MultiProgress, [ProgressBar; 2]) {
        // Not the flag of the process: other tests draw as well.
        bars_unless(Box::leak(Box::default()))
    }

    fn bars_unless(
        is_frozen: &'static AtomicBool,
    ) -> (InMemoryTerm, MultiProgress, [ProgressBar; 2]) {
        let terminal = InMemoryTerm::new(10, 40);
        let screen = Box::new(StableScreen {
            is_frozen,
            ..StableScreen::new(terminal.clone())
        });
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::term_like(screen));
        let bars = ["bar", "below it"].map(|message| {
            let bar = all.add(ProgressBar::new_spinner());
            bar.set_style(ProgressStyle::with_template("{msg}").unwrap());
            bar.set_message(message);
            bar
        });
        (terminal, all, bars)
    }

    fn draw(bars: &[ProgressBar; 2]) {
        for bar in bars {
            bar.tick();
        }
    }

    #[test]
    fn typing_below_bars_does_not_move_them() {
        let (terminal, all, bars) = bars();
        draw(&bars);
        assert_eq!(terminal.contents(), "bar\nbelow it");
        terminal.write_str("^C").unwrap();
        all.println("stopping").unwrap();
        draw(&bars);
        assert_eq!(terminal.contents(), "stopping\nbar\nbelow it");
    }

    #[test]
    fn output_after_a_killed_program_starts_a_line() {
        let (terminal, _all, bars) = bars();
        draw(&bars);
        terminal.write_str("$ ").unwrap();
        assert_eq!(terminal.contents(), "bar\nbelow it\n$");
    }

    #[test]
    fn messages_are_below_each_other_with_bars_and_without() {
        let (terminal, all, bars) = bars();
        all.println("one").unwrap();
        draw(&bars);
        all.println("two").unwrap();
        all.println("three").unwrap();
        for bar in &bars {
            bar.finish_and_clear();
        }
        all.println("four").unwrap();
        terminal.write_str("$ ").unwrap();
        assert_eq!(terminal.contents(), "one\ntwo\nthree\nfour\n$");
    }

    #[test]
    fn nothing_is_drawn_over_the_last_text() {
        let is_frozen: &AtomicBool = Box::leak(Box::default());
        let (terminal, all, bars) = bars_unless(is_frozen);
        draw(&bars);
        is_frozen.store(true, Ordering::SeqCst);
        terminal.write_str("last text").unwrap();
        draw(&bars);
        all.println("more").unwrap();
        bars[0].finish_and_clear();
        assert_eq!(terminal.contents(), "bar\nbelow it\nlast text");
    }
}

//! The signals that end the program: before a run at once; in a run the first in good order, the second at once.

use std::io;
use std::thread;

use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use crate::exit_code::ExitCode;

/// Listens from now on: the first signal cancels `interrupt`; the second calls `print_final` and ends the process, even
/// if other threads are stuck.
///
/// # Errors
/// When the system does not let the process listen.
pub fn install(
    interrupt: CancellationToken,
    print_final: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    listen(async move |mut signals| {
        signals.next().await;
        interrupt.cancel();
        signals.next().await;
        print_final();
        std::process::exit(i32::from(ExitCode::Interrupted.number()));
    })
}

/// Starts a thread that handles signals.
fn listen<F: Future<Output = ()>>(
    handle: impl FnOnce(Signals) -> F + Send + 'static,
) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let signals = {
        let _guard = runtime.enter();
        Signals::new()?
    };
    let thread = thread::Builder::new().name("signals".to_owned());
    thread.spawn(move || runtime.block_on(handle(signals)))?;
    Ok(())
}

/// Until it is dropped, the first signal ends the process.
pub struct ExitOnSignal(CancellationToken);

impl ExitOnSignal {
    /// Listens from now on. `print_final` is called before the process ends.
    ///
    /// # Errors
    /// When the system does not let the process listen.
    pub fn install(print_final: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let dropped = CancellationToken::new();
        let cancelled = dropped.clone().cancelled_owned();
        listen(async move |mut signals| {
            tokio::select! {
                () = signals.next() => {
                    print_final();
                    std::process::exit(i32::from(ExitCode::Interrupted.number()));
                }
                () = cancelled => {}
            }
        })?;
        Ok(Self(dropped))
    }
}

impl Drop for ExitOnSignal {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Lets a write beyond the file-size limit (`ulimit -f`) fail with an error. Without a handler, SIGXFSZ ends the
/// process.
///
/// # Errors
/// When the handler cannot be installed.
#[cfg(unix)]
pub fn survive_file_size_limit() -> io::Result<()> {
    use rustix::process::Signal;
    use tokio::signal::unix::{SignalKind, signal};

    let runtime = Builder::new_current_thread().enable_io().build()?;
    let _guard = runtime.enter();
    // The handler stays for the life of the process; the signal itself is not waited for.
    signal(SignalKind::from_raw(Signal::XFSZ.as_raw())).map(drop)
}

#[cfg(not(unix))]
pub fn survive_file_size_limit() -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals {
    ctrl_c: tokio::signal::windows::CtrlC,
    ctrl_break: tokio::signal::windows::CtrlBreak,
    close: tokio::signal::windows::CtrlClose,
}

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close};
        Ok(Self {
            ctrl_c: ctrl_c()?,
            ctrl_break: ctrl_break()?,
            close: ctrl_close()?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.ctrl_c.recv() => {}
            _ = self.ctrl_break.recv() => {}
            _ = self.close.recv() => {}
        }
    }
}

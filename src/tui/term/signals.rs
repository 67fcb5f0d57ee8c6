//! Signals as events, on a thread of their own, and the promise that a terminated program does end.

use super::Event;
use std::io;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How long the program may take to end in good order before it is ended.
const GRACE: Duration = Duration::from_secs(3);

/// Starts the thread; `send` returns false when nobody listens any more. After SIGHUP, SIGTERM, SIGINT or SIGQUIT the
/// program has three seconds: then the terminal is given back and the process exits with 128 + signal.
///
/// # Errors
/// If the thread or the handlers cannot be set up.
pub fn spawn(send: impl Fn(Event) -> bool + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (ready, set_up) = std::sync::mpsc::sync_channel(1);
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        if let Err(e) = runtime.block_on(watch(send, &ready)) {
            let _ = ready.send(Err(e));
        }
    })?;
    set_up.recv().unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))
}

async fn watch(send: impl Fn(Event) -> bool, ready: &std::sync::mpsc::SyncSender<io::Result<()>>) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut quit = signal(SignalKind::quit())?;
    let mut stop = signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?;
    let mut cont = signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?;
    let _ = ready.send(Ok(()));
    loop {
        let (event, number) = tokio::select! {
            _ = hangup.recv() => (Event::Hangup, 1),
            _ = interrupt.recv() => (Event::Terminate(2), 2),
            _ = quit.recv() => (Event::Terminate(3), 3),
            _ = terminate.recv() => (Event::Terminate(15), 15),
            _ = stop.recv() => (Event::Suspend, 0),
            _ = cont.recv() => (Event::Resumed, 0),
        };
        if !send(event) && number == 0 {
            return Ok(());
        }
        if number > 0 {
            tokio::time::sleep(GRACE).await;
            tracing::warn!("still running {GRACE:?} after signal {number}: ending");
            super::guard::restore();
            std::process::exit(128 + number);
        }
    }
}

//! The end of a verb that asks Ansible and waits: whoever ends it ends what it asked, too, which has a process group of its
//! own and would stay where it hangs.

use crate::inventory::ask;
use tokio::signal::unix::{SignalKind, signal};

/// From now on SIGTERM and SIGINT end the inventory's programs first, then this process.
pub fn take_children_along() {
    std::thread::spawn(|| {
        if let Err(e) = wait() {
            tracing::warn!("an inventory that hangs outlives this process: {e}");
        }
    });
}

fn wait() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let number = runtime.block_on(async {
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        std::io::Result::Ok(tokio::select! {
            _ = term.recv() => SignalKind::terminate().as_raw_value(),
            _ = int.recv() => SignalKind::interrupt().as_raw_value(),
        })
    })?;
    ask::end_all();
    std::process::exit(128 + number);
}

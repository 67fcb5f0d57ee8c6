//! The machine's name services, asked through `getent`: one that hangs is ended, and not asked the same again for a while.

use crate::state::{Answer, Identity, child};
use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a name service may take.
const LIMIT: Duration = Duration::from_millis(300);
/// How long one that gave no answer is not asked the same again.
const SPARED: Duration = Duration::from_secs(60);

/// What a name service said to a question, and when.
type Said = HashMap<(String, String), (Instant, Option<String>)>;

/// What it says of a key in a database; `None`: nothing, there is no such program, or it took too long.
pub(super) fn ask_getent(database: &str, key: &str) -> Option<String> {
    static SAID: Mutex<Option<Said>> = Mutex::new(None);
    let said = || SAID.lock().unwrap_or_else(PoisonError::into_inner);
    let question = (database.to_owned(), key.to_owned());
    let known = said().get_or_insert_default().get(&question).cloned();
    if let Some((_, answer)) = known.filter(|(at, answer)| answer.is_some() || at.elapsed() < SPARED) {
        return answer;
    }
    let answer = getent(database, key);
    said().get_or_insert_default().insert(question, (Instant::now(), answer.clone()));
    answer
}

/// Its answer; `None`: it has none, there is no such program, or it took too long.
fn getent(database: &str, key: &str) -> Option<String> {
    // an absolute path: a `getent` in the operator's own PATH must not choose the name that the ledger records
    let mut getent = Command::new("/usr/bin/getent");
    getent.args([database, key]).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = child::spawn(&mut getent).ok()?;
    let ended = Identity::of(child.id()).is_none_or(|process| process.gone_within(LIMIT) == Answer::Yes);
    if !ended {
        let killed = child.kill();
        tracing::warn!("getent {database} {key} took longer than {LIMIT:?} and was ended: {killed:?}");
        // One that waits for a disk cannot even be killed at once: whoever reaps it waits, not whoever asked.
        std::thread::spawn(move || child.wait());
        return None;
    }
    let output = child.wait_with_output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

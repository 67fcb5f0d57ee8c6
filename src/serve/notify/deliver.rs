//! The thread of one receiver: brings what is due, the gravest and newest first, tries again what was not taken, refreshes
//! what still holds. It waits for nobody else, and holds up no other receiver; one that takes nothing is left alone for a
//! while, and hears of what matters most then.

use super::alertmanager;
use super::message::{Message, Phase};
use super::send;
use crate::project::config::notify::{Receiver, Target, Via};
use crate::state::outbox::{OutboxRow, Standing};
use crate::state::{Control, DbError, StateDir};
use std::cmp::Reverse;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// It is looked so often at what is due.
const LOOK: Duration = Duration::from_millis(500);
/// The first wait after a failure, and the longest (milliseconds).
const WAIT: (i64, i64) = (2_000, 300_000);
/// A receiver is left alone no longer than this: a page that comes meanwhile is not old then.
const LONGEST: Duration = Duration::from_secs(15);
/// A notice that nobody took for so long has failed (milliseconds): a day.
pub const EXPIRES: i64 = 24 * 3_600_000;

/// A notice that is due, or why it cannot be read, and where it stands.
type Due = (Result<Message, String>, OutboxRow);

/// One receiver of one environment.
#[derive(Debug, Clone)]
pub struct Deliverer {
    pub state: StateDir,
    pub root: PathBuf,
    pub scope: String,
    pub receiver: Receiver,
}

impl Deliverer {
    /// Works until the other end of `stopped` is gone.
    pub fn run(&self, stopped: &mpsc::Receiver<()>) {
        let (mut failed, mut kept, mut rest) = (String::new(), None::<Control>, Rest::default());
        loop {
            // Opened once; anew when it was put aside, or after a failure.
            let control =
                kept.take().filter(|control| control.is_in_place()).map_or_else(|| Control::open(&self.state), Ok);
            match control.and_then(|control| self.round(&control, &mut rest, stopped).map(|()| control)) {
                Ok(control) => {
                    kept = Some(control);
                    failed.clear();
                }
                Err(e) if e.to_string() != failed => {
                    failed = e.to_string();
                    tracing::error!("{}: its notices cannot be read: {failed}", self.receiver.name);
                }
                Err(_) => {}
            }
            if !matches!(stopped.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout)) {
                return;
            }
        }
    }

    fn round(&self, control: &Control, rest: &mut Rest, stopped: &mpsc::Receiver<()>) -> Result<(), DbError> {
        control.in_step()?;
        let mut again = true;
        while std::mem::take(&mut again) && !rest.holds() {
            for (message, row) in self.due(control)? {
                if matches!(stopped.try_recv(), Err(mpsc::TryRecvError::Disconnected)) {
                    return Ok(());
                }
                let began = Instant::now();
                if !self.one(control, message, &row, rest)? {
                    break;
                }
                // Something that matters more may have come meanwhile.
                again = began.elapsed() >= LOOK;
                if again {
                    break;
                }
            }
        }
        match &self.receiver.via {
            Via::Alertmanager(target) if !rest.holds() => self.refresh(control, target),
            _ => Ok(()),
        }
    }

    /// What is due, the gravest first, of these the newest.
    fn due(&self, control: &Control) -> Result<Vec<Due>, DbError> {
        let rows = control.due_notices(&self.scope, &self.receiver.name, crate::serve::facts::now())?.into_iter();
        let read = |row: OutboxRow| {
            let message = serde_json::from_str::<Message>(&row.body).map_err(|e| format!("it cannot be read: {e}"));
            (message, row)
        };
        let mut due: Vec<Due> = rows.map(read).collect();
        due.sort_by_key(|(message, _)| Reverse(message.as_ref().ok().map(|message| message.severity)));
        Ok(due)
    }

    /// Brings one, and notes how that went. False: it was not taken.
    fn one(
        &self,
        control: &Control,
        message: Result<Message, String>,
        row: &OutboxRow,
        rest: &mut Rest,
    ) -> Result<bool, DbError> {
        let name = &self.receiver.name;
        // What cannot be read says nothing of the receiver.
        let is_brought = message.is_ok();
        let done = message.and_then(|message| self.bring(control, &message).map(|()| message));
        if is_brought {
            rest.went(done.is_ok());
        }
        let now = crate::serve::facts::now();
        match done {
            Ok(message) => {
                control.alone(|| {
                    if let Via::Alertmanager(_) = self.receiver.via {
                        let body = (message.phase == Phase::Firing).then_some(row.body.as_str());
                        control.set_firing((&self.scope, name, &row.about), body, now)?;
                    }
                    control.notice_tried(row.id, Standing::Sent, None, now)
                })?;
                Ok(true)
            }
            Err(why) if now - row.created_at >= EXPIRES => {
                tracing::error!("{name}: notice {} was never taken and is given up: {why}", row.key);
                control.notice_tried(row.id, Standing::Failed, Some(&why), now).map(|()| false)
            }
            Err(why) => {
                let next = wait(row.attempts);
                if row.attempts == 0 {
                    tracing::warn!("{name}: notice {} was not taken, and is tried again: {why}", row.key);
                }
                control.notice_tried(row.id, Standing::Pending, Some(&why), now + next).map(|()| false)
            }
        }
    }

    fn bring(&self, control: &Control, message: &Message) -> Result<(), String> {
        // What it says is the same in every try: receivers tell repetitions by it.
        let body = || serde_json::to_string(message).map_err(|e| e.to_string());
        match &self.receiver.via {
            Via::Alertmanager(target) => {
                let holds = control.firing(&self.scope, &self.receiver.name).map_err(|e| e.to_string())?;
                let holds = holds.iter().find(|(about, ..)| *about == message.about);
                let holds = holds.and_then(|(_, body, _)| serde_json::from_str(body).ok());
                let alerts = alertmanager::alerts(message, holds.as_ref(), crate::serve::facts::now());
                if alerts.is_empty() { Ok(()) } else { self.alert(target, &alerts) }
            }
            Via::Webhook(target) => send::post(&self.root, target, "", Some(&message.key), body()?),
            Via::Command(argv) => send::program(&self.root, argv, &body()?),
            Via::Screen => Ok(()),
        }
    }

    fn alert(&self, target: &Target, alerts: &[serde_json::Value]) -> Result<(), String> {
        let body = serde_json::to_string(alerts).map_err(|e| e.to_string())?;
        send::post(&self.root, target, "/api/v2/alerts", None, body)
    }

    /// What holds is said again before it would end by itself. A failure is no matter: it is tried again in a moment.
    fn refresh(&self, control: &Control, target: &Target) -> Result<(), DbError> {
        let now = crate::serve::facts::now();
        let due = control.firing(&self.scope, &self.receiver.name)?.into_iter();
        let due = due.filter(|(_, _, told)| now - told >= alertmanager::REFRESH);
        let due = due.filter_map(|(about, body, _)| Some((about, serde_json::from_str::<Message>(&body).ok()?, body)));
        let due: Vec<(String, Message, String)> = due.collect();
        if due.is_empty() {
            return Ok(());
        }
        let alerts: Vec<_> = due.iter().map(|(_, message, _)| alertmanager::again(message, now)).collect();
        let taken = self.alert(target, &alerts);
        if let Err(why) = &taken {
            tracing::debug!("{}: what holds could not be said again: {why}", self.receiver.name);
        }
        // Told or not: the next try is not in the next moment.
        let at = if taken.is_ok() { now } else { now - alertmanager::REFRESH + WAIT.0 * 5 };
        control.alone(|| {
            due.iter().try_for_each(|(about, _, body)| {
                control.set_firing((&self.scope, &self.receiver.name, about), Some(body), at)
            })
        })
    }
}

/// How long the receiver is left alone: by how often in a row it took nothing.
#[derive(Debug, Default)]
struct Rest {
    failures: u32,
    until: Option<Instant>,
}

impl Rest {
    fn holds(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() < until)
    }

    fn went(&mut self, well: bool) {
        let wait = || Duration::from_millis(wait(self.failures).unsigned_abs()).min(LONGEST);
        self.until = (!well).then(|| Instant::now() + wait());
        self.failures = if well { 0 } else { self.failures.saturating_add(1) };
    }
}

/// How long to wait after so many failures before: twice as long each time, half of it by chance.
fn wait(attempts: u32) -> i64 {
    let longest = WAIT.0.saturating_mul(1 << attempts.min(16)).min(WAIT.1);
    let chance = (Uuid::now_v7().as_u128() & 0xffff) as i64;
    longest / 2 + longest / 2 * chance / 0xffff
}

#[cfg(test)]
#[path = "deliver_tests.rs"]
mod tests;

//! The helpers of this process: one for each set of sources, started when it is first needed, let go when nobody has asked it
//! for a while.

use super::AskError;
use super::helper::{Helper, PROGRAM, Patience};
use super::python;
use crate::project::cfg::Env;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

/// One that nobody has asked for so long ends.
const IDLE: Duration = Duration::from_secs(600);
/// How often it is looked for those.
const SWEEP: Duration = Duration::from_secs(30);
/// How often somebody looks whether another's question is answered.
const TICK: Duration = Duration::from_millis(5);

/// What one helper answers for.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    pub root: PathBuf,
    pub sources: Vec<String>,
    pub env: Env,
}

#[derive(Debug, Default)]
struct Seat {
    helper: Option<Helper>,
    asked: Option<Instant>,
}

type Seats = Vec<(Key, Arc<Mutex<Seat>>)>;

static SEATS: Mutex<Seats> = Mutex::new(Vec::new());

fn seats() -> MutexGuard<'static, Seats> {
    SEATS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks the helper of these sources; starts it where there is none.
///
/// # Errors
/// There is no answer, and why.
pub fn ask(key: &Key, question: &str, patience: Patience<'_>) -> Result<String, AskError> {
    sweep();
    let seat = {
        let mut seats = seats();
        let known = seats.iter().find(|(known, _)| known == key).map(|(_, seat)| Arc::clone(seat));
        known.unwrap_or_else(|| {
            let seat = Arc::new(Mutex::new(Seat::default()));
            seats.push((key.clone(), Arc::clone(&seat)));
            seat
        })
    };
    let mut seat = take(&seat, patience)?;
    seat.asked = Some(Instant::now());
    // What has ended since, or reads its configuration only once, is begun anew.
    if let Some(mut helper) = seat.helper.take() {
        match helper.ask(question, patience) {
            Ok(answer) if !begins_anew(&answer) => {
                seat.helper = Some(helper);
                return Ok(answer);
            }
            Ok(_) | Err(AskError::Failed { .. }) => {}
            Err(e) => return Err(e),
        }
    }
    let start = |error| AskError::Start { program: PROGRAM, error };
    let mut helper = Helper::start(python::command(&key.root, &key.env)?).map_err(start)?;
    let answer = helper.ask(question, patience)?;
    seat.helper = Some(helper);
    Ok(answer)
}

fn begins_anew(answer: &str) -> bool {
    answer.len() < 100 && answer.contains("\"again\": true")
}

fn take<'a>(seat: &'a Mutex<Seat>, patience: Patience<'_>) -> Result<MutexGuard<'a, Seat>, AskError> {
    loop {
        match seat.try_lock() {
            Ok(seat) => return Ok(seat),
            Err(TryLockError::Poisoned(seat)) => return Ok(seat.into_inner()),
            Err(TryLockError::WouldBlock) => {
                patience.check()?;
                thread::sleep(TICK);
            }
        }
    }
}

/// Lets go of those that nobody needs any more, for as long as this process lives.
fn sweep() {
    static BEGUN: Once = Once::new();
    let idle = |seat: &Arc<Mutex<Seat>>| {
        let free = seat.try_lock();
        free.is_ok_and(|seat| seat.asked.is_none_or(|at| at.elapsed() > IDLE)) && Arc::strong_count(seat) == 1
    };
    BEGUN.call_once(|| {
        thread::spawn(move || {
            loop {
                thread::sleep(SWEEP);
                let gone: Seats = seats().extract_if(.., |(_, seat)| idle(seat)).collect();
                drop(gone);
            }
        });
    });
}

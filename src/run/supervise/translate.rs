//! From the callback's events to the journal's: one line in, one event out, so that the place of the last event in the
//! journal says exactly where to go on. What is missing between two lines is told before the second one. Pure.

use crate::ansible::event::{CallbackEvent, HostResult, Outcome, What};
use crate::run::event::{Event, LOST, Source, Status};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// Characters of a failure's message that the journal keeps; the whole result is in `events.jsonl`.
const MESSAGE: usize = 300;

/// What the callback says of lines that it could not write: their numbers are missing, too.
const UNWRITTEN: &str = "the event file could not be written";
/// Name of a task of which only results came.
const NAMELESS: &str = "a task whose beginning was lost";

/// What one line came to.
#[derive(Debug)]
pub struct Translated<'a> {
    /// What is to be told first: that lines are missing, and a task that nobody announced.
    pub before: [Option<Event<'a>>; 2],
    pub event: Event<'a>,
}

/// Translates the events of one step.
#[derive(Debug, Default)]
pub struct Translator {
    /// The run's number of each task of this step, by the callback's own: it counts from 0 in each, and steps interleave.
    tasks: BTreeMap<u32, u32>,
    /// The callback's number of the last event; `None`: none was seen yet.
    last: Option<u64>,
    /// Events that were told as lost and of which the callback may tell once more.
    told: u64,
    /// When a host began a task, on a clock that never jumps.
    starts: HashMap<(u32, Box<str>), u64>,
}

impl Translator {
    /// For a step of which these tasks (the callback's number, the run's number) are in the journal.
    pub fn new(tasks: BTreeMap<u32, u32>) -> Self {
        Self { tasks, last: None, told: 0, starts: HashMap::new() }
    }

    /// An event could not be read, and is told of as such: it is no gap.
    pub fn lost(&mut self) {
        self.last = self.last.map(|last| last + 1);
        self.told += 1;
    }

    /// The journal's event for a callback's event. `next` is the number that the run's next task will have.
    pub fn event<'a>(&mut self, event: CallbackEvent<'a>, next: u32, src: Source) -> Translated<'a> {
        let gap = self.last.map_or(0, |last| event.n.saturating_sub(last + 1));
        self.last = Some(event.n);
        self.told += gap;
        let why = || "lines of events.jsonl are missing".to_owned();
        let gap = (gap > 0).then(|| Event::Dropped { count: gap, why: why(), src: None });
        let unknown = event.what.of_task().filter(|number| !self.tasks.contains_key(number));
        let nameless = unknown.map(|number| {
            self.tasks.insert(number, next);
            let (name, action) = (NAMELESS.into(), "".into());
            Event::Task { n: Some(number), name, action, handler: false, path: None, src: Source { len: 0, ..src } }
        });
        Translated { before: [gap, nameless], event: self.one(event, next, src) }
    }

    fn one<'a>(&mut self, event: CallbackEvent<'a>, next: u32, src: Source) -> Event<'a> {
        let at = event.m;
        match event.what {
            What::Hello(hello) => Event::Hello { core: hello.core, src },
            What::Plan(plays) => {
                // A play that nobody can count makes the whole unknown: a total without it would be too small.
                let counted = plays.into_iter().map(|p| Some((p.name.into_owned(), p.tasks?)));
                Event::Plan { plays: counted.collect::<Option<_>>().unwrap_or_default(), src }
            }
            What::Play { name, hosts, of, .. } => {
                Event::Play { name, hosts: hosts.into_iter().map(Cow::into_owned).collect(), of, src }
            }
            What::Task(t) => {
                self.tasks.insert(t.number, next);
                Event::Task { n: Some(t.number), name: t.name, action: t.action, handler: t.handler, path: t.path, src }
            }
            What::Start { task, host } => match self.task(task) {
                Some(t) => {
                    self.starts.insert((t, host.as_ref().into()), at);
                    Event::Start { t, h: host, src }
                }
                None => note("start", None, Some(host), None, src),
            },
            What::Result(outcome, r) => self.result(outcome, r, at, src),
            What::Item(outcome, r) => {
                let kind = match outcome {
                    Outcome::Failed | Outcome::Unreachable => "item_failed",
                    Outcome::Skipped => "item_skipped",
                    _ => "item_ok",
                };
                self.note(kind.into(), r, src)
            }
            What::Lost(r) => {
                let msg = r.message().map(|m| Cow::Owned(one_line(&m)));
                let t = self.task(r.task);
                note(LOST, t, Some(r.host), msg, src)
            }
            What::Retry(r) => self.note("retry".into(), r, src),
            What::Async(kind, r) => self.note(kind, r, src),
            What::Include { file, .. } => note("include", None, None, Some(file), src),
            What::Notify { handler, host } => note("notify", None, Some(host), Some(handler), src),
            What::NoHostsMatched => note("no_hosts_matched", None, None, None, src),
            What::NoHostsRemaining => note("no_hosts_remaining", None, None, None, src),
            What::VarsPrompt { name, .. } => note("vars_prompt", None, None, Some(name), src),
            What::Stats(hosts) => {
                let hosts = hosts.into_iter().map(|(host, tally)| (host.into_owned(), tally));
                Event::Stats { hosts: hosts.collect(), src }
            }
            What::Stopped => note("stopped", None, None, None, src),
            What::Interrupted { signal } => note("interrupted", None, None, Some(signal.to_string().into()), src),
            What::Dropped { count, why } => {
                let told = if why == UNWRITTEN { std::mem::take(&mut self.told) } else { 0 };
                Event::Dropped { count: count.saturating_sub(told), why: why.into_owned(), src: Some(src) }
            }
            What::Unknown(kind) => Event::Note { k: kind, t: None, h: None, msg: None, src },
        }
    }

    // Unknown for one that was never announced, or whose announcement could not be read.
    fn task(&self, number: Option<u32>) -> Option<u32> {
        self.tasks.get(&number?).copied()
    }

    fn result<'a>(&mut self, outcome: Outcome, r: HostResult<'a>, at: u64, src: Source) -> Event<'a> {
        let Some(t) = self.task(r.task) else { return self.note("result".into(), r, src) };
        let began = self.starts.remove(&(t, r.host.as_ref().into()));
        let s = match outcome {
            Outcome::Ok => Status::Ok,
            Outcome::Changed => Status::Changed,
            Outcome::Failed => Status::Failed,
            Outcome::Unreachable => Status::Unreachable,
            Outcome::Skipped => Status::Skipped,
        };
        let failed = matches!(s, Status::Failed | Status::Unreachable);
        let msg = if failed { r.message().map(|m| Cow::Owned(one_line(&m))) } else { None };
        let ms = began.map(|b| at.saturating_sub(b));
        Event::Result { t, h: r.host, s, ig: r.ignored, diff: r.diff, ms, msg, src }
    }

    fn note<'a>(&self, k: Cow<'a, str>, r: HostResult<'a>, src: Source) -> Event<'a> {
        Event::Note { k, t: self.task(r.task), h: Some(r.host), msg: r.item, src }
    }
}

fn note<'a>(k: &'a str, t: Option<u32>, h: Option<Cow<'a, str>>, msg: Option<Cow<'a, str>>, src: Source) -> Event<'a> {
    Event::Note { k: k.into(), t, h, msg, src }
}

/// Safe for a terminal, on one line, cut.
pub fn one_line(text: &str) -> String {
    let safe = crate::text::plain(text);
    let mut line = String::new();
    for word in safe.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > MESSAGE * 4 {
            break;
        }
    }
    match line.char_indices().nth(MESSAGE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ansible::event::decode;

    #[test]
    fn a_play_that_cannot_be_counted_makes_the_plan_unknown() {
        let src = Source { step: 1, off: 0, len: 0 };
        let plan = |tasks: &str| {
            let line = format!(
                r#"{{"n":2,"t":1,"m":1,"e":"plan","plays":[{{"name":"a","hosts":"all","tasks":3}},{{"name":"b","hosts":"all","tasks":{tasks}}}]}}"#
            );
            match Translator::default().event(decode(line.as_bytes()).unwrap(), 0, src).event {
                Event::Plan { plays, .. } => plays,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(plan("2"), [("a".to_owned(), 3), ("b".to_owned(), 2)]);
        assert_eq!(plan("null"), []);
    }

    #[test]
    fn a_host_of_which_nobody_knows_is_unknown_and_stays_among_the_running() {
        let mut state = crate::run::RunState::default();
        let mut translator = Translator::default();
        let lines = [
            r#"{"n":1,"t":1,"m":1,"e":"play","name":"p","hosts":["w1"]}"#,
            r#"{"n":2,"t":1,"m":1,"e":"task","k":0,"name":"a","action":"opsdeck.ssh"}"#,
            r#"{"n":3,"t":1,"m":1,"e":"start","k":0,"h":"w1"}"#,
            r#"{"n":4,"t":2,"m":9,"e":"lost","k":0,"h":"w1","r":{"msg":"the connection was lost"}}"#,
        ];
        for (n, line) in lines.iter().enumerate() {
            let src = Source { step: 1, off: n as u64, len: 9 };
            let event = translator.event(decode(line.as_bytes()).unwrap(), state.tasks.len() as u32, src).event;
            state.apply(&crate::run::Entry { seq: n as u64 + 1, ts: 1, event });
        }
        let cell = state.tasks[0].cell(0);
        assert_eq!(
            (cell.status, cell.off, state.tasks[0].counts.running),
            (crate::run::state::CellStatus::Unknown, 3, 0)
        );
        assert_eq!(state.hosts_running(), ["w1"]);
        assert_eq!(state.hosts[0].failed, Some((0, "the connection was lost".to_owned())));
    }

    #[test]
    fn steps_that_interleave_number_their_tasks_in_the_run() {
        let (mut one, mut two) = (Translator::default(), Translator::new([(0, 1)].into()));
        let src = Source { step: 1, off: 0, len: 0 };
        let task = br#"{"n":4,"t":1,"m":1,"e":"task","k":0,"name":"a","action":"ping"}"#;
        let second = br#"{"n":5,"t":1,"m":1,"e":"task","k":1,"name":"b","action":"ping"}"#;
        let start = |k: u32| format!(r#"{{"n":6,"t":1,"m":1,"e":"start","k":{k},"h":"w1"}}"#);
        let number = |translator: &mut Translator, k: u32| match translator
            .event(decode(start(k).as_bytes()).unwrap(), 9, src)
            .event
        {
            Event::Start { t, .. } => Some(t),
            _ => None,
        };
        one.event(decode(task).unwrap(), 0, src);
        two.event(decode(second).unwrap(), 2, src);
        one.event(decode(second).unwrap(), 3, src);
        assert_eq!([number(&mut one, 0), number(&mut one, 1)], [Some(0), Some(3)]);
        assert_eq!([number(&mut two, 0), number(&mut two, 1)], [Some(1), Some(2)], "what the journal had, and its own");
    }

    #[test]
    fn a_lost_line_is_told_and_moves_no_result_to_another_task() {
        let mut state = crate::run::RunState::default();
        let mut translator = Translator::default();
        let lines = [
            r#"{"n":1,"t":1,"m":1,"e":"play","name":"p","hosts":["w1","w2"]}"#,
            r#"{"n":2,"t":1,"m":1,"e":"task","k":0,"name":"a","action":"ping"}"#,
            // The task's own line (n 3) and a start (n 4) are lost.
            r#"{"n":5,"t":1,"m":1,"e":"start","k":1,"h":"w2"}"#,
            "torn",
            r#"{"n":7,"t":2,"m":9,"e":"failed","k":1,"h":"w2","r":{"msg":"no"}}"#,
            r#"{"n":8,"t":2,"m":9,"e":"task","k":2,"name":"c","action":"ping"}"#,
            r#"{"n":9,"t":2,"m":9,"e":"start","k":2,"h":"w1"}"#,
        ];
        let mut kept = BTreeMap::new();
        for (at, line) in lines.iter().enumerate() {
            // Every supervisor begins with what the journal has.
            if at == 4 {
                translator = Translator { last: translator.last, ..Translator::new(std::mem::take(&mut kept)) };
            }
            let src = Source { step: 1, off: at as u64, len: 1 };
            let Ok(event) = decode(line.as_bytes()) else {
                translator.lost();
                continue;
            };
            let Translated { before, event } = translator.event(event, state.tasks.len() as u32, src);
            for event in before.into_iter().flatten().chain([event]) {
                if let Event::Task { n: Some(n), .. } = &event {
                    kept.insert(*n, state.tasks.len() as u32);
                }
                state.apply(&crate::run::Entry { seq: state.seq + 1, ts: 1, event });
            }
        }
        let names: Vec<&str> = state.tasks.iter().map(|task| task.name.as_str()).collect();
        assert_eq!(names, ["a", NAMELESS, "c"]);
        assert_eq!(state.tasks.iter().map(|task| task.counts.failed).collect::<Vec<_>>(), [0, 1, 0]);
        assert_eq!(state.hosts_running(), ["w1"], "what may still run is known");
        assert_eq!(state.dropped, 2, "the torn line is counted where it is read");
    }
}

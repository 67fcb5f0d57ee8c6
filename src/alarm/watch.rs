//! Reads what the alarm is about from the state directory. What changes only when somebody writes is read again only then; what
//! time changes is worked out anew at every look. Blocking: no thread that draws or must hear "stop" calls it.

use super::{Escalated, Facts, Fires, Hands, Needs, Post, Waits};
use crate::health::judge::is_ahead;
use crate::health::store::{LEASE, Poller, Store};
use crate::open;
use crate::project::config::notify::Receiver;
use crate::project::config::recovery::{Mode, Policy};
use crate::project::{Project, scope};
use crate::recovery;
use crate::recovery::incident::State;
use crate::release::outcome::{NEEDS_PERSON, exit_code};
use crate::release::state::At;
use crate::release::supervise::KIND;
use crate::release::watch::Watched;
use crate::state::alerts::AlertRow;
use crate::state::beats::{self, Beat};
use crate::state::outbox::Backlog;
use crate::state::recovery::Switch;
use crate::state::{Access, Answer, Control, DbError, Index, Lock, RunRow, StateDir, file};
use crate::text::plain;
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io;
use uuid::Uuid;

/// Whoever acts does a round every two seconds: after so many milliseconds without one it acts no more.
const SILENT: i64 = 30_000;
/// A round that was done once, by a timer, holds for so long (milliseconds).
const ONCE: i64 = 600_000;
/// A notice that waits for so long is stuck (milliseconds).
const STUCK: i64 = 60_000;
/// A notice is tried for a day; that it was given up is said for another one (milliseconds).
const GIVEN_UP: i64 = 2 * 24 * 3_600_000;
/// What changed by time alone is seen after so many milliseconds.
const AGE: i64 = 10_000;
/// Labels by which an alert says how grave it is, and the words that call for somebody at once.
const SEVERITY: (&[&str], &[&str]) = (&["severity", "priority"], &["critical", "page", "emergency", "p1"]);

/// What is looked at again and again.
#[derive(Debug)]
pub struct Watch {
    state: StateDir,
    sites: Vec<Site>,
    /// Kept open: only an open connection hears that others wrote.
    control: Option<(Control, i64)>,
    index: Option<(Index, i64)>,
    decided: Decided,
    listed: Listed,
    /// Paused releases that were looked at: why they pause, and whether that is for a person to end.
    pauses: HashMap<Uuid, (Option<String>, bool)>,
    /// Who was seen to poll last, and when, one a site: whoever ends in good order leaves no word of it.
    polled: Vec<Option<(String, i64)>>,
}

/// An environment, and who should be there.
#[derive(Debug)]
struct Site {
    environment: String,
    scope: String,
    /// Policies in `act`.
    policies: Vec<String>,
    receiver: bool,
}

#[derive(Debug, Default)]
struct Decided {
    escalated: Vec<Escalated>,
    alerts: Vec<Fires>,
    switches: Vec<Switch>,
    undelivered: Vec<Backlog>,
    /// When that was asked (Unix milliseconds).
    at: i64,
}

#[derive(Debug, Default)]
struct Listed {
    releases: Vec<RunRow>,
    hands: Vec<Rows>,
}

#[derive(Debug, Default)]
struct Rows {
    poller: Option<Poller>,
    beat: Option<Beat>,
    once: Option<Beat>,
}

impl Watch {
    /// Of the environments of a project. Opens nothing yet.
    pub fn new(state: &StateDir, project: &Project) -> Watch {
        let sites = project.environments.iter().map(|env| {
            let acts = |p: &&Policy| p.mode == Mode::Act && p.holds_in(&env.name);
            let hears = |r: &Receiver| r.environments.is_empty() || r.environments.contains(&env.name);
            Site {
                environment: env.name.clone(),
                scope: scope(&env.inventory, &project.root),
                policies: project.recovery.iter().filter(acts).map(|p| p.name.clone()).collect(),
                receiver: project.notify.receivers.iter().any(hears),
            }
        });
        let sites: Vec<Site> = sites.collect();
        Watch {
            state: state.clone(),
            polled: vec![None; sites.len()],
            sites,
            control: None,
            index: None,
            decided: Decided::default(),
            listed: Listed::default(),
            pauses: HashMap::new(),
        }
    }

    /// How it is now (Unix milliseconds), `boot` by the clock of the boot.
    pub fn look(&mut self, now: i64, boot: i64) -> Facts {
        let mut facts = Facts { closed: self.closed(), ..Facts::default() };
        match self.decided(now) {
            Ok(()) => {
                facts.undelivered.clone_from(&self.decided.undelivered);
                facts.escalated.clone_from(&self.decided.escalated);
                facts.alerts.clone_from(&self.decided.alerts);
            }
            Err(e) => {
                (self.control, self.decided) = (None, Decided::default());
                facts.unknown.push(plain(&e.to_string()).into_owned());
            }
        }
        match self.listed() {
            Ok(true) => facts.releases = self.releases(),
            Ok(false) => facts.unknown.push("the index of runs is not whole yet".into()),
            Err(e) => {
                (self.index, self.listed) = (None, Listed::default());
                facts.unknown.push(plain(&e.to_string()).into_owned());
            }
        }
        facts.posts = (0..self.sites.len()).map(|n| self.post(n, (now, boot))).collect();
        facts
    }

    /// Why the ledger takes nothing: then nothing is launched and nothing decided.
    fn closed(&self) -> Option<String> {
        match self.state.access() {
            Access::Full(why) => return Some(why),
            // Nobody expects that of what is only looked at.
            Access::LookOnly { .. } => return None,
            Access::Write => {}
        }
        let path = self.state.audit();
        match open::own_with(OpenOptions::new().write(true), &path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Some(file::at(&path, "write to", e).to_string()),
            _ => None,
        }
    }

    /// Reads what people decided, where it changed; and now and then, since what no receiver takes grows old.
    fn decided(&mut self, now: i64) -> Result<(), DbError> {
        let (control, before) = match self.control.take().filter(|(control, _)| control.is_in_place()) {
            Some((control, before)) => (control, Some(before)),
            None => (Control::open(&self.state)?, None),
        };
        // Asked first: what is written from here on is seen the next time.
        let version = control.version()?;
        if before != Some(version) || !(0..AGE).contains(&(now - self.decided.at)) {
            let open = recovery::incidents(&control, None)?.into_iter().filter(|i| i.state == State::Escalated);
            let escalated =
                open.map(|i| Escalated { environment: i.environment, policy: i.policy, host: i.host }).collect();
            let alerts = control.alerts_between(i64::MAX, i64::MAX)?.iter().map(fires).collect();
            let (switches, undelivered) =
                (control.recovery_switches()?, control.undelivered(now - STUCK, now - GIVEN_UP)?);
            self.decided = Decided { escalated, alerts, switches, undelivered, at: now };
        }
        self.control = Some((control, version));
        Ok(())
    }

    /// Reads the rows of live releases and of who is there, where they changed. False: it lacks runs.
    fn listed(&mut self) -> Result<bool, DbError> {
        let (index, before) = match self.index.take().filter(|(index, _)| index.is_in_place() && !index.is_fixed()) {
            Some((index, before)) => (index, Some(before)),
            None => (Index::open(&self.state)?, None),
        };
        let version = index.version()?;
        if before != Some(version) {
            let rows = |site: &Site| {
                Ok::<_, DbError>(Rows {
                    poller: index.poller(&Store::leases(&site.scope))?,
                    beat: index.last_beat(&site.scope)?,
                    once: index.last_once(&site.environment, &site.scope)?,
                })
            };
            let hands = self.sites.iter().map(rows).collect::<Result<_, _>>()?;
            self.listed = Listed { releases: index.live_of(KIND)?, hands };
        }
        let whole = index.is_whole()?;
        self.index = Some((index, version));
        Ok(whole)
    }

    fn releases(&mut self) -> Vec<Waits> {
        let rows = std::mem::take(&mut self.listed.releases);
        self.pauses.retain(|run, _| rows.iter().any(|row| row.id == *run));
        let waits = |row: &RunRow| {
            let needs = match At::named(&row.state)? {
                At::NeedsOperator => Needs::Operator,
                At::AwaitingApproval => Needs::Approval,
                At::Paused if self.is_a_persons(row) => Needs::Resume,
                _ => return None,
            };
            Some(Waits { run: row.id, number: row.number, environment: row.environment.clone(), needs })
        };
        let mut found: Vec<Waits> = rows.iter().filter_map(waits).collect();
        found.sort_by_key(|waits| waits.needs);
        self.listed.releases = rows;
        found
    }

    /// A person ends this pause: the plan's own end by themselves. One that cannot be read may be a person's.
    fn is_a_persons(&mut self, row: &RunRow) -> bool {
        if let Some((_, known)) = self.pauses.get(&row.id).filter(|(why, _)| *why == row.why) {
            return *known;
        }
        let watched = Watched::open(&self.state.run(row.id));
        let is = watched.map_or(true, |watched| exit_code(&watched.release) == Some(NEEDS_PERSON));
        self.pauses.insert(row.id, (row.why.clone(), is));
        is
    }

    fn post(&mut self, n: usize, (now, boot): (i64, i64)) -> Post {
        let site = &self.sites[n];
        let off = |policy: &String| {
            let here = |s: &Switch| s.environment == site.environment && (s.policy == *policy || s.policy == "*");
            self.decided.switches.iter().any(|s| !s.on && here(s))
        };
        let policy = site.policies.iter().any(|policy| !off(policy));
        let (polls, acts) = match self.listed.hands.get(n) {
            Some(rows) => (polls(rows, &mut self.polled[n], (now, boot)), self.acts(site, rows, now)),
            None => {
                let unknown = || Hands::Unknown("the index cannot be read".into());
                (unknown(), unknown())
            }
        };
        Post { environment: site.environment.clone(), policy, receiver: site.receiver, polls, acts }
    }

    fn acts(&self, site: &Site, rows: &Rows, now: i64) -> Hands {
        let fresh = |beat: &Beat, most: i64| !is_ahead(beat.at, now) && now - beat.at <= most;
        let last = |beat: &Beat| (plain(&beat.who).into_owned(), beat.at);
        // A single round repairs, and notifies nobody.
        let once = rows.once.as_ref().filter(|beat| fresh(beat, ONCE) && !site.receiver);
        let newest = [rows.beat.as_ref(), once].into_iter().flatten().max_by_key(|beat| beat.at);
        match (Lock::is_held(&beats::right(&self.state, &site.scope)), &rows.beat) {
            (Answer::Yes, Some(beat)) if fresh(beat, SILENT) => Hands::Of(last(beat).0),
            (Answer::Unknown(why), _) => Hands::Unknown(why),
            _ => match once {
                Some(beat) => Hands::Of(last(beat).0),
                None => Hands::Nobody(newest.map(last)),
            },
        }
    }
}

fn polls(rows: &Rows, seen: &mut Option<(String, i64)>, (now, boot): (i64, i64)) -> Hands {
    let Some(poller) = &rows.poller else { return Hands::Nobody(seen.clone()) };
    let who = plain(&poller.who).into_owned();
    // It said so last when it took it for that long.
    *seen = Some((who.clone(), now - (boot - (poller.until - LEASE))));
    if Store::is_at_work(poller, boot) { Hands::Of(who) } else { Hands::Nobody(seen.clone()) }
}

fn fires(alert: &AlertRow) -> Fires {
    let (labels, grave) = SEVERITY;
    let grave = |word: &str| grave.contains(&word.to_lowercase().as_str());
    Fires {
        name: plain(alert.name()).into_owned(),
        environment: alert.environment().map(|name| plain(name).into_owned()),
        critical: alert.label(labels).is_some_and(grave),
        since: alert.starts_at,
        summary: plain(alert.summary()).into_owned(),
    }
}

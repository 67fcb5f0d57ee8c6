//! A notice as it lies in the outbox and as receivers get it, and what becomes one: pure.

use crate::audit::{Action, Entry, Status};
use crate::health::breaker::Key;
use crate::health::silence::What;
use crate::project::config::notify::{Kind, Severity};
use crate::recovery::notice::{Kind as Recovery, Notice};
use crate::text::plain;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What it says about time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It holds from now on.
    Firing,
    /// It holds no more.
    Resolved,
    /// It happened; what it is about is over.
    Happened,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The same notice has the same key, however often it comes.
    pub key: String,
    /// What it is about: the same for all notices of an incident, a release, a breaker, a check of a host.
    pub about: String,
    pub kind: Kind,
    /// What happened, in a word: `escalated`, `open`, `bad`, `succeeded`.
    pub event: String,
    pub severity: Severity,
    pub phase: Phase,
    pub environment: Option<String>,
    pub service: Option<String>,
    pub host: Option<String>,
    pub check: Option<String>,
    /// In words, safe for a terminal.
    pub text: String,
    /// The run: `opsdeck show RUN`.
    pub run: Option<Uuid>,
    /// When (Unix milliseconds).
    pub at: i64,
    /// What the things are about that it stands for, where they have one cause.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<String>,
    /// The only receiver that is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiver: Option<String>,
}

impl Message {
    fn new(kind: Kind, event: &str, severity: Severity, phase: Phase, at: i64) -> Self {
        Message {
            key: String::new(),
            about: String::new(),
            kind,
            event: event.to_owned(),
            severity,
            phase,
            environment: None,
            service: None,
            host: None,
            check: None,
            text: String::new(),
            run: None,
            at,
            of: Vec::new(),
            receiver: None,
        }
    }

    pub fn of_recovery(notice: &Notice) -> Self {
        let (severity, phase) = match notice.kind {
            Recovery::WouldHave | Recovery::Acting | Recovery::Waits => (Severity::Info, Phase::Firing),
            Recovery::Flapping => (Severity::Warning, Phase::Firing),
            Recovery::Escalated => (Severity::Critical, Phase::Firing),
            Recovery::Recovered => (Severity::Info, Phase::Resolved),
        };
        Message {
            key: notice.key.clone(),
            about: recovery(notice.incident),
            environment: Some(notice.environment.clone()),
            service: Some(notice.service.clone()),
            host: Some(notice.host.clone()),
            check: Some(notice.check.clone()),
            text: plain(&format!("{} on {}: {}", notice.policy, notice.host, notice.text)).into_owned(),
            run: notice.run,
            receiver: notice.receiver.clone(),
            ..Message::new(Kind::Recovery, notice.kind.name(), severity, phase, notice.at)
        }
    }

    /// What a row of the ledger is worth telling; most are not.
    pub fn of_row(row: &Entry) -> Option<Self> {
        let about = |entry: &Entry| entry.run_id.map(|run| format!("release/{run}"));
        let reason = row.reason.as_deref().unwrap_or_default();
        let subject = row.subject.as_deref().unwrap_or_default();
        let said = |words: String| plain(words.trim_end_matches([':', ' '])).into_owned();
        let (about, text, mut message) = if row.action == Action::ReleasePage.name() {
            let message = Message::new(Kind::Page, "paged", Severity::Critical, Phase::Firing, row.timestamp_ms);
            // Its words name the release themselves.
            let text = if reason.starts_with(subject) { reason.to_owned() } else { format!("{subject}: {reason}") };
            (about(row)?, said(text), message)
        } else if row.action == Action::RunEnd.name() && row.metadata.get("kind").is_some_and(|kind| kind == "release")
        {
            let state = row.metadata.get("state").and_then(|state| state.as_str()).unwrap_or("ended").replace('_', " ");
            let grave = match () {
                () if row.status == Status::Success.name() => Severity::Info,
                () if row.status == Status::Unknown.name() => Severity::Critical,
                () => Severity::Warning,
            };
            let message = Message::new(Kind::Release, &state, grave, Phase::Happened, row.timestamp_ms);
            (about(row)?, said(format!("{subject}: {state}: {reason}")), message)
        } else if row.action == Action::BreakerChange.name() {
            let to = row.metadata.get("to")?.as_str()?;
            let grave = if subject.contains(" fleet:") { Severity::Critical } else { Severity::Warning };
            let (severity, phase) = match to {
                "open" => (grave, Phase::Firing),
                "closed" => (Severity::Info, Phase::Resolved),
                // Tried, or a person's word.
                _ => return None,
            };
            let message = Message::new(Kind::Breaker, to, severity, phase, row.timestamp_ms);
            let message = match subject.split_once(' ').and_then(|(_, key)| key.parse().ok()) {
                Some(Key::Transport { host, .. }) => Message { host: Some(host), ..message },
                Some(Key::Service { service, .. }) => Message { service: Some(service), ..message },
                _ => message,
            };
            (subject.replacen("breaker ", "breaker/", 1), said(format!("{subject} is {to}: {reason}")), message)
        } else {
            return None;
        };
        Some(Message {
            key: format!("audit/{}", row.event_id),
            about,
            environment: row.env.clone(),
            service: row.service.clone().or(message.service.take()),
            text,
            run: row.run_id,
            ..message
        })
    }

    /// A check that became bad.
    pub fn of_check(environment: &str, host: Option<&str>, check: &str, text: &str, at: i64) -> Self {
        let about = format!("check/{environment}/{}/{check}", host.unwrap_or("-"));
        Message {
            key: format!("{about}/bad/{at}"),
            about,
            environment: Some(environment.to_owned()),
            host: host.map(str::to_owned),
            check: Some(check.to_owned()),
            text: plain(&format!("{check} on {}: {text}", host.unwrap_or("all"))).into_owned(),
            ..Message::new(Kind::Check, "bad", Severity::Critical, Phase::Firing, at)
        }
    }

    /// It says what was measured of hosts and services.
    pub fn is_of_health(&self) -> bool {
        matches!(self.kind, Kind::Check | Kind::Breaker | Kind::Recovery)
    }

    /// What of it a person may have silenced.
    pub fn what(&self) -> What<'_> {
        // A host's breaker is about reaching it, as that check is.
        let reached = (self.kind == Kind::Breaker && self.host.is_some()).then_some("ssh");
        let check = self.check.as_deref().or(reached);
        What { host: self.host.as_deref(), check, service: self.service.as_deref() }
    }

    /// The same thing, which holds no more.
    pub fn over(&self, event: &str, text: &str, at: i64) -> Self {
        Message {
            key: format!("{}/over", self.key),
            event: event.to_owned(),
            severity: Severity::Info,
            phase: Phase::Resolved,
            text: plain(text).into_owned(),
            at,
            ..self.clone()
        }
    }
}

/// What notices of an incident are about.
pub fn recovery(incident: Uuid) -> String {
    format!("recovery/{incident}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Ledger, Record};
    use crate::state::operator::Operator;

    fn row(record: Record) -> Entry {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&dir.path().join("audit.db")).unwrap();
        ledger.append(&record).unwrap();
        ledger.query(&Default::default(), 1).unwrap().rows.remove(0).entry
    }

    fn record(action: Action) -> Record {
        Record { env: Some("prod".into()), ..Record::outcome(action, &Operator::current(), Status::Success) }
    }

    #[test]
    fn breakers_that_open_fire_and_those_that_close_resolve() {
        let change = |to: &str, of: &str| {
            let mut record = record(Action::BreakerChange);
            record.metadata.insert("to".into(), to.into());
            Message::of_row(&row(Record { subject: Some(format!("breaker {of}")), ..record }))
        };
        let open = change("open", "transport:prod/w1").unwrap();
        assert_eq!((open.phase, open.severity, open.host.as_deref()), (Phase::Firing, Severity::Warning, Some("w1")));
        let closed = change("closed", "transport:prod/w1").unwrap();
        assert_eq!((closed.phase, &closed.about), (Phase::Resolved, &open.about));
        assert_eq!(change("open", "fleet:prod").unwrap().severity, Severity::Critical);
        assert_eq!(change("half_open", "fleet:prod"), None);
    }

    #[test]
    fn releases_are_told_of_and_other_runs_are_not() {
        let run = Some(Uuid::now_v7());
        let page = Record { run_id: run, reason: Some("gate \u{1b}[31mfailed".into()), ..record(Action::ReleasePage) };
        let page = Message::of_row(&row(page)).unwrap();
        assert_eq!((page.kind, page.severity, page.text.contains('\u{1b}')), (Kind::Page, Severity::Critical, false));
        let (subject, reason) = (Some("web 1.0".into()), Some("web 1.0 on lab: paused".into()));
        let named = Record { run_id: run, subject, reason, ..record(Action::ReleasePage) };
        assert_eq!(Message::of_row(&row(named)).unwrap().text, "web 1.0 on lab: paused");
        let mut end = Record { run_id: run, ..record(Action::RunEnd) };
        assert_eq!(Message::of_row(&row(end.clone())), None);
        end.metadata.insert("kind".into(), "release".into());
        let end = Message::of_row(&row(end)).unwrap();
        assert_eq!((end.kind, end.phase, &end.about), (Kind::Release, Phase::Happened, &page.about));
    }
}

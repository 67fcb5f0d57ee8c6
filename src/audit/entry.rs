//! A record as the ledger holds it: every field by its lasting name, secrets removed.

use super::record::{Phase, Record};
use super::redact;
use crate::state::Identity;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::sync::OnceLock;
use uuid::Uuid;

/// Version of the fields below. 2: those of releases, of traces and of keys; `error_class` became `error.class`, and
/// `real_user` is the login that the kernel knows, or nothing. 3: rows of the ledger's version 2, to which fields may be
/// added without another version.
pub const SCHEMA_VERSION: u32 = 3;
/// More targets than this are written as a count and a digest.
const MOST_TARGETS: usize = 100;

/// A record as the ledger holds it, its hashes apart. Fields that this version does not know are kept in `Row::body`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub schema_version: u32,
    /// Id of the event (UUIDv7).
    pub event_id: Uuid,
    /// Number in the ledger, from 1, without gaps.
    pub seq: i64,
    /// One for all records of a run: its id as 16 bytes in hex (W3C Trace Context).
    #[serde(default)]
    pub trace_id: Option<String>,
    /// One for an intent and its outcome: 8 bytes in hex.
    #[serde(default)]
    pub span_id: Option<String>,
    /// Wall clock (Unix milliseconds). Order by `seq`: clocks jump.
    pub timestamp_ms: i64,
    /// What: `run.launch`.
    pub action: String,
    /// Stable code: `OD1001I`.
    pub code: String,
    /// `intent`, `outcome`, `denied`.
    pub phase: String,
    /// `started`, `success`, `failure`, `unknown`, `cancelled`.
    pub status: String,
    pub operator: String,
    /// Login user of the kernel (`/proc/self/loginuid`), where it knows one; survives sudo.
    pub real_user: Option<String>,
    pub effective_user: String,
    pub session_id: Option<String>,
    pub ip: Option<String>,
    pub port: Option<u16>,
    /// True: only the environment says where from.
    #[serde(default)]
    pub from_unverified: bool,
    pub tty: Option<String>,
    pub host: String,
    pub env: Option<String>,
    pub run_id: Option<Uuid>,
    /// Event id of the intent.
    pub parent_event_id: Option<Uuid>,
    #[serde(default)]
    pub service: Option<String>,
    #[serde(default)]
    pub release_id: Option<Uuid>,
    /// Digest of its plan, as people approve it.
    #[serde(default)]
    pub plan_digest: Option<String>,
    #[serde(default)]
    pub approvals: Vec<String>,
    /// Ticket of the change or incident, by the operator's own word.
    #[serde(default)]
    pub change_ticket: Option<String>,
    /// Digest of the diffs that a run with `--diff` reported.
    #[serde(default)]
    pub diff_digest: Option<String>,
    pub subject: Option<String>,
    /// Hosts, where known and not too many.
    pub targets: Option<Vec<String>>,
    /// Number of hosts, where known.
    pub targets_count: Option<u64>,
    /// SHA-256 of the sorted host names, one a line.
    pub targets_digest: Option<String>,
    /// SHA-256 of the canonical JSON of the command's arguments.
    pub argv_digest: Option<String>,
    pub reason: Option<String>,
    pub rc: Option<i32>,
    /// Milliseconds.
    pub duration_ms: Option<u64>,
    #[serde(rename = "error.class", alias = "error_class")]
    pub error_class: Option<String>,
    /// Bytes of the run's journal, up to and with the line that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal_bytes: Option<u64>,
    /// SHA-256 of these bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal_digest: Option<String>,
    /// Anything else.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// The process that made an intent: once it is gone, another one says that the outcome is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<Identity>,
    /// Fencing token of the lease under which it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<i64>,
    /// The chain to which it belongs, where it is not this ledger's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// The key that signs checkpoints over it; none signs yet.
    #[serde(default)]
    pub key_id: Option<String>,
    /// Names of the fields that were redacted; the row still verifies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redacted: Vec<String>,
}

impl Entry {
    /// The entry of a record, with its secrets removed.
    pub(super) fn new(record: &Record, seq: i64, event_id: Uuid, timestamp_ms: i64) -> Self {
        let who = &record.operator;
        let (ip, port) = address(who.from.as_deref());
        let text = |text: &Option<String>| text.as_deref().map(redact::text);
        let targets = record.targets.as_ref().map(|hosts| {
            let mut sorted = hosts.clone();
            sorted.sort();
            sorted
        });
        let argv = (!record.argv.is_empty()).then(|| Value::from(redact::argv(&record.argv)));
        Self {
            schema_version: SCHEMA_VERSION,
            event_id,
            seq,
            trace_id: record.run_id.map(|run| run.simple().to_string()),
            span_id: Some(span(record.parent.unwrap_or(event_id))),
            timestamp_ms,
            action: record.action.name().to_owned(),
            code: record.action.code(record.phase),
            phase: record.phase.name().to_owned(),
            status: record.status.name().to_owned(),
            operator: who.name.clone(),
            real_user: who.login.clone(),
            effective_user: who.effective.clone(),
            session_id: who.session.clone(),
            from_unverified: ip.is_some() && !who.from_verified,
            ip,
            port,
            tty: who.tty.clone(),
            host: who.host.clone(),
            env: record.env.clone(),
            run_id: record.run_id,
            parent_event_id: record.parent,
            service: text(&record.release.service),
            release_id: record.release.id,
            plan_digest: record.release.plan_digest.clone(),
            approvals: record.release.approvals.clone(),
            change_ticket: text(&who.ticket),
            diff_digest: record.diff_digest.clone(),
            subject: text(&record.subject),
            targets_count: targets.as_ref().map(|hosts| hosts.len() as u64),
            targets_digest: targets.as_ref().map(|hosts| sha256(hosts.join("\n").as_bytes())),
            targets: targets.filter(|hosts| hosts.len() <= MOST_TARGETS),
            argv_digest: argv.map(|argv| sha256(super::canonical(&argv).as_bytes())),
            reason: text(&record.reason),
            rc: record.rc,
            duration_ms: record.duration_ms,
            error_class: record.error_class.clone(),
            journal_bytes: record.journal.as_ref().map(|sum| sum.bytes),
            journal_digest: record.journal.as_ref().map(|sum| sum.digest.clone()),
            process: (record.phase == Phase::Intent).then(own),
            token: record.token,
            chain: None,
            redacted: Vec::new(),
            metadata: match redact::value(Value::Object(record.metadata.clone())) {
                Value::Object(metadata) => metadata,
                _ => Map::new(),
            },
            key_id: None,
        }
    }
}

/// This process, looked up once.
fn own() -> Identity {
    static OWN: OnceLock<Identity> = OnceLock::new();
    OWN.get_or_init(Identity::own).clone()
}

/// The random half of an intent's id.
pub(super) fn span(intent: Uuid) -> String {
    intent.simple().to_string().split_off(16)
}

/// Address and port of `Operator::from`.
fn address(from: Option<&str>) -> (Option<String>, Option<u16>) {
    match from.map(|from| (from, from.parse::<std::net::SocketAddr>())) {
        Some((_, Ok(socket))) => (Some(socket.ip().to_string()), Some(socket.port())),
        Some((from, Err(_))) => (Some(from.to_owned()), None),
        None => (None, None),
    }
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    super::chain::hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Action, Status};
    use crate::state::operator::Operator;

    #[test]
    fn every_field_that_auditors_were_promised_is_there_by_its_name() {
        let run = Uuid::now_v7();
        let intent = Uuid::now_v7();
        let operator = Operator { name: "api".into(), login: Some("alice".into()), ..Operator::default() };
        let record = Record { run_id: Some(run), ..Record::intent(Action::RunLaunch, &operator) };
        let entry = Entry::new(&record, 1, intent, 0);
        let outcome = Record { parent: Some(intent), ..Record::outcome(Action::RunLaunch, &operator, Status::Success) };
        assert_eq!(Entry::new(&outcome, 2, Uuid::now_v7(), 0).span_id, entry.span_id, "both ends of one span");
        assert_eq!(entry.trace_id.as_deref(), Some(run.simple().to_string().as_str()));
        assert_eq!(entry.real_user.as_deref(), Some("alice"));
        let value = serde_json::to_value(&entry).unwrap();
        // `prev_hash` and `hash` are columns of their own.
        for name in [
            "schema_version",
            "event_id",
            "seq",
            "timestamp_ms",
            "trace_id",
            "span_id",
            "parent_event_id",
            "action",
            "phase",
            "status",
            "operator",
            "real_user",
            "effective_user",
            "session_id",
            "ip",
            "port",
            "tty",
            "host",
            "env",
            "service",
            "release_id",
            "plan_digest",
            "targets",
            "approvals",
            "reason",
            "change_ticket",
            "diff_digest",
            "rc",
            "duration_ms",
            "error.class",
            "metadata",
            "key_id",
            "code",
        ] {
            assert!(value.get(name).is_some(), "{name} is missing: {value:#}");
        }
        assert_eq!(serde_json::from_value::<Entry>(value).unwrap(), entry);
    }
}

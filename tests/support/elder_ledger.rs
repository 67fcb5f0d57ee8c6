//! Rows as the last binary that wrote version 1 wrote them: canonical JSON, its hash, search columns, and after each row the
//! checkpoint in a file of its own, replaced whole. Holds no test.

use opsdeck::audit::{Record, canonical};
use opsdeck::state::file;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The tables of version 1, as the last binary that wrote it made them.
pub const TABLES: &str = "
    CREATE TABLE audit (
        seq INTEGER PRIMARY KEY, ts INTEGER NOT NULL, event_id TEXT NOT NULL UNIQUE, action TEXT NOT NULL,
        status TEXT NOT NULL, operator TEXT NOT NULL, env TEXT, run_id TEXT, body TEXT NOT NULL, hash TEXT NOT NULL
    ) STRICT;
    CREATE INDEX audit_ts ON audit (ts);
    CREATE INDEX audit_operator ON audit (operator, seq);
    CREATE INDEX audit_status ON audit (status, seq);
    CREATE INDEX audit_env ON audit (env, seq);
    CREATE INDEX audit_run ON audit (run_id, seq);
    CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit ledger is append-only'); END;
    CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit ledger is append-only'); END;
    CREATE TRIGGER audit_next_only BEFORE INSERT ON audit
        WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
            OR EXISTS (SELECT 1 FROM audit WHERE event_id = NEW.event_id)
        BEGIN SELECT RAISE(ABORT, 'the audit ledger is append-only'); END;
    PRAGMA user_version = 1;";

/// A row's hash, from that of the row before it.
pub fn chained(previous: &str, body: &str) -> String {
    hex(&Sha256::new().chain_update(previous).chain_update(body).finalize())
}

/// Writes them.
pub struct Writer {
    db: Connection,
    checkpoint: PathBuf,
}

impl Writer {
    pub fn open(path: &Path) -> Self {
        let db = Connection::open(path).unwrap();
        db.execute_batch(&format!("PRAGMA journal_mode = wal; PRAGMA synchronous = full; {TABLES}")).unwrap();
        Self { db, checkpoint: path.with_extension("checkpoint") }
    }

    pub fn append(&mut self, record: &Record) -> Uuid {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        let head: Option<(i64, String)> = tx
            .prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
            .unwrap()
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
            .unwrap();
        let (last, previous) = head.unwrap_or((0, "0".repeat(64)));
        let (seq, id, ts) = (last + 1, Uuid::now_v7(), jiff::Timestamp::now().as_millisecond());
        let body = canonical(&body(record, seq, id, ts));
        let hash = chained(&previous, &body);
        tx.prepare_cached("INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
            .unwrap()
            .execute((
                seq,
                ts,
                id.to_string(),
                record.action.name(),
                record.status.name(),
                &record.operator.name,
                &record.env,
                record.run_id.map(|run| run.to_string()),
                &body,
                &hash,
            ))
            .unwrap();
        tx.commit().unwrap();
        match std::fs::read_to_string(&self.checkpoint) {
            Ok(text) => assert_eq!(text.trim(), format!("{last}:{previous}")),
            Err(e) => assert_eq!(e.kind(), std::io::ErrorKind::NotFound),
        }
        file::write_whole(&self.checkpoint, format!("{seq}:{hash}\n").as_bytes()).unwrap();
        id
    }
}

fn body(record: &Record, seq: i64, id: Uuid, ts: i64) -> Value {
    let (who, run) = (&record.operator, record.run_id.map(|run| run.simple().to_string()));
    let mut targets = record.targets.clone().unwrap_or_default();
    targets.sort();
    json!({
        "schema_version": 2, "event_id": id, "seq": seq, "trace_id": run, "timestamp_ms": ts,
        "span_id": record.parent.unwrap_or(id).simple().to_string().split_off(16), "action": record.action.name(),
        "code": record.action.code(record.phase), "phase": record.phase.name(), "status": record.status.name(),
        "operator": who.name, "real_user": who.login, "effective_user": who.effective, "session_id": who.session,
        "ip": "10.20.30.47", "port": 51_234, "from_unverified": false, "tty": who.tty, "host": who.host, "env": record.env,
        "run_id": record.run_id, "parent_event_id": record.parent, "service": null, "release_id": null,
        "plan_digest": null, "approvals": [], "change_ticket": null, "diff_digest": null, "subject": record.subject,
        "targets_count": targets.len(), "targets_digest": hex(&Sha256::digest(targets.join("\n"))), "targets": targets,
        "argv_digest": hex(&Sha256::digest(canonical(&json!(record.argv)))), "reason": record.reason, "rc": record.rc,
        "duration_ms": record.duration_ms, "error.class": record.error_class, "metadata": record.metadata, "key_id": null,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

//! A state directory with a ledger, and what people with sqlite3 can do to it.

use opsdeck::audit::{Action, Ledger, Record};
use opsdeck::state::operator::Operator;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub fn opsdeck(state: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opsdeck"));
    command.arg("--state-dir").arg(state).args(args).env("TZ", "UTC").stdin(Stdio::null());
    command
}

pub fn run(state: &Path, args: &[&str]) -> (Output, String) {
    let output = opsdeck(state, args).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

pub fn alice() -> Operator {
    Operator {
        name: "alice".into(),
        effective: "root".into(),
        from: Some("10.0.0.7:51234".into()),
        host: "bastion-1".into(),
        ..Operator::default()
    }
}

pub fn record(subject: &str) -> Record {
    Record { subject: Some(subject.into()), env: Some("prod".into()), ..Record::intent(Action::RunLaunch, &alice()) }
}

pub struct State(pub tempfile::TempDir);

impl State {
    pub fn with(rows: usize) -> Self {
        let state = Self(tempfile::tempdir().unwrap());
        let ledger = Ledger::open(&state.db()).unwrap();
        (0..rows).for_each(|i| drop(ledger.append(&record(&format!("row {}", i + 1))).unwrap()));
        state
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn db(&self) -> PathBuf {
        self.path().join("audit.db")
    }

    /// What root with sqlite3 can do: the triggers go first.
    pub fn tamper(&self, sql: &str) {
        let db = rusqlite::Connection::open(self.db()).unwrap();
        let mut all = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").unwrap();
        let names: Vec<String> = all.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        names.iter().for_each(|name| db.execute_batch(&format!("DROP TRIGGER {name}")).unwrap());
        db.execute_batch(sql).unwrap();
    }

    /// Takes away a file that says up to where the ledger was.
    pub fn forget(&self, ends: &[&str]) {
        for end in ends {
            match std::fs::remove_file(self.db().with_extension(end)) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => panic!("{e}"),
                _ => {}
            }
        }
    }

    /// The verdict, as the verb says it.
    pub fn verdict(&self, args: &[&str]) -> (i32, Value) {
        let (output, text) = run(self.path(), &[&["audit", "verify", "--json"], args].concat());
        let said = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {output:?}"));
        (output.status.code().unwrap(), said)
    }
}

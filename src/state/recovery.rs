//! What auto-recovery must not forget: actions that were counted, incidents, and what a person switched off. What an
//! incident's body says is the business of `recovery`.

use super::{Control, DbError};
use serde::Serialize;
use uuid::Uuid;

/// An action that was counted, from before it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Token {
    pub run: Uuid,
    /// Number of the action in its run.
    pub number: u32,
    pub environment: String,
    pub service: String,
    pub host: String,
    /// Action, by the name of its runbook.
    pub action: String,
    /// When (Unix milliseconds).
    pub at: i64,
    /// Whether it helped; `None`: nobody knows yet.
    pub helped: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentRow {
    pub environment: String,
    pub policy: String,
    pub host: String,
    /// It, as JSON.
    pub body: String,
}

/// A policy that a person switched off or on; `*` is all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Switch {
    pub environment: String,
    /// Policy, or `*`.
    pub policy: String,
    pub on: bool,
    pub operator: String,
    pub reason: String,
    /// When (Unix milliseconds).
    pub at: i64,
}

impl Control {
    /// Counts an action. Once: a run that asks again for the same one has it already.
    pub fn take_token(&self, token: &Token) -> Result<(), DbError> {
        let query = "INSERT INTO recovery_tokens (run, number, environment, service, host, action, at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
        let t = token;
        let params = (t.run.to_string(), t.number, &t.environment, &t.service, &t.host, &t.action, t.at);
        self.sql(self.db.execute(query, params).map(drop))
    }

    /// Whether a run's action helped. False: that is known already, or it was never counted.
    pub fn end_token(&self, run: Uuid, number: u32, helped: bool) -> Result<bool, DbError> {
        let query = "UPDATE recovery_tokens SET helped = ?3 WHERE run = ?1 AND number = ?2 AND helped IS NULL";
        Ok(self.sql(self.db.execute(query, (run.to_string(), number, helped)))? > 0)
    }

    /// An action that was counted is not begun: it counts no more.
    pub fn give_token_back(&self, run: Uuid, number: u32) -> Result<(), DbError> {
        let query = "DELETE FROM recovery_tokens WHERE run = ?1 AND number = ?2 AND helped IS NULL";
        self.sql(self.db.execute(query, (run.to_string(), number)).map(drop))
    }

    /// Actions since a moment, oldest first, of all environments.
    pub fn tokens(&self, since: i64) -> Result<Vec<Token>, DbError> {
        self.read_tokens("WHERE at >= ?1 ORDER BY at, number", since)
    }

    /// The last actions that were counted and of which it is known whether they helped, newest first.
    pub fn ended_tokens(&self, most: u32) -> Result<Vec<Token>, DbError> {
        self.read_tokens("WHERE helped IS NOT NULL ORDER BY at DESC, number DESC LIMIT ?1", i64::from(most))
    }

    fn read_tokens(&self, which: &str, value: i64) -> Result<Vec<Token>, DbError> {
        let query =
            format!("SELECT run, number, environment, service, host, action, at, helped FROM recovery_tokens {which}");
        self.sql(self.db.prepare_cached(&query).and_then(|mut q| {
            let row = |r: &rusqlite::Row<'_>| {
                let run: String = r.get(0)?;
                Ok(Token {
                    run: Uuid::parse_str(&run).unwrap_or_default(),
                    number: r.get(1)?,
                    environment: r.get(2)?,
                    service: r.get(3)?,
                    host: r.get(4)?,
                    action: r.get(5)?,
                    at: r.get(6)?,
                    helped: r.get(7)?,
                })
            };
            q.query_map([value], row)?.collect()
        }))
    }

    /// Writes an incident, replacing the one that is there.
    pub fn put_incident(&self, row: &IncidentRow) -> Result<(), DbError> {
        let query =
            "INSERT OR REPLACE INTO recovery_incidents (environment, policy, host, body) VALUES (?1, ?2, ?3, ?4)";
        self.sql(self.db.execute(query, (&row.environment, &row.policy, &row.host, &row.body)).map(drop))
    }

    /// Removes an incident that is over.
    pub fn end_incident(&self, environment: &str, policy: &str, host: &str) -> Result<(), DbError> {
        let query = "DELETE FROM recovery_incidents WHERE environment = ?1 AND policy = ?2 AND host = ?3";
        self.sql(self.db.execute(query, (environment, policy, host)).map(drop))
    }

    /// Incidents of an environment, or of all.
    pub fn incidents(&self, environment: Option<&str>) -> Result<Vec<IncidentRow>, DbError> {
        let query = "SELECT environment, policy, host, body FROM recovery_incidents
                     WHERE ?1 IS NULL OR environment = ?1 ORDER BY environment, policy, host";
        self.sql(self.db.prepare_cached(query).and_then(|mut q| {
            let row = |r: &rusqlite::Row<'_>| {
                Ok(IncidentRow { environment: r.get(0)?, policy: r.get(1)?, host: r.get(2)?, body: r.get(3)? })
            };
            q.query_map([environment], row)?.collect()
        }))
    }

    /// Switches recovery on or off.
    pub fn switch_recovery(&self, switch: &Switch) -> Result<(), DbError> {
        let query = "INSERT OR REPLACE INTO recovery_switches (environment, policy, \"on\", operator, reason, at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let s = switch;
        let params = (&s.environment, &s.policy, s.on, &s.operator, &s.reason, s.at);
        self.sql(self.db.execute(query, params).map(drop))
    }

    /// What people switched, by environment and policy.
    pub fn recovery_switches(&self) -> Result<Vec<Switch>, DbError> {
        let query = "SELECT environment, policy, \"on\", operator, reason, at FROM recovery_switches
                     ORDER BY environment, policy";
        self.sql(self.db.prepare_cached(query).and_then(|mut q| {
            let row = |r: &rusqlite::Row<'_>| {
                Ok(Switch {
                    environment: r.get(0)?,
                    policy: r.get(1)?,
                    on: r.get(2)?,
                    operator: r.get(3)?,
                    reason: r.get(4)?,
                    at: r.get(5)?,
                })
            };
            q.query_map([], row)?.collect()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::StateDir;

    #[test]
    fn an_action_is_counted_once_however_often_it_is_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let control = Control::open(&StateDir::at(dir.path())).unwrap();
        let token = Token {
            run: Uuid::now_v7(),
            number: 1,
            environment: "prod".into(),
            service: "web".into(),
            host: "w1".into(),
            action: "restart".into(),
            at: 5,
            helped: None,
        };
        control.take_token(&token).unwrap();
        control.take_token(&Token { at: 9, ..token.clone() }).unwrap();
        assert_eq!(control.tokens(0).unwrap(), std::slice::from_ref(&token));
        assert!(control.tokens(6).unwrap().is_empty() && control.ended_tokens(9).unwrap().is_empty());
        control.give_token_back(token.run, 1).unwrap();
        assert!(control.tokens(0).unwrap().is_empty(), "not begun, it counts no more");
        control.take_token(&token).unwrap();
        assert!(control.end_token(token.run, 1, false).unwrap());
        control.give_token_back(token.run, 1).unwrap();
        assert!(!control.end_token(token.run, 1, true).unwrap(), "what is known stays");
        assert_eq!(control.ended_tokens(9).unwrap(), [Token { helped: Some(false), ..token }]);
    }

    #[test]
    fn incidents_and_switches_are_kept_until_they_are_over() {
        let dir = tempfile::tempdir().unwrap();
        let control = Control::open(&StateDir::at(dir.path())).unwrap();
        let row = |body: &str| IncidentRow {
            environment: "prod".into(),
            policy: "web".into(),
            host: "w1".into(),
            body: body.into(),
        };
        control.put_incident(&row("1")).unwrap();
        control.put_incident(&row("2")).unwrap();
        assert_eq!(control.incidents(Some("prod")).unwrap(), [row("2")]);
        assert!(control.incidents(Some("dev")).unwrap().is_empty());
        control.end_incident("prod", "web", "w1").unwrap();
        assert!(control.incidents(None).unwrap().is_empty());
        let switch = |on| Switch {
            environment: "prod".into(),
            policy: "*".into(),
            on,
            operator: "ann".into(),
            reason: "r".into(),
            at: 1,
        };
        control.switch_recovery(&switch(false)).unwrap();
        control.switch_recovery(&switch(true)).unwrap();
        assert_eq!(control.recovery_switches().unwrap(), [switch(true)]);
    }
}

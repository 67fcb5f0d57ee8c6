//! Alerts that an Alertmanager told of, so that they stand beside the release that they overlap. One row an alert (its
//! fingerprint and beginning), however often it is told; one that is over stays so, whatever late repetition comes.

use super::{Control, DbError};
use rusqlite::named_params;
use serde::Serialize;
use std::collections::BTreeMap;

/// An alert. Everything in it comes from elsewhere: hostile until it is made plain.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct AlertRow {
    /// Its labels' digest, as Alertmanager makes it.
    pub fingerprint: String,
    /// When it began (Unix milliseconds).
    pub starts_at: i64,
    /// When it ended; `None`: it fires, as far as was told.
    pub ends_at: Option<i64>,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    /// When it was last told of (Unix milliseconds).
    pub told_at: i64,
}

impl AlertRow {
    pub fn name(&self) -> &str {
        self.labels.get("alertname").map_or("alert", String::as_str)
    }

    /// The first of these labels that it has.
    pub fn label(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.labels.get(*name)).map(String::as_str)
    }

    /// The environment that it names.
    pub fn environment(&self) -> Option<&str> {
        self.label(&["env", "environment"])
    }

    /// What it says in words.
    pub fn summary(&self) -> &str {
        let said = ["summary", "description", "message"].iter().find_map(|name| self.annotations.get(*name));
        said.map_or("", String::as_str)
    }
}

impl Control {
    /// Writes alerts. All of them are on the disk when this returns, or none.
    pub fn put_alerts(&self, alerts: &[AlertRow]) -> Result<(), DbError> {
        let query = "INSERT INTO alerts (fingerprint, starts_at, ends_at, labels, annotations, told_at)
                     VALUES (:fingerprint, :starts, :ends, :labels, :annotations, :told)
                     ON CONFLICT (fingerprint, starts_at) DO UPDATE SET
                         ends_at = coalesce(excluded.ends_at, ends_at), labels = excluded.labels,
                         annotations = excluded.annotations, told_at = max(told_at, excluded.told_at)";
        // Maps of text: they can always be written.
        let text = |map: &BTreeMap<String, String>| serde_json::to_string(map).unwrap_or_default();
        self.alone(|| {
            self.sql(self.db.prepare_cached(query).and_then(|mut q| {
                alerts.iter().try_for_each(|alert| {
                    let (labels, annotations) = (text(&alert.labels), text(&alert.annotations));
                    let params = named_params! {
                        ":fingerprint": alert.fingerprint, ":starts": alert.starts_at, ":ends": alert.ends_at,
                        ":labels": labels, ":annotations": annotations, ":told": alert.told_at,
                    };
                    q.execute(params).map(drop)
                })
            }))
        })
    }

    /// Alerts that were there at some time between these moments (Unix milliseconds), the newest first; at most 1000.
    pub fn alerts_between(&self, from: i64, until: i64) -> Result<Vec<AlertRow>, DbError> {
        let query = "SELECT fingerprint, starts_at, ends_at, labels, annotations, told_at FROM alerts
                     WHERE starts_at <= ?2 AND (ends_at IS NULL OR ends_at >= ?1)
                     ORDER BY starts_at DESC, fingerprint LIMIT 1000";
        let map = |text: String| serde_json::from_str(&text).unwrap_or_default();
        let row = |r: &rusqlite::Row<'_>| {
            Ok(AlertRow {
                fingerprint: r.get(0)?,
                starts_at: r.get(1)?,
                ends_at: r.get(2)?,
                labels: map(r.get(3)?),
                annotations: map(r.get(4)?),
                told_at: r.get(5)?,
            })
        };
        self.sql(self.db.prepare_cached(query).and_then(|mut q| q.query_map((from, until), row)?.collect()))
    }

    pub fn firing_alerts(&self) -> Result<u64, DbError> {
        let query = "SELECT count(*) FROM alerts WHERE ends_at IS NULL";
        let count: i64 = self.sql(self.db.prepare_cached(query).and_then(|mut q| q.query_row([], |r| r.get(0))))?;
        Ok(count.unsigned_abs())
    }

    /// Forgets alerts of which nothing was told since.
    pub fn forget_alerts(&self, before: i64) -> Result<(), DbError> {
        self.sql(self.db.execute("DELETE FROM alerts WHERE told_at < ?1", [before]).map(drop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::StateDir;

    #[test]
    fn an_alert_stands_once_and_what_is_over_stays_over() {
        let dir = tempfile::tempdir().unwrap();
        let control = Control::open(&StateDir::at(dir.path())).unwrap();
        let alert = |ends_at, told_at| AlertRow {
            fingerprint: "f".into(),
            starts_at: 10,
            ends_at,
            labels: [("env".to_owned(), "prod".to_owned())].into(),
            told_at,
            ..AlertRow::default()
        };
        control.put_alerts(&[alert(None, 11), alert(None, 12)]).unwrap();
        assert_eq!(
            (control.firing_alerts().unwrap(), control.alerts_between(50, 60).unwrap()),
            (1, vec![alert(None, 12)])
        );
        control.put_alerts(&[alert(Some(20), 21)]).unwrap();
        control.put_alerts(&[alert(None, 15)]).unwrap();
        assert_eq!(control.alerts_between(0, 99).unwrap(), [alert(Some(20), 21)], "a late repetition opens nothing");
        assert!(control.alerts_between(21, 99).unwrap().is_empty() && control.alerts_between(0, 9).unwrap().is_empty());
        assert_eq!(control.alerts_between(0, 9).unwrap().len() + control.alerts_between(20, 20).unwrap().len(), 1);
        control.forget_alerts(22).unwrap();
        assert!(control.alerts_between(0, 99).unwrap().is_empty());
    }
}

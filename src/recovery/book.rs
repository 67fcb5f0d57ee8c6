//! Incidents as all processes share them: read, replaced where nobody else changed them, forgotten when they are over.

use super::incident::{Incident, State};
use crate::state::recovery::IncidentRow;
use crate::state::{Control, DbError, StateDir};

/// Notices that are in safe hands, by their keys: they do not come again.
///
/// # Errors
/// control.db cannot be written.
pub fn told(store: &StateDir, keys: &[String]) -> Result<(), DbError> {
    let control = Control::open(store)?;
    control.alone(|| {
        for mut incident in incidents(&control, None)? {
            let before = incident.notices.len();
            incident.notices.retain(|notice| !keys.contains(&notice.key));
            if incident.notices.len() != before {
                keep(&control, &incident)?;
            }
        }
        Ok(())
    })
}

/// Incidents of an environment, or of all. One that cannot be read is logged and left out.
///
/// # Errors
/// control.db cannot be read.
pub fn incidents(control: &Control, environment: Option<&str>) -> Result<Vec<Incident>, DbError> {
    let rows = control.incidents(environment)?.into_iter();
    let read = rows.filter_map(|row| {
        let read = serde_json::from_str(&row.body);
        read.inspect_err(|e| tracing::warn!("an incident on {} cannot be read: {e}", row.host)).ok()
    });
    Ok(read.collect())
}

/// Writes an incident; one that is over and told is forgotten.
fn keep(control: &Control, incident: &Incident) -> Result<(), DbError> {
    if incident.state == State::Healthy && incident.notices.is_empty() {
        return control.end_incident(&incident.environment, &incident.policy, &incident.host);
    }
    control.put_incident(&IncidentRow {
        environment: incident.environment.clone(),
        policy: incident.policy.clone(),
        host: incident.host.clone(),
        // It has no map with keys that are not text: it can always be written.
        body: serde_json::to_string(incident).unwrap_or_default(),
    })
}

/// Writes what became of an incident, unless somebody else changed it meanwhile: false then.
pub fn replace(control: &Control, before: Option<&Incident>, after: &Incident) -> Result<bool, DbError> {
    control.alone(|| {
        let all = incidents(control, Some(&after.environment))?;
        let there = all.iter().find(|i| i.policy == after.policy && i.host == after.host);
        let same = there == before;
        if same && there != Some(after) {
            keep(control, after)?;
        }
        Ok(same)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recovery::notice::{Kind, Notice};
    use uuid::Uuid;

    #[test]
    fn every_moment_of_an_incident_goes_with_the_clock() {
        let dir = tempfile::tempdir().unwrap();
        let store = StateDir::at(dir.path());
        let control = Control::open(&store).unwrap();
        let of = |by: i64| {
            let notice = Notice {
                key: "k".into(),
                kind: Kind::Escalated,
                incident: Uuid::nil(),
                environment: "prod".into(),
                policy: "web".into(),
                service: "web".into(),
                check: "web".into(),
                host: "h1".into(),
                text: String::new(),
                run: None,
                receiver: None,
                at: 6_000 + by,
            };
            Incident {
                state: State::Escalated,
                opened: 1_000 + by,
                since: 2_000 + by,
                well: Some(3_000 + by),
                called: 1,
                called_at: 4_000 + by,
                silenced: 5_000 + by,
                notices: vec![notice],
                ..Incident::new("prod", "web", "h1", 0)
            }
        };
        assert!(replace(&control, None, &of(0)).unwrap());
        control.in_step().unwrap();
        let aside = rusqlite::Connection::open(store.control()).unwrap();
        for by in [-3_600_000, 24 * 3_600_000] {
            aside.execute("UPDATE clock SET ahead = ahead - ?1", [by]).unwrap();
            control.in_step().unwrap();
            let found = incidents(&control, None).unwrap();
            // Between the two looks a moment went by.
            let by = found[0].since - 2_000;
            assert_eq!(found, [of(by)]);
            assert!(replace(&control, Some(&of(by)), &of(0)).unwrap());
        }
    }
}

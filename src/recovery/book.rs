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

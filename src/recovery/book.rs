//! Incidents as all processes share them: read, replaced where nobody else changed them, forgotten when they are over.

use super::incident::{Incident, State};
use crate::state::recovery::IncidentRow;
use crate::state::{Index, IndexError, StateDir};

/// Notices that are in safe hands, by their keys: they do not come again.
///
/// # Errors
/// The index cannot be written.
pub fn told(store: &StateDir, keys: &[String]) -> Result<(), IndexError> {
    let index = Index::open(store)?;
    index.alone(|| {
        for mut incident in incidents(&index, None)? {
            let before = incident.notices.len();
            incident.notices.retain(|notice| !keys.contains(&notice.key));
            if incident.notices.len() != before {
                keep(&index, &incident)?;
            }
        }
        Ok(())
    })
}

/// Incidents of an environment, or of all. One that cannot be read is logged and left out.
///
/// # Errors
/// The index cannot be read.
pub fn incidents(index: &Index, environment: Option<&str>) -> Result<Vec<Incident>, IndexError> {
    let rows = index.incidents(environment)?.into_iter();
    let read = rows.filter_map(|row| {
        let read = serde_json::from_str(&row.body);
        read.inspect_err(|e| tracing::warn!("an incident on {} cannot be read: {e}", row.host)).ok()
    });
    Ok(read.collect())
}

/// Writes an incident; one that is over and told is forgotten.
fn keep(index: &Index, incident: &Incident) -> Result<(), IndexError> {
    if incident.state == State::Healthy && incident.notices.is_empty() {
        return index.end_incident(&incident.environment, &incident.policy, &incident.host);
    }
    index.put_incident(&IncidentRow {
        environment: incident.environment.clone(),
        policy: incident.policy.clone(),
        host: incident.host.clone(),
        // It has no map with keys that are not text: it can always be written.
        body: serde_json::to_string(incident).unwrap_or_default(),
    })
}

/// Writes what became of an incident, unless somebody else changed it meanwhile: false then.
pub fn replace(index: &Index, before: Option<&Incident>, after: &Incident) -> Result<bool, IndexError> {
    index.alone(|| {
        let all = incidents(index, Some(&after.environment))?;
        let there = all.iter().find(|i| i.policy == after.policy && i.host == after.host);
        let same = there == before;
        if same && there != Some(after) {
            keep(index, after)?;
        }
        Ok(same)
    })
}

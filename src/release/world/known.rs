//! Hosts with their variables: looked up once a slice. What could not be looked up is looked up again.

use crate::health::probe::target::{Target, looked_up};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the inventory may take.
const INVENTORY: Duration = Duration::from_secs(60);
/// One that could not be read is not read again sooner.
const AGAIN: Duration = Duration::from_secs(5);

/// What is known of hosts.
#[derive(Clone, Default)]
pub struct Known(Arc<Mutex<HashMap<Vec<String>, Slice>>>);

struct Slice {
    hosts: Arc<Vec<Target>>,
    /// When that was, where not all could be read.
    torn: Option<Instant>,
}

impl Known {
    /// The hosts with their variables, as far as they can be told.
    pub fn targets(&self, cwd: &Path, inventory: &[String], hosts: &[String]) -> Arc<Vec<Target>> {
        let mut slices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = |slice: &&Slice| slice.torn.is_none_or(|at| at.elapsed() < AGAIN);
        if let Some(slice) = slices.get(hosts).filter(holds) {
            return Arc::clone(&slice.hosts);
        }
        // Part of what was looked up before: in an undo nobody waits for the inventory once more.
        let all =
            |(of, slice): &(&Vec<String>, &Slice)| slice.torn.is_none() && hosts.iter().all(|host| of.contains(host));
        let part = slices.iter().find(all).map(|(_, slice)| {
            let of = |host: &String| slice.hosts.iter().find(|target| target.name == *host).cloned();
            hosts.iter().filter_map(of).collect()
        });
        let (found, whole) = part.map_or_else(|| looked_up(cwd, inventory, hosts, INVENTORY), |part| (part, true));
        let found = Arc::new(found);
        let torn = (!whole).then(Instant::now);
        slices.insert(hosts.to_vec(), Slice { hosts: Arc::clone(&found), torn });
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inventory_that_could_not_be_read_is_read_again_and_one_that_was_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let (known, inventory, hosts) = (Known::default(), ["hosts".to_owned()], ["w1".to_owned()]);
        let port = |known: &Known| known.targets(dir.path(), &inventory, &hosts)[0].fill("{port}");
        let vars = |text: &str| std::fs::write(dir.path().join("group_vars/all.yml"), text).unwrap();
        std::fs::create_dir(dir.path().join("group_vars")).unwrap();
        std::fs::write(dir.path().join("hosts"), "w1\n").unwrap();
        vars("port: [");
        assert_eq!(port(&known), "{port}");
        vars("port: 80");
        assert_eq!(port(&known), "{port}", "not at once");
        known.0.lock().unwrap().get_mut(hosts.as_slice()).unwrap().torn = Instant::now().checked_sub(AGAIN);
        assert_eq!(port(&known), "80");
        vars("port: 81");
        assert_eq!(port(&known), "80", "once a slice");
    }
}

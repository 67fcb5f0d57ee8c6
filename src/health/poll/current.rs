//! Whoever polls by the way (a screen, `opsdeck health`) gives way to a daemon that acts in the environment, and asks what the
//! project says now: it may stay open for days.

use super::{Options, work};
use crate::health::store::LEASE;
use crate::project::{Project, Severity};
use crate::state::Index;
use std::sync::Arc;
use std::time::SystemTime;

/// The project as its file says, read again when that was written.
pub struct Current {
    project: Arc<Project>,
    stamp: [Option<SystemTime>; 2],
}

impl Current {
    pub fn new(project: &Arc<Project>) -> Current {
        Current { project: Arc::clone(project), stamp: stamp(project) }
    }

    pub fn project(&self) -> Arc<Project> {
        Arc::clone(&self.project)
    }

    pub fn is_old(&self) -> bool {
        stamp(&self.project) != self.stamp
    }

    /// Reads it again where it was written; what has a mistake in it is not gone by. Blocking.
    pub fn read(mut self) -> Current {
        if !self.is_old() {
            return self;
        }
        self.stamp = stamp(&self.project);
        match Project::discover(&self.project.root) {
            Ok(project) if project.problems.iter().all(|problem| problem.severity != Severity::Error) => {
                self.project = Arc::new(project);
            }
            Ok(_) => tracing::warn!("health: there is a mistake in opsdeck.yaml; the checks stay as they were"),
            Err(e) => tracing::warn!("health: {e}; the checks stay as they were"),
        }
        self
    }
}

fn stamp(project: &Project) -> [Option<SystemTime>; 2] {
    ["opsdeck.yaml", "opsdeck.yml"].map(|name| project.root.join(name).metadata().and_then(|m| m.modified()).ok())
}

/// A daemon acts there and polls itself. What cannot be read is no reason to stop asking.
pub fn is_served(options: &Options) -> bool {
    let beat = || Index::open(&options.state).and_then(|index| index.last_beat(&options.scope()));
    !options.lasts && beat().ok().flatten().is_some_and(|beat| (work::now() - beat.at).abs() < LEASE)
}

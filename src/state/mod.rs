//! The state directory: where everything that processes share lies. Layout here; the two databases (`control`: what people
//! decided, leases; `index`: derived), locks and process identities in the files beside. Nothing here knows what a run's
//! events mean.

pub mod access;
pub mod alerts;
pub mod answer;
pub mod beats;
pub mod breakers;
pub mod child;
pub mod clock;
mod clock_set;
pub mod control;
pub mod db;
pub mod file;
pub mod health;
pub mod home;
pub mod identity;
pub mod index;
pub mod leases;
mod legacy;
pub mod lines;
pub mod lock;
pub mod operator;
pub mod outbox;
pub mod outbox_since;
pub mod patience;
pub mod presence;
pub mod recovery;
pub mod runs;
pub mod seen;
pub mod silences;
pub mod syslog;
pub mod tree;

pub use access::Access;
pub use answer::Answer;
pub use control::Control;
pub use db::DbError;
pub use home::Home;
pub use identity::{Identity, Life};
pub use index::Index;
pub use lock::Lock;
pub use runs::{Filter, RunRow};

use std::path::{Path, PathBuf};

/// A state directory. Cheap to clone; creates nothing until asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateDir {
    root: PathBuf,
}

impl StateDir {
    /// The state directory at `root`.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The state directory that a person means: the one given (a flag or `OPSDECK_STATE`), else
    /// `$XDG_STATE_HOME/opsdeck`, else `~/.local/state/opsdeck`.
    pub fn find(given: Option<&Path>) -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|v| Path::new(v).is_absolute()).map(PathBuf::from);
        let root = match given {
            // The supervisor runs elsewhere: the path must mean the same there.
            Some(path) => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            None => set("XDG_STATE_HOME")
                .or_else(|| set("HOME").map(|h| h.join(".local/state")))
                .unwrap_or_else(|| PathBuf::from("/var/tmp"))
                .join("opsdeck"),
        };
        Self { root }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `control.db`: leases and what people decided (SQLite, WAL).
    pub fn control(&self) -> PathBuf {
        self.root.join("control.db")
    }

    /// `index.db`: lists of runs and last values, derived (a link to an SQLite database, WAL).
    pub fn index(&self) -> PathBuf {
        self.root.join("index.db")
    }

    /// `index.lacks`: as long as it is there, a run may have no row in the index.
    pub fn index_lacks(&self) -> PathBuf {
        self.root.join("index.lacks")
    }

    /// Folder of marks: runs whose launcher has not listed them yet.
    pub fn unlisted(&self) -> PathBuf {
        self.root.join("unlisted")
    }

    /// `opsdeck.db`: what version 0.1 had in place of both.
    pub fn legacy(&self) -> PathBuf {
        self.root.join("opsdeck.db")
    }

    /// `audit.db`: the ledger (SQLite, INSERT only).
    pub fn audit(&self) -> PathBuf {
        self.root.join("audit.db")
    }

    /// `runs/`: one folder a run.
    pub fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    /// Ids of the runs that have a folder, oldest first. None where there is no folder of runs yet.
    ///
    /// # Errors
    /// The folder can't be read.
    pub fn run_ids(&self) -> std::io::Result<Vec<uuid::Uuid>> {
        let folder = self.runs();
        let entries = match std::fs::read_dir(&folder) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(|e| file::at(&folder, "list", e))?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            let name = entry.map_err(|e| file::at(&folder, "list", e))?.file_name();
            // What has another name is no run: nothing of ours has.
            ids.extend(name.to_str().and_then(|name| uuid::Uuid::parse_str(name).ok()));
        }
        // UUIDv7: they sort by time.
        ids.sort_unstable();
        Ok(ids)
    }

    /// The folder of one run.
    pub fn run(&self, id: uuid::Uuid) -> RunDir {
        RunDir { path: self.runs().join(id.to_string()) }
    }

    /// `unrecorded/`: one empty file for each run that was launched under break-glass and that the ledger does not hold yet.
    pub fn unrecorded(&self) -> PathBuf {
        self.root.join("unrecorded")
    }

    /// `lease.whole`: the lease on all hosts, for whoever cannot take one in control.db.
    pub fn whole_lease(&self) -> PathBuf {
        self.root.join("lease.whole")
    }

    /// `resolvers/`: a socket for each process that lends its helpers.
    pub fn resolvers(&self) -> PathBuf {
        self.root.join("resolvers")
    }

    /// `plugins/`: our callback plugin, a folder a version.
    pub fn plugins(&self) -> PathBuf {
        self.root.join("plugins")
    }

    /// `home`: which directory this is, and where it was made.
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// `opsdeck.log`: opsdeck's own log.
    pub fn log(&self) -> PathBuf {
        self.root.join("opsdeck.log")
    }
}

/// The folder of one run, complete in itself: copied elsewhere it can still be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDir {
    path: PathBuf,
}

impl RunDir {
    /// A run folder that lies anywhere (a copy, for instance).
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `spec.yaml`: what was asked, frozen.
    pub fn spec(&self) -> PathBuf {
        self.path.join("spec.yaml")
    }

    /// `journal.jsonl`: every event of the run, in order.
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// `journal.foreign`: what others had added to the journal of a live run; its supervisor cut it off.
    pub fn foreign(&self) -> PathBuf {
        self.path.join("journal.foreign")
    }

    /// `doubt`: why what the journal tells is not believed, in words; not there where it is.
    pub fn doubt(&self) -> PathBuf {
        self.path.join("doubt")
    }

    /// `stop`: who stopped it while its supervisor did not hear and nothing of it was at work: nothing of it begins any more.
    pub fn stop(&self) -> PathBuf {
        self.path.join("stop")
    }

    /// `snapshot.bin`: the folded state up to some byte of the journal; only ever a cache.
    pub fn snapshot(&self) -> PathBuf {
        self.path.join("snapshot.bin")
    }

    /// `control.sock`: commands to the supervisor.
    pub fn control(&self) -> PathBuf {
        self.path.join("control.sock")
    }

    /// `values/`: FIFOs through which secret variables were asked for; gone with the supervisor.
    pub fn values(&self) -> PathBuf {
        self.path.join("values")
    }

    /// `guard`: locked by the parent of its supervisors while it lives.
    pub fn guard(&self) -> PathBuf {
        self.path.join("guard")
    }

    /// `lock`: held by the supervisor as long as it lives.
    pub fn lock(&self) -> PathBuf {
        self.path.join("lock")
    }

    /// `watched`: shared by whoever watches it.
    pub fn watched(&self) -> PathBuf {
        self.path.join("watched")
    }

    /// `supervisor.log`: what the supervisor and the step runner had to say; empty when all is well.
    pub fn supervisor_log(&self) -> PathBuf {
        self.path.join("supervisor.log")
    }

    /// Numbers of the steps that have a folder, in order.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn steps(&self) -> std::io::Result<Vec<u32>> {
        let path = self.path.join("steps");
        let entries = match std::fs::read_dir(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|e| file::at(&path, "read", e))?,
        };
        let mut steps = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| file::at(&path, "read", e))?;
            steps.extend(entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()));
        }
        steps.sort_unstable();
        Ok(steps)
    }

    /// `steps/<n>/`: one child process; `n` counts from 1.
    pub fn step(&self, n: u32) -> StepDir {
        StepDir { path: self.path.join("steps").join(n.to_string()) }
    }
}

/// The folder of one child process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepDir {
    path: PathBuf,
}

impl StepDir {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `stdout.log`: every byte the child printed, untouched.
    pub fn stdout(&self) -> PathBuf {
        self.path.join("stdout.log")
    }

    /// `stderr.log`: likewise.
    pub fn stderr(&self) -> PathBuf {
        self.path.join("stderr.log")
    }

    /// `events.jsonl`: what Ansible's callback wrote, with full results.
    pub fn events(&self) -> PathBuf {
        self.path.join("events.jsonl")
    }

    /// Folder of outputs that are too long for a result.
    pub fn outputs(&self) -> PathBuf {
        self.path.join("output")
    }

    /// `lock`: held by the step runner as long as it lives; whoever holds it may start the child, once.
    pub fn lock(&self) -> PathBuf {
        self.path.join("lock")
    }

    /// `command.json`: what to start, with paths of secret channels but no secret.
    pub fn command(&self) -> PathBuf {
        self.path.join("command.json")
    }

    /// `vars.json`: variables for the child; gone when it has ended.
    pub fn vars(&self) -> PathBuf {
        self.path.join("vars.json")
    }

    /// `secrets/`: FIFOs through which the child reads passwords; gone when the step runner is.
    pub fn secrets(&self) -> PathBuf {
        self.path.join("secrets")
    }

    /// `stop`: as soon as it exists, the callback starts no other task.
    pub fn stop(&self) -> PathBuf {
        self.path.join("stop")
    }

    /// `pid`: identities of the step runner and of the child (JSON), written before the child is waited for.
    pub fn pid(&self) -> PathBuf {
        self.path.join("pid")
    }

    /// `exit`: how the child ended (JSON), written last (tmp, fsync, rename).
    pub fn exit(&self) -> PathBuf {
        self.path.join("exit")
    }
}

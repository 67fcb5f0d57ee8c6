//! Hosts, groups, variables and host patterns: read natively, exactly as Ansible reads them, or declined; and checked
//! against the real `ansible-inventory`, which also reads scripts and plugin sources.
//!
//! Nothing here knows runs or screens. Secrets are never asked for: encrypted values stay opaque.

pub mod ask;
mod dump;
mod list;
mod order;
mod parse;
mod pattern;
mod settings;
mod source;
mod store;
mod value;
mod vars;
mod verify;

pub use order::Members;
pub use pattern::{PatternError, Selection};
pub use store::{GroupId, HostId, LOCALHOST};
pub use value::Value;
pub use vars::{HostVars, Var};
pub use verify::verify;

use crate::project::cfg::Env;
use crate::yaml::Mark;
use settings::Settings;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use store::{Place, Stop, Store};

/// Why the native engine leaves an answer to Ansible.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Declined {
    /// The file, if one is the reason.
    pub file: Option<PathBuf>,
    pub mark: Option<Mark>,
    /// The reason, a clause such as "it is an inventory script".
    pub why: String,
    /// It is larger than is sane, or never ends: Ansible would fare no better, and is not asked.
    pub hopeless: bool,
}

impl std::error::Error for Declined {}

impl fmt::Display for Declined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}", file.display())?;
            if let Some(mark) = self.mark {
                write!(f, ":{}:{}", mark.line, mark.column)?;
            }
            write!(f, ": ")?;
        }
        write!(f, "{}", self.why)
    }
}

/// Something in a source that Ansible passes over, and an operator should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The file or folder.
    pub file: Option<PathBuf>,
    pub mark: Option<Mark>,
    /// What was found and expected.
    pub text: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, mark, text } = self.clone();
        Declined { file, mark, why: text, hopeless: false }.fmt(f)
    }
}

/// Where something was defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file as Ansible names it.
    pub file: Arc<str>,
    /// Line from 1; `None` where Ansible's own answer does not tell.
    pub line: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Native,
    /// `ansible-inventory` did; its variables are merged already and have no places.
    Ansible,
    /// The operator's own Ansible did, with the order of hosts; it holds the variables that were asked for.
    Resolved,
}

/// An inventory in memory. Topology is complete; variable files are read when first asked for.
#[derive(Debug)]
pub struct Inventory {
    engine: Engine,
    root: PathBuf,
    sources: Vec<String>,
    store: Store,
    warnings: Vec<Warning>,
    settings: Settings,
    members: Vec<OnceLock<Members>>,
    files: vars::Files,
}

/// What a caller may set.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The environment that Ansible would see.
    pub env: Env,
}

impl Options {
    pub fn current() -> Self {
        Self { env: Env::current() }
    }
}

impl Inventory {
    /// Reads `sources` (as given to `-i`) as Ansible would in `root`. Variable files are not touched yet.
    ///
    /// # Errors
    /// Why only Ansible can read them: see [`ask`].
    pub fn load(root: &Path, sources: &[String], options: &Options) -> Result<Self, Declined> {
        let root = std::path::absolute(root).unwrap_or_else(|_| root.to_path_buf());
        let settings = Settings::of(&root, &options.env);
        if let Some(declined) = &settings.hosts {
            return Err(declined.clone());
        }
        let mut reader = source::Reader { root: &root, settings: &settings, store: Store::new(), warnings: Vec::new() };
        let mut parsed = false;
        for source in sources.iter().filter(|s| !s.is_empty()) {
            parsed |= reader.source(source)?;
        }
        let source::Reader { mut store, mut warnings, .. } = reader;
        if parsed {
            store.reconcile().map_err(|stop| match stop {
                Stop::Wrong(why) | Stop::Unsure(why) => Declined { why, ..Declined::default() },
                Stop::TooLarge(why) => Declined { why, hopeless: true, ..Declined::default() },
            })?;
        } else {
            let text = "no source could be read: only the implicit localhost is there".to_owned();
            warnings.push(Warning { file: None, mark: None, text });
        }
        warnings.extend(both_names(&store));
        Ok(Self::assemble(Engine::Native, root, sources.to_vec(), store, warnings, settings))
    }

    fn assemble(
        engine: Engine,
        root: PathBuf,
        sources: Vec<String>,
        store: Store,
        warnings: Vec<Warning>,
        settings: Settings,
    ) -> Self {
        let members = store.groups.iter().map(|_| OnceLock::new()).collect();
        let files = vars::Files::default();
        Self { engine, root, sources, store, warnings, settings, members, files }
    }

    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// How many hosts there are.
    pub fn host_count(&self) -> usize {
        self.store.hosts.len()
    }

    /// All hosts in the order of their definition.
    pub fn hosts(&self) -> impl Iterator<Item = HostId> + '_ {
        (0..self.store.hosts.len() as u32).map(HostId)
    }

    /// The host of that name.
    pub fn host(&self, name: &str) -> Option<HostId> {
        self.store.host_ids.get(name).copied()
    }

    /// A host's name; also of the implicit localhost that a selection may hold.
    pub fn host_name(&self, id: HostId) -> &str {
        match self.store.hosts.get(id.0 as usize) {
            Some(host) => &host.name,
            None => LOCALHOST.get((u32::MAX - id.0) as usize).copied().unwrap_or_default(),
        }
    }

    /// Where a host was first named.
    pub fn host_origin(&self, id: HostId) -> Option<Origin> {
        self.origin(self.store.hosts.get(id.0 as usize)?.place)
    }

    /// The groups that name a host themselves.
    pub fn direct_groups_of(&self, id: HostId) -> &[GroupId] {
        self.store.hosts.get(id.0 as usize).map_or(&[], |host| &host.groups)
    }

    /// All groups of a host but `all`, in the order in which their variables apply: later wins.
    pub fn groups_of(&self, id: HostId) -> Vec<GroupId> {
        let direct = self.direct_groups_of(id).iter().copied();
        let mut groups = self.store.ancestors(direct.clone());
        groups.extend(direct);
        groups.remove(&store::ALL);
        let mut sorted: Vec<GroupId> = groups.into_iter().collect();
        sorted.sort_by(|a, b| {
            let (a, b) = (self.store.group(*a), self.store.group(*b));
            (a.depth, a.priority, &a.name).cmp(&(b.depth, b.priority, &b.name))
        });
        sorted
    }

    /// All groups in the order of their definition; `all` and `ungrouped` come first.
    pub fn groups(&self) -> impl Iterator<Item = GroupId> + '_ {
        (0..self.store.groups.len() as u32).map(GroupId)
    }

    /// The group of that name.
    pub fn group(&self, name: &str) -> Option<GroupId> {
        self.store.group_ids.get(name).copied()
    }

    pub fn group_name(&self, id: GroupId) -> &str {
        &self.store.group(id).name
    }

    /// A group's depth below `all`.
    pub fn group_depth(&self, id: GroupId) -> u32 {
        self.store.group(id).depth
    }

    /// The groups right below a group, in order.
    pub fn children_of(&self, id: GroupId) -> &[GroupId] {
        &self.store.group(id).children
    }

    /// The groups right above a group.
    pub fn parents_of(&self, id: GroupId) -> &[GroupId] {
        &self.store.group(id).parents
    }

    /// The hosts that a group names itself, in order.
    pub fn direct_hosts_of(&self, id: GroupId) -> &[HostId] {
        &self.store.group(id).hosts
    }

    /// Where a group was first named.
    pub fn group_origin(&self, id: GroupId) -> Option<Origin> {
        self.origin(self.store.group(id).place)
    }

    /// What Ansible passes over in the sources.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    fn origin(&self, place: Place) -> Option<Origin> {
        let file = self.store.files.get(place.file as usize).filter(|_| place.line > 0)?;
        Some(Origin { file: file.clone(), line: Some(place.line) })
    }
}

/// What Ansible makes of a value in an INI file: a Python literal, or text.
///
/// # Errors
/// Why only Ansible can say.
pub fn ini_value(text: &str) -> Result<Value, &'static str> {
    parse::literal::eval(text)
}

/// The words of a text, as Python's `shlex.split` cuts them: of `ansible_ssh_common_args`, for instance.
///
/// # Errors
/// Python's own words: an open quote, or a `\` at the end.
pub fn words(text: &str) -> Result<Vec<String>, &'static str> {
    parse::shlex::words(text)
}

fn both_names(store: &Store) -> impl Iterator<Item = Warning> + '_ {
    store.groups.iter().filter(|group| store.host_ids.contains_key(&group.name)).map(|group| Warning {
        file: None,
        mark: None,
        text: format!("`{}` is both a host and a group: variables of the host go to the group", group.name),
    })
}

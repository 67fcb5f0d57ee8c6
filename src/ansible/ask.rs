//! What a person asks of Ansible, in Ansible's own terms; becomes an argv in `command`.

use serde::{Deserialize, Serialize};

/// The kinds of run that are one command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Ask {
    /// `ansible PATTERN -m MODULE -a ARGS`.
    Adhoc(Adhoc),
    /// `ansible-playbook PLAYBOOK`.
    Playbook(Play),
    /// `opsdeck sh PATTERN -- COMMAND`: as `ansible -m shell`, over warm connections where that can be.
    Shell(Shell),
}

/// What `ansible` and `ansible-playbook` share.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Common {
    /// Inventory sources, as given to `-i`, in order.
    #[serde(default)]
    pub inventory: Vec<String>,
    /// `--limit`.
    pub limit: Option<String>,
    /// `--become`.
    #[serde(default)]
    pub r#become: bool,
    /// `--become-user`.
    pub become_user: Option<String>,
    /// `--user`.
    pub user: Option<String>,
    /// `--forks`.
    pub forks: Option<u32>,
    /// `--check`.
    #[serde(default)]
    pub check: bool,
    /// `--diff`.
    #[serde(default)]
    pub diff: bool,
    /// `--extra-vars`, in order: later ones win.
    #[serde(default)]
    pub extra_vars: Vec<ExtraVars>,
    /// How many `-v`.
    #[serde(default)]
    pub verbosity: u8,
}

/// What stands behind one `--extra-vars`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ExtraVars {
    Text(String),
    /// Variables that travel as secrets: their names, in the place where they count.
    Secret {
        secret: Vec<String>,
    },
}

impl ExtraVars {
    /// As written, if it is.
    pub fn text(&self) -> Option<&str> {
        match self {
            ExtraVars::Text(text) => Some(text),
            ExtraVars::Secret { .. } => None,
        }
    }

    /// Names of the variables that travel as secrets.
    pub fn secret(&self) -> &[String] {
        match self {
            ExtraVars::Text(_) => &[],
            ExtraVars::Secret { secret } => secret,
        }
    }
}

impl<T: Into<String>> From<T> for ExtraVars {
    fn from(text: T) -> Self {
        ExtraVars::Text(text.into())
    }
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Adhoc {
    pub pattern: String,
    pub module: String,
    /// Module arguments (`-a`), as written.
    pub args: Option<String>,
    #[serde(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Play {
    /// Playbook file, relative to `cwd` where it lies below it.
    pub playbook: String,
    /// `--tags`.
    #[serde(default)]
    pub tags: Vec<String>,
    /// `--skip-tags`.
    #[serde(default)]
    pub skip_tags: Vec<String>,
    /// `--start-at-task`.
    pub start_at_task: Option<String>,
    #[serde(flatten)]
    pub common: Common,
}

/// Bytes of long outputs that a run keeps where nobody says how many.
pub const MAX_OUTPUT: u64 = 1 << 30;

/// A command line for the shell of many hosts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Shell {
    pub pattern: String,
    /// For `/bin/sh -c`, exactly as written: nothing in it is a template.
    pub command: String,
    /// Seconds that it may run on a host.
    pub timeout: u32,
    /// Bytes of long outputs that its run keeps at most; `None`: [`MAX_OUTPUT`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output: Option<u64>,
    /// Shared options; of them inventory, limit, become, become_user, user and forks.
    #[serde(flatten)]
    pub common: Common,
}

impl Ask {
    /// `adhoc`, `playbook` or `shell`.
    pub fn kind(&self) -> &'static str {
        match self {
            Ask::Adhoc(_) => "adhoc",
            Ask::Playbook(_) => "playbook",
            Ask::Shell(_) => "shell",
        }
    }

    pub fn common(&self) -> &Common {
        match self {
            Ask::Adhoc(a) => &a.common,
            Ask::Playbook(p) => &p.common,
            Ask::Shell(s) => &s.common,
        }
    }

    /// The shared options, to change them.
    pub fn common_mut(&mut self) -> &mut Common {
        match self {
            Ask::Adhoc(a) => &mut a.common,
            Ask::Playbook(p) => &mut p.common,
            Ask::Shell(s) => &mut s.common,
        }
    }

    /// One line for lists: `service name=nginx state=restarted`, `deploy.yml`, `df -h /`.
    pub fn title(&self) -> String {
        match self {
            Ask::Adhoc(a) => format!("{} {}", a.module, a.args.as_deref().unwrap_or("")).trim_end().to_owned(),
            Ask::Playbook(p) => p.playbook.clone(),
            Ask::Shell(s) => s.command.clone(),
        }
    }
}

//! Stages and steps of a release, as written.

use crate::project::config::text::Text;
use crate::yaml::Mark;

/// A stage.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Groups one after another, the steps of a group at once.
    pub groups: Vec<Vec<Step>>,
    /// The first failure of a group stops the others.
    pub fail_fast: bool,
}

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Where it stands.
    pub mark: Mark,
    /// What a person reads.
    pub name: Option<String>,
    /// What it does.
    pub kind: StepKind,
    /// Seconds.
    pub timeout: Option<u32>,
    /// Tries after the first.
    pub retries: u32,
    /// May be done twice; `None`: not said.
    pub idempotent: Option<bool>,
    /// Nothing brings back what it does.
    pub irreversible: bool,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// A program here.
    Command(Vec<Text>),
    /// A playbook.
    Playbook {
        /// Its path.
        path: Text,
        /// `--tags`.
        tags: Vec<String>,
        /// `--skip-tags`.
        skip_tags: Vec<String>,
        /// Options that it shares with ad-hoc commands.
        options: Options,
    },
    /// An ad-hoc command.
    Adhoc {
        /// Module.
        module: String,
        /// Its arguments, for Ansible's own templates.
        args: Option<String>,
        /// Options that it shares with playbooks.
        options: Options,
    },
    /// A request.
    Http(Http),
    /// So many people must agree.
    Approval(u8),
    /// A person must look.
    Pause {
        /// At what.
        message: String,
        /// Goes on by itself after so many seconds.
        seconds: Option<u32>,
    },
    /// A gate, by its name.
    Gate(Text),
    /// Moves traffic.
    Switch,
}

/// What playbooks and ad-hoc commands share.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// Pattern of hosts, outside of the deploy stage.
    pub hosts: Option<Text>,
    /// `--become`.
    pub r#become: bool,
    /// `--become-user`.
    pub become_user: Option<String>,
    /// `--forks`.
    pub forks: Option<u32>,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Http {
    /// Address.
    pub url: Text,
    /// Method; `None`: GET, with a body POST.
    pub method: Option<String>,
    /// Headers.
    pub headers: Vec<(String, Text)>,
    /// Body.
    pub body: Option<Text>,
    /// Good statuses.
    pub status: Vec<u16>,
    /// Text that the answer must hold.
    pub contains: Option<Text>,
}

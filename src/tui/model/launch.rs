//! What the Launch screen knows, what arrives for it and what it wants done.

use crate::ansible::Ask;
use crate::ansible::ask::Common;
use crate::ansible::ask::ExtraVars;
use crate::ansible::doc::Module;
use crate::ansible::doc::ModuleDoc;
use crate::ansible::prompts::Scan;
use crate::ansible::secrets::SecretName;
use crate::run::Launched;
use crate::run::fan::engines::Given;
use crate::run::targets::Targets;
use crate::tui::list::List;
use crate::tui::model::asked::Asked;
use crate::tui::model::secrets::Sealed;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::secret::Secret;
use uuid::Uuid;

/// What this screen wants done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    Modules,
    Doc(String),
    /// Look what a playbook would ask, given these extra vars.
    Scan {
        playbook: String,
        extra_vars: Vec<ExtraVars>,
    },
    /// Find out which hosts it is for, and who holds them.
    Aim {
        /// As `Form::aim` says it.
        aim: String,
        ask: Box<Ask>,
        /// The hosts that its limit names, where that is known.
        only: Option<Vec<String>>,
        given: Given,
    },
    Launch {
        /// What, and which hosts the person was shown.
        request: Sealed,
    },
}

/// What arrives for this screen.
#[derive(Debug)]
pub enum Data {
    /// The modules that can be used here.
    Modules(Result<Vec<Module>, String>),
    Doc {
        /// The name as it was asked for.
        module: String,
        /// It, or why there is none.
        result: Result<ModuleDoc, String>,
    },
    /// What a playbook would ask.
    Scan { playbook: String, extra_vars: Vec<ExtraVars>, scan: Scan },
    /// What is known of the targets.
    Aim {
        /// As `Form::aim` said it.
        aim: String,
        /// The hosts that it would touch.
        targets: Targets,
        /// Who holds some of them, in words; `None`: nobody.
        holder: Option<String>,
    },
    /// Which engine runs a shell command on how many hosts, in words.
    Engines(String),
    /// It was launched, or nothing was started, for a reason.
    Launched(Result<Launched, String>),
}

/// Its state. Dropped, and its secrets wiped, when it is left or has launched.
#[derive(Debug, Default)]
pub struct Launch {
    /// The form; `None`: the menu of runbooks.
    pub form: Option<Form>,
    /// The hosts that another screen has chosen, as a pattern; `None`: those that are meant on Fleet.
    pub of: Option<String>,
    pub menu: List,
    /// Modules for completion; `None`: still asked for.
    pub modules: Option<Result<Vec<Module>, String>>,
    /// Documentation of the module in the form.
    pub doc: Option<Asked<ModuleDoc>>,
    /// What the playbook in the form would ask; asked anew for each playbook.
    pub scan: Option<Asked<Scan>>,
    /// The hosts that it would touch, and for which targets that was found out.
    pub hosts: Option<(String, Targets)>,
    /// Which engine runs a shell command on how many hosts.
    pub engines: Option<String>,
    /// Who holds hosts of the targets.
    pub holder: Option<String>,
    /// It is being launched: the key does nothing a second time.
    pub busy: bool,
    /// Why the last try started nothing.
    pub problem: Option<String>,
}

#[derive(Debug)]
pub struct Form {
    pub kind: Kind,
    pub env: usize,
    pub items: Vec<Item>,
    /// The line that has the keyboard.
    pub focus: usize,
    /// Place in the list of completions.
    pub choice: usize,
    /// What is asked beyond these lines: all that a run had which is repeated.
    pub rest: Common,
    /// The run that is repeated.
    pub again: Option<Again>,
}

/// A run that is repeated.
#[derive(Debug)]
pub struct Again {
    pub run: Uuid,
    /// Passwords that it had. They were never kept, and are typed anew.
    pub secrets: Vec<SecretName>,
    /// Its limit as it was filled in, and the hosts that it names, where that is known.
    pub only: Option<(String, Vec<String>)>,
}

#[derive(Debug)]
pub struct Item {
    pub id: Id,
    /// What is in front of it.
    pub label: String,
    pub value: Value,
}

/// What stands in a line.
#[derive(Debug)]
pub enum Value {
    Text(Field),
    /// Yes or no.
    Flag(bool),
    Secret(Secret),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Id {
    Targets,
    Module,
    Args,
    Command,
    /// Seconds that a shell command may run on a host.
    Patience,
    Playbook,
    Limit,
    Tags,
    SkipTags,
    ExtraVars,
    Become,
    Check,
    Diff,
    Forks,
    User,
    Timeout,
    StartAt,
    /// Vault ids whose passwords are asked for, a line each.
    VaultIds,
    /// The pauses of the playbook are known, and skipped.
    SkipPauses,
    /// A password or a private answer.
    Secret(SecretName),
    /// An answer to `vars_prompt`, by the variable's name.
    Answer(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Adhoc,
    Playbook,
    /// A shell command on hosts, over SSH.
    Shell,
}

//! What arrives for Launch, and what it wants done.

use crate::ansible::Ask;
use crate::ansible::ask::ExtraVars;
use crate::ansible::doc::{Module, ModuleDoc};
use crate::ansible::prompts::Scan;
use crate::run::Launched;
use crate::run::fan::engines::Given;
use crate::run::targets::Targets;
use crate::tui::model::secrets::Sealed;

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
        /// As [`super::form::Form::aim`] said it.
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
        /// As [`super::form::Form::aim`] says it.
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

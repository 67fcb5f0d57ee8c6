//! `--break-glass REASON`: the option that all verbs share which launch something.

/// Launching although the ledger cannot take it.
#[derive(Debug, Clone, clap::Args)]
pub struct Glass {
    /// Launch although the audit ledger (or control.db) cannot be used, and say why: recorded late; nothing else is skipped
    #[arg(long, value_name = "REASON")]
    break_glass: Option<String>,
}

impl Glass {
    /// Why, where a person said so.
    pub fn reason(&self) -> Option<String> {
        self.break_glass.clone()
    }

    /// A person said so.
    pub fn is_broken(&self) -> bool {
        self.break_glass.is_some()
    }
}

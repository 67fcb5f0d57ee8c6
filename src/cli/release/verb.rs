//! What can be asked of a release on a command line: the verbs with their options and help.

use crate::cli::glass::Glass;
use crate::cli::passwords::Passwords;
use crate::release::state::Mark;

/// The end of a verb's help: an example, then its exit codes.
macro_rules! help {
    ($example:literal) => {
        concat!(
            "Example:\n  opsdeck ",
            $example,
            "\n\nExit codes: 0 done, or under way and recorded; 1 no such release, or nobody answers; 64 refused."
        )
    };
}

/// The verbs of people on a release, in the order of the help.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Approve a release that waits for people; never one's own
    #[command(after_help = help!("approve last --digest 3f9a1c..."))]
    Approve {
        /// Which release.
        #[command(flatten)]
        on: On,
        /// Only if its plan has this digest: the one that was looked at
        #[arg(long, value_name = "SHA256")]
        digest: Option<String>,
    },
    /// End a release before it changes anything
    #[command(after_help = help!("reject last --reason 'the window is over'"))]
    Reject {
        /// Which release.
        #[command(flatten)]
        on: On,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Let a release wait at its next boundary
    #[command(after_help = help!("pause last --reason 'looking at the errors of batch 1'"))]
    Pause {
        /// Which release.
        #[command(flatten)]
        on: On,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Let a paused release go on
    #[command(after_help = help!("resume last"))]
    Resume {
        /// Which release.
        #[command(flatten)]
        on: On,
        /// Break-glass.
        #[command(flatten)]
        glass: Glass,
    },
    /// Let a release go on, and stop for nothing but failures any more
    #[command(after_help = help!("promote last"))]
    Promote {
        /// Which release.
        #[command(flatten)]
        on: On,
    },
    /// Leave out a gate or a guard that a release waits for
    #[command(after_help = help!("skip last gate --reason 'INC-4711: the probe is broken'"))]
    Skip {
        /// Which release.
        #[command(flatten)]
        on: On,
        /// The gate's name, or what it waits for as it is written there
        what: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Run the steps of the current batch again on the hosts that are not new
    #[command(after_help = help!("retry last"))]
    Retry {
        /// Which release.
        #[command(flatten)]
        on: On,
        /// Break-glass.
        #[command(flatten)]
        glass: Glass,
    },
    /// Undo a release: traffic first, then hosts; without approval
    #[command(after_help = help!("rollback last --reason 'errors rise'"))]
    Rollback {
        /// Which release.
        #[command(flatten)]
        on: On,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// Break-glass.
        #[command(flatten)]
        glass: Glass,
    },
    /// Say what a host is, where it cannot be asked; needs two people
    #[command(after_help = help!("mark last web03.eu new"))]
    Mark {
        /// Which release.
        #[command(flatten)]
        on: On,
        /// The host
        host: String,
        /// What it is
        #[arg(value_enum)]
        mark: What,
    },
    /// End a release with hosts of two versions; needs two people
    #[command(after_help = help!("accept-mixed last --reason 'web03 is replaced tomorrow'"))]
    AcceptMixed {
        /// Which release.
        #[command(flatten)]
        on: On,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Take the environment's lease from whoever holds it
    #[command(after_help = help!("take-over last --reason 'bob is asleep, INC-4711'"))]
    TakeOver {
        /// Which release.
        #[command(flatten)]
        on: On,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Give a release its passwords again: they died with the supervisor that had them
    #[command(after_help = help!("passwords last -K"))]
    #[command(name = "passwords")]
    GivePasswords {
        /// Which release.
        #[command(flatten)]
        on: On,
        /// Which passwords.
        #[command(flatten)]
        passwords: Passwords,
    },
    /// Print a release's story as Markdown: who, what, when, why
    #[command(
        after_help = "Example:\n  opsdeck timeline last > handover.md\n\nExit codes: 0 printed, 1 no such release."
    )]
    Timeline {
        /// The release: its run's id, the beginning of it, or `last`
        run: String,
        /// Print JSON: the state and every event with its time
        #[arg(long)]
        json: bool,
    },
}

/// Which release, and how the answer is printed.
#[derive(Debug, clap::Args)]
pub struct On {
    /// The release: its run's id, the beginning of it, or `last`
    pub run: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What a person can say that a host is.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum What {
    /// It has the new version
    New,
    /// It has the old version
    Old,
    /// It is broken
    Failed,
}

impl From<What> for Mark {
    fn from(what: What) -> Mark {
        match what {
            What::New => Mark::New,
            What::Old => Mark::Old,
            What::Failed => Mark::Failed,
        }
    }
}

impl Verb {
    /// Break-glass, where it has that.
    pub fn glass(&self) -> Option<&Glass> {
        match self {
            Verb::Resume { glass, .. } | Verb::Retry { glass, .. } | Verb::Rollback { glass, .. } => Some(glass),
            _ => None,
        }
    }
}

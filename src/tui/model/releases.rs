//! What the Releases screen knows, what arrives for it and what it wants done.

use crate::api::Built;
use crate::api::Offer;
use crate::tui::list::List;
use crate::tui::model::secrets::Kept;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::secret::Secret;
use uuid::Uuid;

/// What this screen wants done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// List what can be released.
    List {
        env: usize,
    },
    Build(Order),
    /// Submit the plan that was seen.
    Submit(Built, Kept),
    /// Run its deploy steps in check mode, with diffs.
    Rehearse(Built, Kept),
}

/// What a plan is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub env: usize,
    pub release: String,
    pub version: String,
    /// Version that runs now, where no stable one is known.
    pub current: Option<String>,
    /// Bring it out although it is stable there already.
    pub again: bool,
    /// Extra variables as they were typed.
    pub vars: String,
}

/// What arrives for this screen.
#[derive(Debug)]
pub enum Data {
    /// What can be released in an environment.
    Offers {
        env: usize,
        /// The releases, or why they are not known.
        offers: Result<Vec<Offer>, String>,
    },
    Built {
        order: Order,
        /// It, or why there is none.
        built: Result<Built, String>,
    },
    /// It was submitted: the run, and what a person should know; or nothing was done, for a reason.
    Submitted(Result<(Uuid, Vec<String>), String>),
    /// Its deploy steps run in check mode: the first of these runs; or nothing was done, for a reason.
    Rehearsed(Result<Uuid, String>),
}

/// Its state. Dropped, and its passwords wiped, when it is left or has submitted.
#[derive(Debug, Default)]
pub struct Releases {
    /// The environment that it was opened for.
    pub env: usize,
    /// What can be released there; `None`: not known yet.
    pub offers: Option<Result<Vec<Offer>, String>>,
    pub list: List,
    pub fields: Fields,
    pub part: Part,
    /// What a plan was asked for, and the plan, or why there is none.
    pub built: Option<(Order, Option<Result<Built, String>>)>,
    /// First line of the plan in sight.
    pub top: usize,
    /// The version that a person asked to bring out although it is stable already.
    pub again: Option<String>,
    /// It is being submitted: the key does nothing a second time.
    pub busy: bool,
}

/// Which part has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Part {
    #[default]
    List,
    Version,
    /// The version that runs now, where none is known.
    Current,
    Vars,
    Password(usize),
    Plan,
}

#[derive(Debug, Default)]
pub struct Fields {
    pub version: Field,
    pub current: Field,
    pub vars: Field,
    /// In the order of `secret::passwords`.
    pub passwords: [Secret; 3],
    /// They are on the screen.
    pub asked: bool,
}

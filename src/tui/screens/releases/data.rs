//! What arrives for the list of releases, and what it wants done.

pub use crate::api::{Built, Offer};
use crate::tui::effect;
use crate::tui::model::Model;
use crate::tui::model::screen::Request;
use crate::tui::model::secrets::Kept;
use crate::tui::msg::Level;
use uuid::Uuid;

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

pub fn arrived(model: &mut Model, data: Data) -> Vec<effect::Effect> {
    let s = &mut model.releases;
    match data {
        Data::Offers { env, offers } if env == s.env => s.offers = Some(offers),
        Data::Built { order, built } => {
            if let Some((asked, answer)) = &mut s.built
                && *asked == order
            {
                *answer = Some(built);
            }
        }
        Data::Submitted(Ok((id, warnings))) => {
            warnings.into_iter().for_each(|w| model.toast(Level::Warning, w));
            // Back from the release one comes to where one was before.
            model.stack.retain(|screen| screen.id != super::SCREEN.id);
            model.releases = super::Releases::default();
            return model.ask(Request::Run(id));
        }
        Data::Submitted(Err(why)) => {
            s.busy = false;
            model.toast(Level::Error, format!("not submitted: {why}"));
        }
        Data::Rehearsed(answer) => {
            s.busy = false;
            match answer {
                // The plan stays below it: esc leads back to it.
                Ok(id) => return model.ask(Request::Run(id)),
                Err(why) => model.toast(Level::Error, format!("not tried: {why}")),
            }
        }
        Data::Offers { .. } => {}
    }
    vec![]
}

//! What arrives for the live view, and what it wants done.

use crate::release::alerts::Beside;
use crate::release::machine::Verb;
use crate::release::state::Consent;
use crate::tui::effect;
use crate::tui::model::Model;
use crate::tui::model::screen::Request;
use crate::tui::model::secrets::Kept;
use crate::tui::msg::Level;
use uuid::Uuid;

/// What arrives for this screen. What comes for another run than the one in sight is late, and left out.
#[derive(Debug)]
pub enum Data {
    /// A verb was taken up, by this run or by one of its own; or it was refused, or could not be asked, for a reason.
    Answered(Uuid, Result<Uuid, String>),
    /// Alerts of other systems that stand beside it, the worst first.
    Alerts(Uuid, Vec<Beside>),
    /// Approvals in its journal that have no row in the ledger.
    Unfounded(Uuid, Vec<Consent>),
    /// Where the time line was written, or why it was not.
    Exported(Result<String, String>),
}

/// What this screen wants done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    Ask {
        id: Uuid,
        verb: Verb,
    },
    /// Give the supervisor the release's passwords again.
    Give {
        id: Uuid,
        /// All that it was launched with.
        secrets: Kept,
    },
    /// Write the time line into a file.
    Export {
        id: Uuid,
        text: String,
    },
}

pub fn arrived(model: &mut Model, data: Data) -> Vec<effect::Effect> {
    let shown = model.run.id;
    match data {
        Data::Answered(id, answer) => {
            let verb = if Some(id) == shown { model.release.busy.take() } else { None }.unwrap_or("what was asked");
            match answer {
                Ok(by) if by != id => {
                    model.toast(Level::Info, format!("{verb}: a run of its own does it"));
                    if Some(id) == shown {
                        return model.ask(Request::Run(by));
                    }
                }
                Ok(_) => model.toast(Level::Info, format!("{verb}: taken up, and recorded")),
                Err(why) => model.toast(Level::Error, format!("{verb}: {why}")),
            }
        }
        Data::Alerts(id, alerts) => {
            if let Some(release) = model.release.shown.as_mut().filter(|_| Some(id) == shown) {
                release.alerts = alerts;
            }
        }
        Data::Unfounded(id, consents) => {
            if let Some(shown) = model.release.shown.as_mut().filter(|_| Some(id) == shown) {
                shown.release.without_row(&consents);
            }
        }
        Data::Exported(Ok(path)) => model.toast(Level::Info, format!("the time line is in {path}")),
        Data::Exported(Err(why)) => model.toast(Level::Error, format!("the time line was not written: {why}")),
    }
    vec![]
}

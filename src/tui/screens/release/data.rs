//! What arrives for the live view, and what it wants done.

use crate::tui::effect;
use crate::tui::model::Model;
pub use crate::tui::model::release::{Data, Effect};
use crate::tui::model::screen::Request;
use crate::tui::msg::Level;

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

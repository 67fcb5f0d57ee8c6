//! What arrives for the list of releases, and what it wants done.

pub use crate::api::{Built, Offer};
use crate::tui::effect;
use crate::tui::model::Model;
pub use crate::tui::model::releases::{Data, Effect, Order};
use crate::tui::model::screen::Request;
use crate::tui::msg::Level;

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

//! Releases: pick one of the environment in sight, say the version, see the frozen plan, submit it.

mod actions;
mod data;
mod keys;
mod preview;
#[cfg(test)]
mod tests;
mod view;

use super::Screen;
use crate::tui::list::List;
use crate::tui::model::Model;
use crate::tui::widgets::field::Field;
pub use actions::RELEASE;
pub use data::{Built, Data, Effect, Offer, Order, arrived};

/// The screen.
pub const SCREEN: Screen = Screen {
    crumbs: |m| m.releases.current().map(|o| o.name.clone()).into_iter().collect(),
    actions: actions::ACTIONS,
    typing: |m| matches!(m.releases.part, Part::Version | Part::Vars),
    key: keys::key,
    paste: keys::paste,
    motion: keys::motion,
    mouse: keys::mouse,
    leave: |m| m.releases = Releases::default(),
    ..Screen::plain("releases", view::view)
};

/// Which part has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Part {
    /// The list of releases.
    #[default]
    List,
    /// The version.
    Version,
    /// Extra variables.
    Vars,
    /// The plan.
    Plan,
}

/// Its state.
#[derive(Debug, Default)]
pub struct Releases {
    /// The environment that it was opened for.
    env: usize,
    /// What can be released there; `None`: not known yet.
    offers: Option<Result<Vec<Offer>, String>>,
    list: List,
    version: Field,
    vars: Field,
    part: Part,
    /// What a plan was asked for, and the plan, or why there is none.
    built: Option<(Order, Option<Result<Built, String>>)>,
    /// First line of the plan in sight.
    top: usize,
    /// It is being submitted: the key does nothing a second time.
    busy: bool,
}

impl Releases {
    fn offers(&self) -> &[Offer] {
        match &self.offers {
            Some(Ok(offers)) => offers,
            _ => &[],
        }
    }

    /// The release under the cursor.
    fn current(&self) -> Option<&Offer> {
        self.offers().get(self.list.cursor)
    }

    /// What the fields say now.
    fn order(&self) -> Option<Order> {
        let release = self.current()?.name.clone();
        let version = self.version.text().trim().to_owned();
        let vars = self.vars.text().trim().to_owned();
        Some(Order { env: self.env, release, version, vars })
    }

    /// The plan of what the fields say, if it was built.
    fn plan(&self) -> Option<&Built> {
        match &self.built {
            Some((order, Some(Ok(built)))) if Some(order) == self.order().as_ref() => Some(built),
            _ => None,
        }
    }
}

/// Opens the list for the environment in sight.
fn open(model: &mut Model) -> Vec<crate::tui::effect::Effect> {
    let Some(env) = model.env else { return vec![] };
    model.releases = Releases { env, ..Releases::default() };
    let mut effects = crate::tui::update::go(model, &SCREEN);
    effects.push(crate::tui::effect::Effect::Releases(Effect::List { env }));
    effects
}

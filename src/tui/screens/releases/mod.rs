//! Releases: pick one of the environment in sight, say the version, see the frozen plan, submit it.

mod actions;
mod data;
mod fields;
mod keys;
mod preview;
#[cfg(test)]
mod tests;
mod view;

use super::{Screen, ScreenId};
use crate::tui::list::List;
use crate::tui::model::Model;
use crate::tui::widgets::field::Field;
pub use actions::RELEASE;
pub use data::{Built, Data, Effect, Offer, Order, arrived};
use fields::{Fields, Part};

pub const SCREEN: Screen = Screen {
    crumbs: |m| m.releases.current().map(|o| o.name.clone()).into_iter().collect(),
    actions: actions::ACTIONS,
    typing: |m| !matches!(m.releases.part, Part::List | Part::Plan),
    key: keys::key,
    paste: keys::paste,
    motion: keys::motion,
    mouse: keys::mouse,
    leave: |m| m.releases = Releases::default(),
    ..Screen::plain(ScreenId::Releases, view::view)
};

/// Its state. Dropped, and its passwords wiped, when it is left or has submitted.
#[derive(Debug, Default)]
pub struct Releases {
    /// The environment that it was opened for.
    env: usize,
    /// What can be released there; `None`: not known yet.
    offers: Option<Result<Vec<Offer>, String>>,
    list: List,
    fields: Fields,
    part: Part,
    /// What a plan was asked for, and the plan, or why there is none.
    built: Option<(Order, Option<Result<Built, String>>)>,
    /// First line of the plan in sight.
    top: usize,
    /// The version that a person asked to bring out although it is stable already.
    again: Option<String>,
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
        let said = |field: &Field| field.text().trim().to_owned();
        let Fields { version, current, vars, .. } = &self.fields;
        let current = Some(said(current)).filter(|c| !c.is_empty() && self.fields().contains(&Part::Current));
        let (version, vars) = (said(version), said(vars));
        let again = self.again.as_ref() == Some(&version);
        Some(Order { env: self.env, release, version, current, again, vars })
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
    let mut effects = model.go(ScreenId::Releases);
    effects.push(crate::tui::effect::Effect::Releases(Effect::List { env }));
    effects
}

//! The alarm line at the edge: looks again and again, and tells the screen what is new.

use super::Context;
use crate::alarm::{Facts, Watch};
use crate::state::clock;
use crate::tui::msg::{Data, Msg};

/// What is looked at, and what was told last.
pub(super) struct Alarm {
    watch: Watch,
    told: Option<Facts>,
}

impl Alarm {
    /// Of the project that is open.
    pub(super) fn new(context: &Context) -> Self {
        Alarm { watch: context.desk.alarm(&context.project), told: None }
    }

    /// Sends what is new. False: nobody listens any more.
    pub(super) fn look(&mut self, context: &Context) -> bool {
        let facts = self.watch.look(crate::tui::edge::now().ms, clock::booted());
        if self.told.as_ref() == Some(&facts) {
            return true;
        }
        self.told = Some(facts.clone());
        context.answer(Msg::Data(Data::Alarm(facts)))
    }
}

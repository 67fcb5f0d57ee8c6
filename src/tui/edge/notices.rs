//! Notices at the edge: tells the screen what is new.

use super::Context;
use crate::api;
use crate::tui::msg::{Data, Msg};
use crate::tui::notices::Notice;

/// What is read, and why it could not be read the last time.
pub(super) struct Notices {
    news: api::Notices,
    problem: Option<String>,
}

impl Notices {
    /// Of the project that is open. What came before now is no news.
    pub(super) fn new(context: &Context) -> Self {
        let mut notices = Notices { news: context.desk.notices(&context.project), problem: None };
        notices.read();
        notices
    }

    /// Sends what is new. False: nobody listens any more.
    pub(super) fn look(&mut self, context: &Context) -> bool {
        let notices = self.read();
        notices.is_empty() || context.answer(Msg::Data(Data::Notices(notices)))
    }

    fn read(&mut self) -> Vec<Notice> {
        match self.news.news() {
            Ok(bodies) => bodies.iter().filter_map(|body| Notice::read(body)).collect(),
            Err(e) => {
                // Said once: it is looked again every second.
                let why = Some(e.to_string());
                if why != self.problem {
                    tracing::warn!("notices for this screen cannot be read: {e}");
                    self.problem = why;
                }
                Vec::new()
            }
        }
    }
}

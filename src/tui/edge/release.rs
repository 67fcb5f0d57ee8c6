//! Performs the live view's effects: a verb is asked of the release's supervisor, the time line is written.

use super::Context;
use crate::release;
use crate::state::file;
use crate::text;
use crate::tui::msg::{Data, Msg};
use crate::tui::screens::release::{self as screen, Effect};
use crate::tui::screens::releases::Kept;
use uuid::Uuid;

pub(super) fn perform(context: &Context, effect: Effect) {
    let data = match effect {
        Effect::Ask { id, verb } => {
            let answer = release::ask(&context.state, id, &verb, &context.operator);
            screen::Data::Answered(id, answer.map_err(said))
        }
        Effect::Give { id, secrets: Kept(secrets) } => {
            let answer = release::give(&context.state, id, &secrets, &context.operator);
            screen::Data::Answered(id, answer.map(|()| id).map_err(said))
        }
        Effect::Export { id, text } => screen::Data::Exported(export(context, id, &text)),
    };
    context.answer(Msg::Data(Data::Release(data)));
}

fn said(error: impl std::fmt::Display) -> String {
    text::plain(&error.to_string()).into_owned()
}

/// Beside the journal that it was made from; gives its path.
fn export(context: &Context, id: Uuid, text: &str) -> Result<String, String> {
    let path = context.state.run(id).path().join("timeline.md");
    file::write_whole(&path, text.as_bytes()).map_err(said)?;
    Ok(path.display().to_string())
}

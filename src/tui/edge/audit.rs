//! Performs the Audit screen's effects: reads the ledger, which is recorded in it, and verifies the chain.

use super::Context;
use crate::api::Verified;
use crate::tui::msg::{Data, Msg};
use crate::tui::screens::audit as screen;

const PAGE: usize = 200;

pub(super) fn perform(context: &Context, effect: screen::Effect) {
    let data = match effect {
        screen::Effect::Read(filter) => {
            let read = context.desk.records(&filter, PAGE);
            // Whoever may only read still reads, and is told that it was not recorded.
            let unrecorded = read.as_ref().ok().and_then(|read| Some(read.unrecorded.as_ref()?.to_string()));
            screen::Data::Page { filter, page: read.map(|read| read.page).map_err(|e| e.to_string()), unrecorded }
        }
        screen::Effect::Verify { all } => screen::Data::Verified(verify(context, all)),
    };
    context.answer(Msg::Data(Data::Audit(data)));
}

fn verify(context: &Context, all: bool) -> screen::Verdict {
    let Verified { verdict, unrecorded, remarks, .. } = context.desk.verify(None, all).map_err(|e| e.to_string())?;
    for remark in remarks.into_iter().chain(unrecorded.map(|why| format!("the verification was not recorded: {why}"))) {
        tracing::warn!("{remark}");
    }
    Ok(verdict)
}

//! Performs the Audit screen's effects: reads the ledger, which is recorded in it, and verifies the chain.

use super::Context;
use crate::audit::{Action, Error, Filter, Ledger, Page, Record, Status, verify_absent};
use crate::tui::msg::{Data, Msg};
use crate::tui::screens::audit as screen;

/// Records of one page.
const PAGE: usize = 200;

pub(super) fn perform(context: &Context, effect: screen::Effect) {
    let data = match effect {
        screen::Effect::Read(filter) => {
            let (page, unrecorded) = read(context, &filter);
            screen::Data::Page { filter, page, unrecorded }
        }
        screen::Effect::Verify { all } => screen::Data::Verified(verify(context, all)),
    };
    context.answer(Msg::Data(Data::Audit(data)));
}

/// Whoever may only read (another's ledger) still reads, and is told that it was not recorded.
fn read(context: &Context, filter: &Filter) -> (Result<Page, String>, Option<String>) {
    let path = context.state.audit();
    let refused = match Ledger::open(&path).and_then(|l| l.read_as(&context.operator, filter, PAGE)) {
        Ok(page) => return (Ok(page), None),
        Err(refused) => refused.to_string(),
    };
    let page = Ledger::open_to_read(&path).and_then(|l| l.query(filter, PAGE)).map_err(|e| e.to_string());
    (page, Some(refused))
}

fn verify(context: &Context, all: bool) -> screen::Verdict {
    let path = context.state.audit();
    let verdict = match Ledger::open_to_read(&path) {
        Ok(ledger) if all => ledger.verify(None).map_err(|e| e.to_string())?,
        Ok(ledger) => ledger.verify_since(None).map_err(|e| e.to_string())?,
        Err(Error::Absent { .. }) => return Ok(verify_absent(&path, None)),
        Err(e) => return Err(e.to_string()),
    };
    let status = if verdict.is_ok() { Status::Success } else { Status::Failure };
    let record = Record::outcome(Action::AuditVerify, &context.operator, status);
    let recorded = Ledger::open(&path).and_then(|ledger| {
        ledger.append(&record)?;
        verdict.as_ref().map_or(Ok(()), |intact| ledger.remember(intact))
    });
    if let Err(e) = recorded {
        tracing::warn!("the verification was not recorded: {e}");
    }
    Ok(verdict)
}

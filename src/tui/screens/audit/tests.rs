//! The Audit screen: searching, an intact and a broken chain, a record in full.

use super::*;
use crate::audit::{Action, Head, Ledger, Record, Status};
use crate::state::operator::Operator;
use crate::tui::msg::{self, Msg};
use crate::tui::testing::{self, Driver, NOW};

/// Rows as a real ledger gives them, with ids, times and hashes that do not change from run to run.
fn rows() -> Vec<Row> {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&dir.path().join("audit.db")).unwrap();
    let who = |name: &str| Operator {
        name: name.into(),
        effective: name.into(),
        from: Some("10.0.0.7:51234".into()),
        host: "bastion-1".into(),
        ..Operator::default()
    };
    let run = Some(uuid::Uuid::from_u128(7));
    let base = |mut r: Record, subject: &str, env: &str| {
        (r.subject, r.env, r.run_id) = (Some(subject.into()), Some(env.into()), run);
        r.targets = Some(vec!["web01.eu".into(), "web02.eu".into()]);
        r
    };
    let records = [
        base(Record::intent(Action::RunLaunch, &who("alice")), "deploy.yml", "production"),
        base(Record::outcome(Action::RunEnd, &who("alice"), Status::Failure), "deploy.yml", "production"),
        base(
            Record::denied(Action::RunLaunch, &who("bob"), "production is held by run 019a"),
            "service 数据库",
            "production",
        ),
        base(Record::outcome(Action::RunEnd, &who("carol"), Status::Success), "ping", "staging"),
    ];
    for r in &records {
        ledger.append(r).unwrap();
    }
    let mut rows = ledger.query(&Filter::default(), 10).unwrap().rows;
    for (i, row) in rows.iter_mut().enumerate() {
        row.entry.timestamp_ms = NOW.ms - 60_000 * i64::try_from(i * i + 1).unwrap();
        (row.hash, row.prev_hash) = (format!("{:064x}", 9 - i), format!("{:064x}", 8 - i));
        row.body["event_id"] = "019aa1b2-0000-7000-8000-000000000001".into();
        row.body["span_id"] = "8000000000000001".into();
        row.body["timestamp_ms"] = row.entry.timestamp_ms.into();
        if row.entry.process.is_some() {
            row.body["process"] = serde_json::json!({"pid": 4711, "start": 8_000, "boot": uuid::Uuid::from_u128(9)});
        }
    }
    rows
}

fn driver(theme: &str, size: (u16, u16)) -> Driver {
    let mut d = Driver::new(testing::model(testing::project(), testing::theme(theme)), size);
    d.model.go(SCREEN.id);
    d.effects();
    page(&mut d, Page { rows: rows(), next: None });
    d
}

fn page(d: &mut Driver, page: Page) {
    let filter = d.model.audit.asked.clone();
    d.send(Msg::Data(msg::Data::Audit(Data::Page { filter, page: Ok(page), unrecorded: None })));
}

fn verified(d: &mut Driver, verdict: Verdict) {
    d.send(Msg::Data(msg::Data::Audit(Data::Verified(verdict))));
}

fn head(seq: i64) -> Head {
    Head { seq, hash: "0".repeat(64) }
}

#[test]
fn as_it_looks() {
    for theme in ["dark", "light", "high-contrast"] {
        for size in [(80, 24), (160, 50)] {
            let mut d = driver(theme, size);
            verified(&mut d, Ok(Ok(Intact::of(1_204, head(1_204), Some(head(1_200))))));
            d.keys("down enter");
            insta::assert_snapshot!(format!("audit_{theme}_{}x{}", size.0, size.1), d.styled());
        }
    }
    let mut d = driver("monochrome", (40, 10));
    d.model.theme.ascii = true;
    verified(&mut d, Ok(Err(Broken { seq: 17, why: "its hash is not that of its body".into() })));
    insta::assert_snapshot!("audit_broken_40x10_ascii", d.screen());
}

#[test]
fn a_search_runs_on_enter_only_since_reading_is_recorded() {
    let mut d = driver("dark", (80, 24));
    d.keys("/");
    d.text("operator:bob status:failure");
    assert_eq!(d.effects(), []);
    d.keys("enter");
    let filter = Filter { operator: Some("bob".into()), status: Some(Status::Failure), ..Filter::default() };
    assert_eq!(d.effects(), [effect::Effect::Audit(Effect::Read(filter))]);
    // The answer to the question before comes late: it is not this one's.
    let late = Data::Page { filter: Filter::default(), page: Ok(Page::default()), unrecorded: None };
    d.send(Msg::Data(msg::Data::Audit(late)));
    assert_eq!(d.model.audit.rows.len(), 4);
    page(&mut d, Page::default());
    assert!(d.screen().contains("No record matches"), "{}", d.screen());
    d.keys("/");
    d.text(" since:soon");
    d.keys("enter");
    assert_eq!(d.effects(), []);
    assert!(d.screen().contains("since:soon"), "{}", d.screen());
}

#[test]
fn the_next_page_comes_when_the_cursor_reaches_the_end_and_is_asked_for_once() {
    let mut d = driver("dark", (80, 24));
    page(&mut d, Page { rows: rows(), next: Some(5) });
    d.keys("G");
    let filter = Filter { before: Some(5), ..Filter::default() };
    assert_eq!(d.effects(), [effect::Effect::Audit(Effect::Read(filter))]);
    d.keys("G G");
    assert_eq!(d.effects(), []);
    page(&mut d, Page { rows: rows(), next: None });
    assert_eq!(d.model.audit.rows.len(), 8);
}

#[test]
fn a_verdict_is_never_more_than_is_known() {
    let mut d = driver("dark", (160, 24));
    assert!(d.screen().contains("verifying"));
    verified(&mut d, Ok(Ok(Intact::of(4, head(4), None))));
    assert!(d.screen().contains("would not show"), "{}", d.screen());
    verified(&mut d, Err("permission denied".into()));
    assert!(d.screen().contains("not verified: permission denied"), "{}", d.screen());
}

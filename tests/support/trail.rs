//! What runs leave in the ledger, as they do it: for what counts its bytes and its time. Holds no test.

use opsdeck::audit::{Action, Phase, Record, Status, Sum};
use opsdeck::state::operator::Operator;
use serde_json::json;
use uuid::Uuid;

/// With all that is known of a person.
pub fn operator() -> Operator {
    Operator {
        name: "alice".into(),
        login: Some("alice".into()),
        effective: "deploy".into(),
        from: Some("10.20.30.47:51234".into()),
        from_verified: true,
        tty: Some("/dev/pts/3".into()),
        session: Some("1204".into()),
        host: "bastion-1".into(),
        ticket: None,
    }
}

/// What a run on three hosts leaves in the ledger: launch, how that went, an approval in between, the end.
pub fn records(n: usize) -> Vec<Record> {
    on((0..3).map(|i| format!("web{:02}.eu", (n + i) % 40)).collect())
}

/// As [`records`], on six hosts with long names.
pub fn long(n: usize) -> Vec<Record> {
    on((0..6).map(|i| format!("web{:02}.eu-west-1.example.com", (n + i) % 40)).collect())
}

fn on(hosts: Vec<String>) -> Vec<Record> {
    let run = Uuid::now_v7();
    let about = |record: Record| {
        let mut record = Record {
            env: Some("production".into()),
            run_id: Some(run),
            subject: Some("playbooks/site.yml".into()),
            targets: Some(hosts.clone()),
            ..record
        };
        // As a run does: an outcome's is that of its intent.
        if record.phase == Phase::Intent {
            let argv = ["ansible-playbook", "-i", "inventories/production", "playbooks/site.yml"];
            record.argv = argv.map(String::from).to_vec();
        }
        record.metadata.insert("kind".into(), json!("playbook"));
        record.metadata.insert("cwd".into(), json!("/srv/ansible/shop"));
        record.metadata.insert("check".into(), json!(false));
        record
    };
    let who = operator();
    let mut end = about(Record::outcome(Action::RunEnd, &who, Status::Success));
    end.metadata.insert("state".into(), json!("succeeded"));
    (end.rc, end.duration_ms, end.reason) = (Some(0), Some(81_204), Some("all hosts ok".into()));
    end.journal = Some(Sum { bytes: 1_204_112, digest: "0f".repeat(32) });
    let approve = |record: Record| Record { reason: Some("checked with the team".into()), ..about(record) };
    vec![
        about(Record::intent(Action::RunLaunch, &who)),
        about(Record::outcome(Action::RunLaunch, &who, Status::Success)),
        approve(Record::intent(Action::ReleaseApprove, &who)),
        approve(Record::outcome(Action::ReleaseApprove, &who, Status::Success)),
        end,
    ]
}

/// Appends what a run leaves, each outcome under its intent.
pub fn write(mut records: Vec<Record>, append: &mut impl FnMut(&Record) -> Uuid) {
    let mut intents = Vec::new();
    for record in &mut records {
        match record.phase {
            Phase::Intent => intents.push(append(record)),
            _ => {
                let launch = record.action == Action::RunEnd;
                record.parent = if launch { intents.first() } else { intents.last() }.copied();
                append(record);
            }
        }
    }
}

//! Whether the ledger is what was written: every row, every link, no gap, and no tail cut off a head that is known.

use super::ledger::{Error, Ledger};
use super::{canonical, chain, checkpoint};
use serde::Serialize;
use serde_json::Value;
use std::fmt;
use std::str::FromStr;

/// The newest row: keep it elsewhere, and nobody can cut the ledger unseen. As text `SEQ:HASH`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Number of the row; 0: an empty ledger.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
}

/// An unbroken chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Intact {
    /// Rows that were verified.
    pub rows: i64,
    /// The newest.
    pub head: Head,
    /// The head known from elsewhere that was found in the chain, if there was one.
    pub known: Option<Head>,
}

/// The first place where the ledger is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// Number of the first bad (or missing) row.
    pub seq: i64,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

impl FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (seq, hash) = text.split_once(':').ok_or("expected SEQ:HASH")?;
        let seq = seq.parse().map_err(|_| format!("expected a number before the colon, found {seq:?}"))?;
        match hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()) {
            true => Ok(Self { seq, hash: hash.to_lowercase() }),
            false => Err("expected 64 hex digits after the colon".into()),
        }
    }
}

/// A row as it lies in the file, columns and all.
struct Stored {
    seq: i64,
    ts: i64,
    columns: [Option<String>; 6],
    body: String,
    hash: String,
}

impl Ledger {
    /// Verifies the whole ledger, and that `known` heads (one kept elsewhere, and the checkpoint file's) are in it.
    ///
    /// # Errors
    /// The ledger can't be read; a broken chain is no error but `Err` inside.
    pub fn verify(&self, kept: Option<&Head>) -> Result<Result<Intact, Broken>, Error> {
        let checkpoint = match checkpoint::read(self.path()) {
            Ok(head) => head,
            Err(why) => return Ok(Err(Broken { seq: 0, why: format!("the checkpoint can't be read: {why}") })),
        };
        let known: Vec<_> = kept.into_iter().chain(&checkpoint).collect();
        let db = self.db();
        let walked = (|| {
            let mut query = db.prepare(
                "SELECT seq, ts, event_id, action, status, operator, env, run_id, body, hash FROM audit ORDER BY seq",
            )?;
            let mut rows = query.query([])?;
            let mut head = Head { seq: 0, hash: chain::GENESIS.to_owned() };
            while let Some(row) = rows.next()? {
                let column = |i| row.get::<_, Option<String>>(i);
                let stored = Stored {
                    seq: row.get(0)?,
                    ts: row.get(1)?,
                    columns: [column(2)?, column(3)?, column(4)?, column(5)?, column(6)?, column(7)?],
                    body: row.get(8)?,
                    hash: row.get(9)?,
                };
                match follow(&head, &stored, &known) {
                    Ok(next) => head = next,
                    Err(broken) => return Ok(Err(broken)),
                }
            }
            Ok(Ok(head))
        })();
        let head = match self.sql(walked)? {
            Ok(head) => head,
            Err(broken) => return Ok(Err(broken)),
        };
        if let Some(beyond) = known.iter().find(|known| known.seq > head.seq) {
            let why = format!("rows from here to {} are missing: the tail was cut off", beyond.seq);
            return Ok(Err(Broken { seq: head.seq + 1, why }));
        }
        Ok(Ok(Intact { rows: head.seq, known: known.first().map(|head| (*head).clone()), head }))
    }
}

/// The verdict where no ledger lies at `path`: nothing was recorded, unless a known head says otherwise.
pub fn verify_absent(path: &std::path::Path, kept: Option<&Head>) -> Result<Intact, Broken> {
    let checkpoint = checkpoint::read(path).ok().flatten();
    match kept.or(checkpoint.as_ref()) {
        Some(known) => {
            Err(Broken { seq: 1, why: format!("the whole ledger is gone; it had at least {} rows", known.seq) })
        }
        None => Ok(Intact { rows: 0, head: Head { seq: 0, hash: chain::GENESIS.to_owned() }, known: None }),
    }
}

/// The head after `row`, if it follows.
fn follow(head: &Head, row: &Stored, known: &[&Head]) -> Result<Head, Broken> {
    let expected = head.seq + 1;
    let broken = |seq, why: &str| Err(Broken { seq, why: why.to_owned() });
    if row.seq != expected {
        return broken(expected, &format!("missing: after row {} comes row {}", head.seq, row.seq));
    }
    let Ok(body) = serde_json::from_str::<Value>(&row.body) else {
        return broken(row.seq, "its text is no JSON");
    };
    if canonical(&body) != row.body {
        return broken(row.seq, "its text is not in canonical form");
    }
    if chain::link(&head.hash, &row.body) != row.hash {
        return broken(row.seq, "its hash does not follow from its text and the row before: one of them was changed");
    }
    let fields = ["event_id", "action", "status", "operator", "env", "run_id"];
    let texts = fields.iter().zip(&row.columns).all(|(field, column)| body[field].as_str() == column.as_deref());
    if !texts || body["seq"].as_i64() != Some(row.seq) || body["timestamp_ms"].as_i64() != Some(row.ts) {
        return broken(row.seq, "a search column says something else than its text");
    }
    if known.iter().any(|known| known.seq == row.seq && known.hash != row.hash) {
        return broken(row.seq, "it is not the row whose hash was kept: the ledger was cut and written anew");
    }
    Ok(Head { seq: row.seq, hash: row.hash.clone() })
}

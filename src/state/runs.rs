//! Rows of the index: what lists of runs show. A row says what the journal said when it was written.

use super::db::alone;
use super::{Access, DbError, Index};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Serialize;
use uuid::Uuid;

/// One run, in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunRow {
    pub id: Uuid,
    /// Its number, for people; `None`: it has none yet.
    pub number: Option<u64>,
    /// `adhoc`, `playbook`.
    pub kind: String,
    /// One line: the playbook, or module and arguments.
    pub title: String,
    pub environment: Option<String>,
    pub operator: String,
    /// Folder in which it runs.
    pub cwd: String,
    /// State, in its lower-case word.
    pub state: String,
    /// Kind of failure, in its lower-case word.
    pub failure: Option<String>,
    /// Why it is in this state.
    pub why: Option<String>,
    pub rc: Option<i32>,
    /// When it was asked (Unix milliseconds, like all times here).
    pub created_at: i64,
    pub started_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub hosts: u32,
    /// Hosts with a failed task.
    pub failed: u32,
    /// Hosts that could not be reached.
    pub unreachable: u32,
    /// Hosts on which something changed.
    pub changed: u32,
    /// `--check`.
    pub check: bool,
    /// Of a run that has ended: what its journal was like when the row was made (length, time and file). A journal that
    /// is not like that any more says something else than the row.
    #[serde(skip)]
    pub journal: Option<String>,
}

/// Which runs to list; the default lists all, newest first.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// States, in their words; empty: all.
    pub states: Vec<String>,
    pub environment: Option<String>,
    /// Only runs that have not ended.
    pub live: bool,
    /// Only runs that ended after this (Unix milliseconds).
    pub ended_after: Option<i64>,
    /// Kind: `playbook`, `release`.
    pub kind: Option<String>,
    /// Words that stand somewhere in its line: title, environment, operator, state, kind, `check`, id, number.
    pub words: Vec<String>,
    /// At most so many.
    pub limit: Option<u32>,
}

impl RunRow {
    /// True if each of these words stands somewhere in its line, upper and lower case alike.
    pub fn holds<'a>(&self, words: impl IntoIterator<Item = impl AsRef<str> + 'a>) -> bool {
        let environment = self.environment.as_deref().unwrap_or_default();
        let number = self.number.map(|number| format!("#{number}")).unwrap_or_default();
        let check = if self.check { "check" } else { "" };
        let id = self.id.to_string();
        let parts = [&self.title, environment, &self.operator, &self.state, &self.kind, check, &id, &number];
        let line = parts.join("\n").to_lowercase();
        words.into_iter().all(|word| line.contains(&word.as_ref().to_lowercase()))
    }
}

impl Filter {
    /// True if it takes a row; the limit apart.
    pub fn takes(&self, row: &RunRow) -> bool {
        (self.states.is_empty() || self.states.contains(&row.state))
            && (self.environment.is_none() || self.environment == row.environment)
            && (self.kind.as_ref().is_none_or(|kind| *kind == row.kind))
            && !(self.live && row.ended_at.is_some())
            && self.ended_after.is_none_or(|after| row.ended_at.is_some_and(|at| at > after))
            && row.holds(&self.words)
    }
}

const COLUMNS: &str = "id, number, kind, title, environment, operator, cwd, state, failure, why, rc, created_at, started_at, \
                       ended_at, hosts, failed, unreachable, changed, check_mode, journal";

impl Index {
    /// Writes a run's row, replacing the one that is there.
    pub fn put(&self, row: &RunRow) -> Result<(), DbError> {
        self.ask(|db| put(db, "INSERT OR REPLACE", row))?;
        // The index that others share does not have it.
        if self.is_aside() && self.state().access() == Access::Write {
            Index::lacks(self.state())?;
        }
        Ok(())
    }

    /// Writes rows of runs that have none. All of them are there then, or none.
    pub fn put_missing(&self, rows: &[RunRow]) -> Result<(), DbError> {
        let all = |db: &Connection| rows.iter().try_for_each(|row| put(db, "INSERT OR IGNORE", row));
        self.ask(|db| alone(db, |e| e, || all(db)))
    }

    pub fn get(&self, id: Uuid) -> Result<Option<RunRow>, DbError> {
        let query = format!("SELECT {COLUMNS} FROM runs WHERE id = ?1");
        self.ask(|db| db.prepare_cached(&query)?.query_row([id.to_string()], row).optional())
    }

    /// Removes the row of a run that never began.
    pub fn remove(&self, id: Uuid) -> Result<(), DbError> {
        self.ask(|db| db.execute("DELETE FROM runs WHERE id = ?1", [id.to_string()]).map(drop))
    }

    /// Runs, newest first (ids are UUIDv7: they sort by time).
    pub fn list(&self, filter: &Filter) -> Result<Vec<RunRow>, DbError> {
        let query = format!(
            "SELECT {COLUMNS} FROM runs
             WHERE (?1 IS NULL OR instr(?1, ',' || state || ',') > 0) AND (?2 IS NULL OR environment = ?2)
               AND (NOT ?3 OR ended_at IS NULL) AND (?4 IS NULL OR ended_at > ?4) AND (?6 IS NULL OR kind = ?6)
               AND ({})
             ORDER BY id DESC LIMIT ?5",
            words(filter.words.len())
        );
        let states = (!filter.states.is_empty()).then(|| format!(",{},", filter.states.join(",")));
        let limit = filter.limit.map_or(-1, i64::from);
        let lower: Vec<String> = filter.words.iter().map(|word| word.to_lowercase()).collect();
        let mut params: Vec<&dyn rusqlite::ToSql> =
            vec![&states, &filter.environment, &filter.live, &filter.ended_after, &limit, &filter.kind];
        params.extend(lower.iter().map(|word| word as &dyn rusqlite::ToSql));
        self.ask(|db| db.prepare_cached(&query)?.query_map(params.as_slice(), row)?.collect())
    }

    /// Live runs of a kind. Cheap, however many have ended.
    pub fn live_of(&self, kind: &str) -> Result<Vec<RunRow>, DbError> {
        // The partial index holds live runs alone.
        let query = format!("SELECT {COLUMNS} FROM runs WHERE ended_at IS NULL AND kind = ?1 ORDER BY id DESC");
        self.ask(|db| db.prepare_cached(&query)?.query_map([kind], row)?.collect())
    }

    /// The run with this number.
    pub fn numbered(&self, number: u64) -> Result<Option<Uuid>, DbError> {
        let query = "SELECT id FROM runs WHERE number = ?1";
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        self.ask(|db| db.prepare_cached(query)?.query_row([number], |r| uuid_at(r, 0)).optional())
    }

    /// Ids of all runs that have a row.
    pub fn ids(&self) -> Result<std::collections::HashSet<Uuid>, DbError> {
        self.ask(|db| db.prepare_cached("SELECT id FROM runs")?.query_map([], |r| uuid_at(r, 0))?.collect())
    }

    /// Ids that begin with these characters, newest first; at most `limit`.
    pub fn ids_with_prefix(&self, prefix: &str, limit: u32) -> Result<Vec<Uuid>, DbError> {
        // A range, so that the key serves it: `~` comes after every character of an id.
        let query = "SELECT id FROM runs WHERE id >= ?1 AND id < ?1 || '~' ORDER BY id DESC LIMIT ?2";
        self.ask(|db| db.prepare_cached(query)?.query_map((prefix, limit), |r| uuid_at(r, 0))?.collect())
    }

    /// How long the last runs of the same thing in the same place took (milliseconds), newest first; only those that
    /// succeeded, since a run that failed early says nothing.
    pub fn past_durations(&self, title: &str, environment: Option<&str>) -> Result<Vec<i64>, DbError> {
        let query = "SELECT duration FROM runs WHERE title = ?1 AND environment IS ?2 AND state = 'succeeded'
                     AND duration IS NOT NULL ORDER BY id DESC LIMIT 9";
        self.ask(|db| db.prepare_cached(query)?.query_map((title, environment), |r| r.get(0))?.collect())
    }
}

/// The condition that each of `count` words stands in the line; they are the parameters from the seventh on. SQLite lowers
/// ASCII alone: a word with other capitals is found as it is written.
fn words(count: usize) -> String {
    let line =
        "lower(title || char(10) || coalesce(environment, '') || char(10) || operator || char(10) || state || char(10)
                || kind || char(10) || iif(check_mode, 'check', '') || char(10) || id || char(10)
                || coalesce('#' || number, ''))";
    match count {
        0 => "1".to_owned(),
        n => (0..n).map(|i| format!("instr({line}, ?{}) > 0", i + 7)).collect::<Vec<_>>().join(" AND "),
    }
}

fn put(db: &Connection, how: &str, row: &RunRow) -> rusqlite::Result<()> {
    let query = format!(
        "{how} INTO runs ({COLUMNS}, duration) VALUES
         (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21)"
    );
    let number = row.number.map(|number| i64::try_from(number).unwrap_or(i64::MAX));
    let duration = row.ended_at.zip(row.started_at).map(|(end, start)| end - start);
    let params = rusqlite::params![
        row.id.to_string(),
        number,
        row.kind,
        row.title,
        row.environment,
        row.operator,
        row.cwd,
        row.state,
        row.failure,
        row.why,
        row.rc,
        row.created_at,
        row.started_at,
        row.ended_at,
        row.hosts,
        row.failed,
        row.unreachable,
        row.changed,
        row.check,
        row.journal,
        duration,
    ];
    db.prepare_cached(&query)?.execute(params).map(drop)
}

fn uuid_at(r: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    let text: String = r.get(column)?;
    Uuid::parse_str(&text)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(e)))
}

fn row(r: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        id: uuid_at(r, 0)?,
        number: r.get::<_, Option<i64>>(1)?.map(i64::unsigned_abs),
        kind: r.get(2)?,
        title: r.get(3)?,
        environment: r.get(4)?,
        operator: r.get(5)?,
        cwd: r.get(6)?,
        state: r.get(7)?,
        failure: r.get(8)?,
        why: r.get(9)?,
        rc: r.get(10)?,
        created_at: r.get(11)?,
        started_at: r.get(12)?,
        ended_at: r.get(13)?,
        hosts: r.get(14)?,
        failed: r.get(15)?,
        unreachable: r.get(16)?,
        changed: r.get(17)?,
        check: r.get(18)?,
        journal: r.get(19)?,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::state::StateDir;

    pub fn sample(ms: i64, state: &str) -> RunRow {
        RunRow {
            id: Uuid::now_v7(),
            number: Some(3),
            kind: "playbook".into(),
            title: "deploy.yml".into(),
            environment: Some("production".into()),
            operator: "ann".into(),
            cwd: "/p".into(),
            state: state.into(),
            failure: None,
            why: None,
            rc: Some(0),
            created_at: ms,
            started_at: Some(ms),
            ended_at: (state != "running").then_some(ms + 100),
            hosts: 3,
            failed: 0,
            unreachable: 0,
            changed: 1,
            check: false,
            journal: None,
        }
    }

    #[test]
    fn lists_newest_first_and_filters() {
        let dir = tempfile::tempdir().unwrap();
        let index = Index::open(&StateDir::at(dir.path())).unwrap();
        let (a, b) = (sample(1, "succeeded"), sample(2, "running"));
        index.put(&a).unwrap();
        index.put(&b).unwrap();
        let ids = |f: &Filter| index.list(f).unwrap().into_iter().map(|r| r.id).collect::<Vec<_>>();
        assert_eq!(ids(&Filter::default()), [b.id, a.id]);
        assert_eq!(ids(&Filter { live: true, ..Filter::default() }), [b.id]);
        assert_eq!(ids(&Filter { states: vec!["succeeded".into()], ..Filter::default() }), [a.id]);
        let live = |kind| index.live_of(kind).unwrap().into_iter().map(|r| r.id).collect::<Vec<_>>();
        assert_eq!((live("playbook"), live("release")), (vec![b.id], vec![]));
        assert!(ids(&Filter { environment: Some("x".into()), ..Filter::default() }).is_empty());
        assert_eq!(ids(&Filter { ended_after: Some(100), ..Filter::default() }), [a.id]);
        assert_eq!(ids(&Filter { limit: Some(1), ..Filter::default() }), [b.id]);
        let held = |words: &[&str]| {
            let filter = Filter { words: words.iter().map(|&w| w.to_owned()).collect(), ..Filter::default() };
            let found = ids(&filter);
            let taken: Vec<_> = [&b, &a].into_iter().filter(|row| filter.takes(row)).map(|row| row.id).collect();
            assert_eq!(found, taken, "{words:?}");
            found
        };
        assert_eq!(held(&["DEPLOY", "running"]), [b.id]);
        assert_eq!((held(&["#3", "ann"]).len(), held(&["deploy", "nobody"]).len()), (2, 0));
        assert_eq!(index.get(a.id).unwrap(), Some(a.clone()));
        assert_eq!(index.ids_with_prefix(&a.id.to_string(), 2).unwrap(), [a.id]);
        assert_eq!(index.past_durations("deploy.yml", Some("production")).unwrap(), [100]);
        assert!(index.past_durations("deploy.yml", None).unwrap().is_empty());
    }
}

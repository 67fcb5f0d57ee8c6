//! Health in the state directory: what the one poller of an environment writes and everybody reads. A lease with an end
//! says who polls; when its holder dies, the next one takes over. Clocks are the caller's: leases go by that of the boot, and
//! those of another boot are none.

use super::record::{self, Raw, Report};
use crate::state::health::{HealthRow, PollerRow};
use crate::state::{DbError, Index, StateDir, clock, identity};

pub use crate::project::scope;
pub use crate::state::health::PollerRow as Poller;

/// Milliseconds after which a poller that says nothing is one no more.
pub const LEASE: i64 = 15_000;
/// Raw answers that are kept of each probe on each host.
pub const RAWS: u32 = 20;
/// Milliseconds after which what nobody measures any more is forgotten: two days.
const FORGET: i64 = 2 * 24 * 3_600_000;

/// The health of one environment, as it is stored. [`scope`] tells environments apart.
#[derive(Debug)]
pub struct Store {
    index: Index,
    scope: String,
    /// Under this name its leases lie: those of this boot.
    leases: String,
}

impl Store {
    /// Opens that of a scope.
    ///
    /// # Errors
    /// The index cannot be used.
    pub fn open(state: &StateDir, scope: &str) -> Result<Store, DbError> {
        let index = Index::open(state)?;
        index.be_hasty()?;
        Ok(Store { index, scope: scope.to_owned(), leases: Store::leases(scope) })
    }

    /// The name under which the leases of a scope lie: those of this boot.
    pub fn leases(scope: &str) -> String {
        format!("{scope}\u{1f}{}", identity::boot_id())
    }

    /// A number that changes when anybody else wrote anything: a cheap look before reading.
    ///
    /// # Errors
    /// The index cannot be used.
    pub fn version(&self) -> Result<i64, DbError> {
        self.index.version()
    }

    /// The newest report of each probe on each host that was written at or after `since` (Unix milliseconds, of the clock
    /// that wrote it); 0: all.
    ///
    /// # Errors
    /// The index cannot be used.
    pub fn reports(&self, since: i64) -> Result<Vec<Report>, DbError> {
        let rows = self.index.health(&self.scope, since)?;
        Ok(rows.iter().filter_map(|data| record::decode(data)).collect())
    }

    /// The last [`RAWS`] raw answers of a probe, newest first.
    ///
    /// # Errors
    /// The index cannot be used.
    pub fn raw(&self, host: Option<&str>, probe: &str) -> Result<Vec<Raw>, DbError> {
        self.answers(host, probe, u32::MAX)
    }

    /// The last of them.
    ///
    /// # Errors
    /// The index cannot be used.
    pub fn newest(&self, host: Option<&str>, probe: &str) -> Result<Option<Raw>, DbError> {
        Ok(self.answers(host, probe, 1)?.pop())
    }

    fn answers(&self, host: Option<&str>, probe: &str, most: u32) -> Result<Vec<Raw>, DbError> {
        let rows = self.index.health_raw(&self.scope, host.unwrap_or_default(), probe, most)?;
        Ok(rows.iter().filter_map(|data| record::decode(data)).collect())
    }

    /// Writes what probes brought. False: `holder` does not poll this scope (any more), and nothing was written.
    ///
    /// # Errors
    /// The index cannot be used.
    pub fn publish(&self, holder: &str, reports: &[(Report, Option<Raw>)], now: i64) -> Result<bool, DbError> {
        let row = |(report, raw): &(Report, Option<Raw>)| HealthRow {
            host: report.host.clone().unwrap_or_default(),
            probe: report.probe.clone(),
            data: record::encode(report),
            raw: raw.as_ref().map(|raw| (raw.at, record::encode(raw))),
        };
        let rows: Vec<HealthRow> = reports.iter().map(row).collect();
        self.index.put_health((&self.scope, &self.leases), holder, &rows, now, RAWS)
    }

    /// Becomes the poller, or stays it, for another [`LEASE`]; `None`. Else who it is. `now`: milliseconds since boot.
    ///
    /// # Errors
    /// The index cannot be used.
    pub fn take(&self, holder: &str, who: &str, now: i64) -> Result<Option<Poller>, DbError> {
        let wanted = PollerRow { holder: holder.to_owned(), who: who.to_owned(), since: now, until: now + LEASE };
        self.index.take_poller(&self.leases, &wanted, now, 2 * LEASE)
    }

    /// Who polls at this moment (milliseconds since boot).
    ///
    /// # Errors
    /// The index cannot be used.
    pub fn poller(&self, now: i64) -> Result<Option<Poller>, DbError> {
        Ok(self.index.poller(&self.leases)?.filter(|poller| Store::is_at_work(poller, now)))
    }

    /// True if this poller polls at this moment (by the clock of the boot).
    pub fn is_at_work(poller: &Poller, now: i64) -> bool {
        // One that would poll for longer took its time by a clock that was set back.
        poller.until > now && poller.until <= now + 2 * LEASE
    }

    /// Polls no more: the next one need not wait.
    ///
    /// # Errors
    /// The index cannot be used.
    pub fn free(&self, holder: &str) -> Result<(), DbError> {
        self.index.free_poller(&self.leases, holder)
    }

    /// Asks whoever polls to ask these hosts (`None`: all) for another [`LEASE`]. `now`: milliseconds since boot.
    ///
    /// # Errors
    /// The index cannot be used.
    pub fn want(&self, reader: &str, hosts: Option<&[String]>, now: i64) -> Result<(), DbError> {
        let hosts = hosts.map(|hosts| hosts.join("\n"));
        self.index.want_health(&self.leases, reader, hosts.as_deref(), now + LEASE)
    }

    /// What readers want (`now`: milliseconds since boot); `None` among it: all hosts.
    ///
    /// # Errors
    /// The index cannot be used.
    pub fn wanted(&self, now: i64) -> Result<Vec<Option<Vec<String>>>, DbError> {
        let split = |hosts: String| hosts.lines().map(str::to_owned).collect();
        Ok(self.index.health_wanted(&self.leases, now, 2 * LEASE)?.into_iter().map(|hosts| hosts.map(split)).collect())
    }

    /// Forgets hosts and checks that were not measured for two days, and leases of other boots.
    ///
    /// # Errors
    /// The index cannot be used.
    pub fn forget(&self, now: i64) -> Result<(), DbError> {
        self.index.forget_health(&self.scope, now - FORGET)?;
        self.index.forget_leases(&self.scope, &self.leases, clock::booted() - LEASE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::judge::{CheckState, Got, Reading, Rule};
    use crate::health::probe::Verdict;
    use crate::health::record::{Record, Unit};

    fn report(host: &str, at: i64) -> Report {
        let reading =
            Reading { began: at, at, got: Got::Verdict(Verdict::Pass), text: "connected".into(), least: None };
        let rule = Rule::default();
        let record = Record {
            check: "ssh".into(),
            family: "ssh".into(),
            source: "ssh".into(),
            need: "a connection".into(),
            unit: Unit::Milliseconds,
            value: Some(1.5),
            state: CheckState::default().judge(&rule, reading),
            rule,
            series: Default::default(),
            trend: None,
        };
        Report { host: Some(host.into()), probe: "sample".into(), at, records: vec![record] }
    }

    fn raw(at: i64) -> Raw {
        Raw { at, took: 12, command: "ssh w1 sh".into(), ended: "exit 0".into(), output: vec![b'x', 0xff, 0x1b] }
    }

    #[test]
    fn what_one_writes_another_reads_and_only_the_newest_stay() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path());
        let (writer, reader) = (Store::open(&state, "prod").unwrap(), Store::open(&state, "prod").unwrap());
        assert_eq!(writer.take("a", "serve", 0).unwrap(), None);
        for at in 1..=30 {
            assert!(writer.publish("a", &[(report("w1", at), Some(raw(at)))], at).unwrap());
        }
        assert!(writer.publish("a", &[(report("w2", 50), None)], 50).unwrap());
        assert_eq!(reader.reports(0).unwrap(), [report("w1", 30), report("w2", 50)]);
        assert_eq!(reader.reports(31).unwrap(), [report("w2", 50)]);
        let raws = reader.raw(Some("w1"), "sample").unwrap();
        assert_eq!(raws, (11..=30).rev().map(raw).collect::<Vec<_>>());
        assert!(reader.raw(Some("w2"), "sample").unwrap().is_empty());
        assert!(Store::open(&state, "staging").unwrap().reports(0).unwrap().is_empty());
        writer.forget(FORGET + 40).unwrap();
        assert_eq!(reader.reports(0).unwrap(), [report("w2", 50)]);
        assert!(reader.raw(Some("w1"), "sample").unwrap().is_empty());
    }

    #[test]
    fn one_polls_and_when_it_says_nothing_for_too_long_another_does() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path());
        let store = Store::open(&state, "prod").unwrap();
        assert_eq!(store.take("a", "serve of ann", 1_000).unwrap(), None);
        assert_eq!(store.take("b", "screen of bob", 2_000).unwrap().unwrap().who, "serve of ann");
        assert_eq!(store.take("a", "serve of ann", 5_000).unwrap(), None, "it stays it");
        assert_eq!(store.poller(6_000).unwrap().unwrap().since, 1_000);
        assert!(!store.publish("b", &[(report("w1", 1), None)], 7_000).unwrap(), "nobody else writes");
        assert!(store.take("b", "screen of bob", 5_000 + LEASE - 1).unwrap().is_some());
        assert_eq!(store.take("b", "screen of bob", 5_000 + LEASE).unwrap(), None, "its time is over");
        assert!(!store.publish("a", &[(report("w1", 1), None)], 30_000).unwrap(), "who slept too long writes no more");
        store.free("b").unwrap();
        assert_eq!(store.poller(6_000).unwrap(), None);
        assert_eq!(store.take("a", "x", 900_000).unwrap(), None);
        assert_eq!(store.take("b", "y", 0).unwrap(), None, "what lies beyond any lease is none");
        let other = Store { leases: "prod\u{1f}another boot".into(), ..Store::open(&state, "prod").unwrap() };
        assert_eq!(other.poller(1).unwrap(), None);
        assert_eq!(other.take("c", "z", 1).unwrap(), None, "whoever polled in another boot polls no more");
        store.forget(0).unwrap();
        assert_eq!((other.poller(2).unwrap(), store.poller(1).unwrap().map(|p| p.holder)), (None, Some("b".into())));
    }

    #[test]
    fn readers_say_which_hosts_they_want_and_for_how_long() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&StateDir::at(dir.path()), "prod").unwrap();
        let two = ["w1".to_owned(), "w2".to_owned()];
        store.want("a", Some(&two), 0).unwrap();
        store.want("b", None, 10).unwrap();
        assert_eq!(store.wanted(5).unwrap(), [Some(two.to_vec()), None]);
        assert_eq!(store.wanted(LEASE + 5).unwrap(), [None]);
    }

    #[test]
    fn what_another_version_wrote_is_no_report() {
        assert_eq!(record::decode::<Raw>(&record::encode(&raw(1))), Some(raw(1)));
        let mut newer = record::encode(&raw(1));
        newer[0] += 1;
        assert_eq!(record::decode::<Raw>(&newer), None);
        assert_eq!(record::decode::<Raw>(&[]), None);
        assert_eq!(record::decode::<Report>(&record::encode(&raw(1))[..3]), None);
    }
}
